import { close } from '../../operations/close.ts';
import type { Gateway } from '../../operations/gateway.ts';
import { nonceOf, type MerchantEndpoint } from './endpoint.ts';
import { endpoint, readFields } from './fields.ts';
import { QUERY_FIELDS } from './query.ts';

/** Body请求参数 of pay-api, 关闭订单: those of the query. */
export const CLOSE_FIELDS = QUERY_FIELDS;

const READER = endpoint(CLOSE_FIELDS, []);

/** POST /v2/pay/close. */
export function closeEndpoint(gateway: Gateway): MerchantEndpoint {
  return {
    path: '/v2/pay/close',
    async handle({ merchant, claims }) {
      const fields = readFields(READER, claims);
      return close(gateway, merchant.merchant.merchant_id, fields.mch_trade_id, nonceOf(merchant, fields.nonce_str));
    },
  };
}
