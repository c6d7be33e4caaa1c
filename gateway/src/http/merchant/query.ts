import type { Gateway } from '../../operations/gateway.ts';
import { query } from '../../operations/query.ts';
import { nonceOf, type MerchantEndpoint } from './endpoint.ts';
import { endpoint, number, readFields, text } from './fields.ts';

/** Body请求参数 of pay-api, 查询订单. */
export const QUERY_FIELDS = {
  mch_trade_id: number('商户订单号', 'alextest.scan.113'),
  nonce_str: text(64, '随机字符串', 'wZovMzOCaTJaicnL').optional(),
} as const;

const READER = endpoint(QUERY_FIELDS, []);

/** POST /v2/pay/query. */
export function queryEndpoint(gateway: Gateway): MerchantEndpoint {
  return {
    path: '/v2/pay/query',
    async handle({ merchant, claims }) {
      const fields = readFields(READER, claims);
      return query(gateway, merchant.merchant.merchant_id, fields.mch_trade_id, nonceOf(merchant, fields.nonce_str));
    },
  };
}
