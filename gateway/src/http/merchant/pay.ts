import { z } from 'zod';
import type { PayType } from '../../channels/channel.ts';
import { PAY_TYPES } from '../../channels/registry.ts';
import { ApiError } from '../../domain/codes.ts';
import type { Gateway } from '../../operations/gateway.ts';
import { pay } from '../../operations/pay.ts';
import { payByLink } from '../../operations/pay-by-link.ts';
import { nonceOf, type Call, type MerchantEndpoint, type Outcome } from './endpoint.ts';
import {
  amount,
  endpoint,
  fromRule,
  notifyUrl,
  number,
  readFields,
  text,
  unixSecond,
  type Endpoint,
} from './fields.ts';

/** Body公共请求参数 of pay-api, 统一支付. */
export const COMMON_PAY_FIELDS = {
  pay_type: text(32, '支付类型', 'wechat.scan'),
  nonce_str: text(64, '随机字符串，同一 merchant_id 下每次请求唯一', 'wZovMzOCaTJaicnL').optional(),
  mch_trade_id: number('商户订单号，同一 merchant_id 下唯一', 'alextest.scan.113'),
  total_fee: amount('支付总金额，单位为分', 888),
  body: text(512, '商品或支付单简要描述', 'Alex Test Scan'),
  spbill_create_ip: z
    .union([z.ipv4('must be an IP address'), z.ipv6('must be an IP address')], 'must be an IP address')
    .meta({ description: '终端IP', example: '127.0.0.1' })
    .optional(),
  notify_url: notifyUrl('支付结果通知地址，不能携带参数').optional(),
  time_start: unixSecond('订单开始时间，10 位 UNIX 时间戳', 1530759545).optional(),
  time_expire: unixSecond('订单失效时间，10 位 UNIX 时间戳', 1530759574).optional(),
  store_id: text(32, '商户门店编号', '9527').optional(),
  attach: text(512, '附加数据，在查询和通知中原样返回', 'Alex attach').optional(),
  device_info: text(64, '终端设备号', 'alex device').optional(),
  op_user_id: text(64, '操作员或收银员编号', '301').optional(),
} as const;

const INTEGERS = ['total_fee', 'time_start', 'time_expire'] as const;

const READERS: ReadonlyMap<string, Endpoint<typeof COMMON_PAY_FIELDS>> = new Map(
  [...PAY_TYPES.values()].map(([pay_type]) => [pay_type.code, endpoint(payFields(pay_type), [...INTEGERS])]),
);

/** Every request field of a pay type: the common ones and its own. */
export function payFields(pay_type: PayType): typeof COMMON_PAY_FIELDS {
  const own = Object.fromEntries(Object.entries(pay_type.fields).map(([name, rule]) => [name, fromRule(rule)]));
  const required = Object.fromEntries(
    (pay_type.required_common ?? []).map((name) => [name, COMMON_PAY_FIELDS[name].unwrap()]),
  );
  return { ...COMMON_PAY_FIELDS, ...required, ...own };
}

const PAY_TYPE_ONLY = endpoint({ pay_type: COMMON_PAY_FIELDS.pay_type }, []);

/** Pay types that no channel implements, e.g. `pooul.preorder`, by code. */
export type OwnPayTypes = ReadonlyMap<string, (call: Call) => Promise<Outcome>>;

/** POST /v2/pay. */
export function payEndpoint(gateway: Gateway, own: OwnPayTypes): MerchantEndpoint {
  return { path: '/v2/pay', handle: (call) => handle(gateway, own, call) };
}

async function handle(gateway: Gateway, own: OwnPayTypes, call: Call): Promise<Outcome> {
  const { merchant, claims } = call;
  const { pay_type: code } = readFields(PAY_TYPE_ONLY, claims);
  const ours = own.get(code);
  if (ours) return ours(call);
  const implementations = PAY_TYPES.get(code);
  const reader = READERS.get(code);
  if (!implementations || !reader)
    throw new ApiError('malformed_field', `pay_type must be one of ${[...PAY_TYPES.keys(), ...own.keys()].join(', ')}`);
  const { nonce_str, ...given } = readFields(reader, claims);
  const fields = withoutUndefined(given);
  assertOneOf(implementations[0], fields);
  const pay_type = implementationFor(implementations, fields);
  const placing = pay_type.payer_fields ? payByLink : pay;
  return placing(gateway, merchant, {
    pay_type,
    mch_trade_id: given.mch_trade_id,
    total_fee: given.total_fee,
    nonce: nonceOf(merchant, nonce_str),
    notify_url: given.notify_url ?? null,
    time_expire: given.time_expire ?? null,
    fields,
  });
}

/** Throws 103 when a group of fields is missing of which at least one is needed. */
function assertOneOf(pay_type: PayType, fields: Readonly<Record<string, unknown>>): void {
  for (const [first, ...others] of pay_type.one_of ?? []) {
    if (first === undefined || [first, ...others].some((name) => name in fields)) continue;
    throw new ApiError('missing_field', `${first} is required (or ${others.join(', ')})`);
  }
}

/** Which channel's implementation a request is for; the fields' own rules make sure that there is one. */
function implementationFor(
  implementations: readonly [PayType, ...PayType[]],
  fields: Readonly<Record<string, string | number>>,
): PayType {
  if (implementations.length === 1) return implementations[0];
  const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
  return implementations.find((one) => one.takes?.(texts) ?? true) ?? implementations[0];
}

/** The fields that were sent. */
export function withoutUndefined(
  fields: Readonly<Record<string, string | number | undefined>>,
): Record<string, string | number> {
  const kept: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value;
  return kept;
}
