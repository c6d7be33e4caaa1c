/** What merchants send: a signed token, and the claims in it. */
import { compactVerify } from 'jose';
import { PAY_TYPES } from '../../../gateway/src/channels/registry.ts';
import { ApiError } from '../../../gateway/src/domain/codes.ts';
import { MAX_FEN } from '../../../gateway/src/domain/money.ts';
import { endpoint, readFields, type Endpoint } from '../../../gateway/src/http/merchant/fields.ts';
import {
  assertInTime,
  assertSigned,
  readToken,
  type Claims,
} from '../../../gateway/src/http/merchant/json-web-token.ts';
import { payFields } from '../../../gateway/src/http/merchant/pay.ts';
import { PRE_ORDER_FIELDS } from '../../../gateway/src/http/merchant/pre-order.ts';
import { REFUND_QUERY_FIELDS } from '../../../gateway/src/http/merchant/refund-query.ts';
import { REFUND_FIELDS } from '../../../gateway/src/http/merchant/refund.ts';
import { NOW_MS, NOW_S, PUBLIC_KEY, signature } from '../peers.ts';
import { must, mustBeStorable, mustEqual, mustNotBePolluted, type TargetMaker } from '../target.ts';

export const CLAIMS = {
  pay_type: 'wechat.scan',
  mch_trade_id: 'alextest.scan.113',
  total_fee: 888,
  body: 'Alex Test 扫码 😀',
  notify_url: 'https://md.pooul.com/v2_test/notify',
  spbill_create_ip: '127.0.0.1',
  nonce_str: 'wZovMzOCaTJaicnL',
  time_start: '1772337600',
  time_expire: 1772341200,
  attach: 'Alex attach',
  exp: Number(NOW_S) + 60,
};

/** A token as merchants make them. */
export function token(payload: string, header = '{"alg":"RS256","typ":"JWT"}'): string {
  const signed = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  return `${signed}.${signature(signed, 'base64url')}`;
}

/** Runs; an `ApiError` is an answer like any other and comes back. */
function answered<Value>(work: () => Value): Value | ApiError {
  try {
    return work();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

const GENUINE = [
  JSON.stringify(CLAIMS),
  '{}',
  '{"exp":"1772341200","nbf":0,"__proto__":{"polluted":1}}',
  ' {"a":1.0} ',
].map((payload) => token(payload));
const HEADERS = [
  '{"alg":"none"}',
  '{"alg":"RS256","crit":["b64"],"b64":false}',
  '{"alg":"HS256"}',
  '{"typ":"JWT","alg":"RS256"}',
];

const merchantToken: TargetMaker = {
  name: 'merchant-token',
  open: () => ({
    name: 'merchant-token',
    about: 'the body of a merchant request: what is taken was signed, character by character, and jose takes it too',
    watched: ['http/merchant/json-web-token.ts'],
    seeds: [...GENUINE, ...HEADERS.map((header) => token('{}', header)), ` ${GENUINE[0] ?? ''}\n`, '{"a":1}'].map(
      (text) => Buffer.from(text),
    ),
    words: ['eyJhbGciOiJub25lIn0', 'eyJhbGciOiJSUzI1NiJ9', 'e30', '.'],
    async run(input) {
      const body = input.toString('utf8');
      const read = answered(() => {
        const found = readToken(body);
        assertSigned(found, PUBLIC_KEY);
        return found;
      });
      if (read instanceof ApiError)
        return must(['not_a_token', 'bad_signature'].includes(read.code_name), read.message);
      const compact = body.trim();
      const own = `${read.signed}.${signature(read.signed, 'base64url')}`;
      // Sixteen spellings of the last character hold the same bits (RFC 4648, 3.5): the same bytes, so no second signature.
      must(compact.slice(0, -1) === own.slice(0, -1), 'what is taken is not what was signed');
      const { payload } = await compactVerify(own, PUBLIC_KEY, { algorithms: ['RS256'] });
      mustEqual(read.claims, JSON.parse(Buffer.from(payload).toString('utf8')), 'claims');
      const time = answered(() => assertInTime(read.claims, NOW_MS));
      must(time === undefined || time.code_name === 'request_expired' || time.code_name === 'malformed_field', 'time');
      mustNotBePolluted();
    },
  }),
};

const READERS: readonly Endpoint<Record<string, never>>[] = [
  ...[...PAY_TYPES.values()].map(([pay_type]) =>
    endpoint(payFields(pay_type), ['total_fee', 'time_start', 'time_expire']),
  ),
  endpoint(PRE_ORDER_FIELDS, ['total_fee', 'time_expire']),
  endpoint(REFUND_FIELDS, ['refund_fee']),
  endpoint(REFUND_QUERY_FIELDS, []),
] as unknown as Endpoint<Record<string, never>>[];

const AMOUNTS = ['total_fee', 'refund_fee'];
const TIMES = ['time_start', 'time_expire'];

function mustBeFields(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (AMOUNTS.includes(name)) must(Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_FEN, name);
    else if (TIMES.includes(name)) must(/^\d{10}$/.test(JSON.stringify(value)), `${name} is no second`);
    else must(typeof value === 'string' && value !== '' && !/\p{Cc}/u.test(value) && value.isWellFormed(), name);
  }
  mustBeStorable(fields, 'fields');
}

function parsed(text: string): Claims | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : null;
  } catch {
    return null;
  }
}

const merchantFields: TargetMaker = {
  name: 'merchant-fields',
  open: () => ({
    name: 'merchant-fields',
    about:
      'the claims of a request by the schema of every endpoint and pay type: fields within their rules, or 102 or 103',
    watched: ['http/merchant/', 'domain/notify-url.ts', 'channels/payment-code.ts', '/pay-types/'],
    seeds: [
      CLAIMS,
      {
        ...CLAIMS,
        openid: 'oUpF8uMuAJO',
        sub_openid: 'o2',
        buyer_id: '2088102146225135',
        auth_code: '136345610916464024',
      },
      {
        mch_trade_id: 'a',
        mch_refund_id: 'b',
        refund_fee: '100',
        refund_desc: 'c',
        notify_url: 'http://[2001:db8::1]/x',
      },
      { mch_pre_id: 'a', total_fee: 10_000_000_000, body: 'b', spbill_create_ip: '::1' },
      { scene_info: '{"h5_info":{"type":"Wap"}}', total_fee: '1', body: 1, mch_trade_id: 12, pay_type: 'wechat.wap' },
    ].map((claims) => Buffer.from(JSON.stringify(claims))),
    words: [
      'mch_trade_id',
      'total_fee',
      'notify_url',
      'spbill_create_ip',
      'openid',
      'auth_code',
      'time_expire',
      '10000000001',
    ],
    run(input) {
      const claims = parsed(input.toString('utf8'));
      if (!claims) return;
      for (const reader of READERS) {
        const fields = answered(() => readFields(reader, claims));
        if (fields instanceof ApiError)
          must(['missing_field', 'malformed_field'].includes(fields.code_name), fields.code_name);
        else {
          mustBeFields(fields);
          mustEqual(readFields(reader, fields), fields, 'read again');
        }
      }
      mustNotBePolluted();
    },
  }),
};

export const MERCHANT_TARGETS: readonly TargetMaker[] = [merchantToken, merchantFields];
