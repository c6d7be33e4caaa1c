import { ApiError } from '../../domain/codes.ts';
import type { Gateway } from '../../operations/gateway.ts';
import { queryRefund } from '../../operations/query-refund.ts';
import { nonceOf, type MerchantEndpoint } from './endpoint.ts';
import { endpoint, number, readFields, text } from './fields.ts';

/** Body请求参数 of pay-api, 退款查询; by mch_trade_id the answer is a list. */
export const REFUND_QUERY_FIELDS = {
  mch_refund_id: number('退款单号：返回该笔退款', 'alextest.scan.112.1').optional(),
  mch_trade_id: number('商户订单号：返回该订单全部退款', 'alextest.scan.112').optional(),
  nonce_str: text(64, '随机字符串', 'wZovMzOCaTJaicnL').optional(),
} as const;

const READER = endpoint(REFUND_QUERY_FIELDS, []);

/** POST /v2/pay/refund_query. */
export function refundQueryEndpoint(gateway: Gateway): MerchantEndpoint {
  return {
    path: '/v2/pay/refund_query',
    async handle({ merchant, claims }) {
      const fields = readFields(READER, claims);
      if (fields.mch_refund_id === undefined && fields.mch_trade_id === undefined) {
        throw new ApiError('missing_field', 'mch_refund_id is required (or mch_trade_id for all refunds of an order)');
      }
      return queryRefund(gateway, merchant.merchant.merchant_id, {
        mch_refund_id: fields.mch_refund_id ?? null,
        mch_trade_id: fields.mch_trade_id ?? null,
        nonce: nonceOf(merchant, fields.nonce_str),
      });
    },
  };
}
