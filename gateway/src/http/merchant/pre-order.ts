import type { Gateway } from '../../operations/gateway.ts';
import { createPreorder } from '../../operations/create-preorder.ts';
import type { Answer } from '../../operations/pay-answer.ts';
import { ApiError } from '../../domain/codes.ts';
import { nonceOf, type Call, type MerchantEndpoint } from './endpoint.ts';
import { endpoint, number, readFields } from './fields.ts';
import { COMMON_PAY_FIELDS, withoutUndefined } from './pay.ts';

const { pay_type: _pay_type, mch_trade_id, nonce_str, time_start: _time_start, ...COMMON } = COMMON_PAY_FIELDS;

/** Body公共请求参数 of pay-api, 创建预下单支付. */
export const PRE_ORDER_FIELDS = {
  nonce_str,
  mch_pre_id: number('商户订单号，同一 merchant_id 下唯一；至多 60 个字符', 'alextest.scan.113'),
  ...COMMON,
} as const;

const INTEGERS = ['total_fee', 'time_expire'] as const;
const READER = endpoint(PRE_ORDER_FIELDS, [...INTEGERS]);

/** Through /v2/pay the number is mch_trade_id, as with every other pay type; the preorder's own name for it is taken too. */
const READER_OF_PAY = endpoint(
  {
    ...PRE_ORDER_FIELDS,
    mch_trade_id: mch_trade_id.optional(),
    mch_pre_id: PRE_ORDER_FIELDS.mch_pre_id.optional(),
  },
  [...INTEGERS],
);

/** POST /v2/pay/pre_order. */
export function preOrderEndpoint(gateway: Gateway): MerchantEndpoint {
  return {
    path: '/v2/pay/pre_order',
    handle: async (call) => create(gateway, call, readFields(READER, call.claims)),
  };
}

/** POST /v2/pay with pay_type `pooul.preorder`. */
export async function payByPreorder(gateway: Gateway, call: Call): Promise<Answer> {
  const { mch_trade_id: by_pay, mch_pre_id, ...fields } = readFields(READER_OF_PAY, call.claims);
  const chosen = by_pay ?? mch_pre_id;
  if (chosen === undefined) throw new ApiError('missing_field', 'mch_trade_id is required');
  if (mch_pre_id !== undefined && mch_pre_id !== chosen)
    throw new ApiError('malformed_field', 'mch_pre_id must be the same as mch_trade_id, or be left out');
  return create(gateway, call, { ...fields, mch_pre_id: chosen });
}

interface Fields {
  readonly mch_pre_id: string;
  readonly total_fee: number;
  readonly nonce_str?: string | undefined;
  readonly notify_url?: string | undefined;
  readonly time_expire?: number | undefined;
}

async function create(gateway: Gateway, { merchant }: Call, read: Fields): Promise<Answer> {
  const { nonce_str: nonce, mch_pre_id, ...given } = read;
  return createPreorder(gateway, {
    merchant_id: merchant.merchant.merchant_id,
    mch_pre_id,
    total_fee: given.total_fee,
    nonce: nonceOf(merchant, nonce),
    notify_url: given.notify_url ?? null,
    time_expire: given.time_expire ?? null,
    fields: withoutUndefined(given),
  });
}
