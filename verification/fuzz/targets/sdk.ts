/** The merchants' client: what it is told by whoever knows its notify_url, or stands between it and the gateway. */
import { compactVerify } from 'jose';
import { Heliu, HeliuError, transferAccountOf } from '../../../sdk/typescript/src/index.ts';
import { NOW_S, PUBLIC_KEY, PUBLIC_PEM, TRADE_ID } from '../peers.ts';
import { PRIVATE_KEY } from '../peers.ts';
import { must, mustEqual, mustNotBePolluted, type TargetMaker } from '../target.ts';
import { token } from './merchant.ts';

const MERCHANT_ID = '5399355381712172';
const WATCHED = ['sdk/typescript/src/'];
const WORDS = [
  'data',
  'refunds',
  'refund_fee',
  'total_fee',
  'mch_trade_id',
  'merchant_id',
  'code',
  'nonce_str',
  'time_elapsed',
  'trade_state',
  'fund_acc',
];

const PAID = {
  code: 0,
  msg: 'success',
  nonce_str: 'n1',
  data: {
    merchant_id: MERCHANT_ID,
    mch_trade_id: 'a',
    trade_id: TRADE_ID,
    total_fee: 888,
    trade_state: 0,
    pay_type: 'wechat.scan',
  },
};
const REFUNDED = {
  ...PAID,
  data: { ...PAID.data, refunds: { mch_refund_id: 'r', refund_fee: 100, refund_status: 0 } },
};
const ANSWER = { ...PAID, time_elapsed: 0.03 };

function client(fetch?: typeof globalThis.fetch): Heliu {
  return new Heliu({
    gateway_url: 'https://pay.example.com',
    merchant_id: MERCHANT_ID,
    private_key: PRIVATE_KEY.export({ type: 'pkcs8', format: 'pem' }).toString(),
    platform_public_key: PUBLIC_PEM,
    max_retries: 0,
    ...(fetch && { fetch }),
  });
}

/** Runs; what the SDK documents to throw is an answer like any other. */
async function answered<Value>(work: () => Promise<Value> | Value): Promise<Value | HeliuError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HeliuError) return error;
    throw error;
  }
}

const notification: TargetMaker = {
  name: 'sdk-notification',
  open() {
    const heliu = client();
    return {
      name: 'sdk-notification',
      about:
        'a genuine token with any payload at a merchant’s notify_url: a notification for this merchant, or an error of the SDK',
      watched: WATCHED,
      seeds: [PAID, REFUNDED, ANSWER].map((payload) => Buffer.from(JSON.stringify(payload))),
      words: WORDS,
      async run(input) {
        const read = await answered(() => heliu.readNotification(token(input.toString('utf8'))));
        mustNotBePolluted();
        if (read instanceof HeliuError) return;
        must(
          read.data.merchant_id === MERCHANT_ID && typeof read.nonce_str === 'string',
          'a notification for somebody else',
        );
        must(read.kind === 'refund' || typeof read.data.total_fee === 'number', 'a payment of nothing');
        must(read.kind === 'payment' || typeof read.data.refunds.refund_fee === 'number', 'a refund of nothing');
      },
    };
  },
};

const forged: TargetMaker = {
  name: 'sdk-forged',
  open() {
    const heliu = client();
    const genuine = [PAID, REFUNDED].map((payload) => token(JSON.stringify(payload)));
    return {
      name: 'sdk-forged',
      about: 'any body at a merchant’s notify_url: only what the platform signed is believed, and jose believes it too',
      watched: WATCHED,
      seeds: [...genuine, ` ${genuine[0] ?? ''}\n`, token('{}', '{"alg":"none"}')].map((text) => Buffer.from(text)),
      words: ['.', 'e30', 'eyJhbGciOiJub25lIn0'],
      async run(input) {
        const body = input.toString('utf8');
        const read = await answered(() => heliu.readNotification(body));
        if (read instanceof HeliuError) return;
        // The last character of a signature has spellings that hold the same bits (RFC 4648, 3.5).
        const own = genuine.find((text) => text.slice(0, -1) === body.trim().slice(0, -1));
        must(own !== undefined, 'what is believed was not signed');
        await compactVerify(own, PUBLIC_KEY, { algorithms: ['RS256'] });
      },
    };
  },
};

const answers: TargetMaker = {
  name: 'sdk-answer',
  open() {
    let body = '';
    let status = 200;
    const heliu = client(async () => new Response(status === 204 ? null : body, { status }));
    return {
      name: 'sdk-answer',
      about: 'any answer to a call of the SDK, signed or not: an answer about this order, or an error of the SDK',
      watched: WATCHED,
      seeds: [
        `200 ${JSON.stringify(ANSWER)}`,
        '200 {"code":102,"msg":"total_fee must be"}',
        '200 null',
        '200 []',
        '200 1',
        '503 {"code":503,"msg":""}',
        `400 ${JSON.stringify(PAID)}`,
      ].map((text) => Buffer.from(text)),
      words: [...WORDS, '601', '600', '500', '107'],
      async run(input) {
        const text = input.toString('utf8');
        status = /^[2-5]\d\d/.test(text) ? Number(text.slice(0, 3)) : 200;
        const payload = text.slice(4);
        for (const given of [payload, token(payload)]) {
          body = given;
          const answer = await answered(() => heliu.query({ mch_trade_id: 'a' }));
          mustNotBePolluted();
          if (!(answer instanceof HeliuError)) must(given !== payload, 'an unsigned answer was believed');
        }
      },
    };
  },
};

/** The account's digits by the text that JSON.parse itself saw; null when there is none, or more than one member of that name. */
function asWritten(text: string): string | null {
  const found: unknown[] = [];
  const keepSource = (name: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (name !== 'fund_acc') return value;
    found.push(typeof value === 'number' ? context?.source : value);
    return found.at(-1);
  };
  try {
    const account = JSON.parse(text, keepSource) as { fund_acc?: unknown } | null;
    const [only] = found;
    const is_plain = found.length === 1 && text.split('fund_acc"').length === 2 && account?.fund_acc === only;
    return is_plain && typeof only === 'string' && /^\d+$/.test(only) ? only : null;
  } catch {
    return null;
  }
}

const transfer: TargetMaker = {
  name: 'sdk-transfer-account',
  open: () => ({
    name: 'sdk-transfer-account',
    about: 'the account of a bank transfer out of pay_info: every digit as it was written, or InvalidArgument',
    watched: ['transfer-account.ts'],
    seeds: [
      '{"fund_acc_name":"甲","fund_acc":9902000000000002,"ecp_bank_branch":"乙"}',
      '{"fund_acc":"0123"}',
      '{ "a":"\\"fund_acc\\":1", "fund_acc" : 12 }',
    ].map((text) => Buffer.from(text)),
    words: ['"fund_acc":', '"fund_acc":1,', '\\"fund_acc\\":1', '9902000000000002', NOW_S],
    async run(input) {
      const text = input.toString('utf8');
      const read = await answered(() => transferAccountOf(text));
      const written = asWritten(text);
      if (read instanceof HeliuError) return must(written === null, 'an account that is there is not read');
      must(/^\d+$/.test(read.fund_acc) && text.includes(read.fund_acc), 'digits that are not there');
      if (written !== null) mustEqual(read.fund_acc, written, 'fund_acc');
    },
  }),
};

export const SDK_TARGETS: readonly TargetMaker[] = [notification, forged, answers, transfer];
