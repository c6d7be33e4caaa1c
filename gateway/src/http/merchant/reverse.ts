import type { Gateway } from '../../operations/gateway.ts';
import { reverse } from '../../operations/reverse.ts';
import { nonceOf, type MerchantEndpoint } from './endpoint.ts';
import { endpoint, readFields } from './fields.ts';
import { QUERY_FIELDS } from './query.ts';

/** Body请求参数 of pay-api, 撤销订单: those of the query. */
export const REVERSE_FIELDS = QUERY_FIELDS;

const READER = endpoint(REVERSE_FIELDS, []);

/** POST /v2/pay/reverse. */
export function reverseEndpoint(gateway: Gateway): MerchantEndpoint {
  return {
    path: '/v2/pay/reverse',
    async handle({ merchant, claims }) {
      const fields = readFields(READER, claims);
      return reverse(gateway, merchant.merchant.merchant_id, fields.mch_trade_id, nonceOf(merchant, fields.nonce_str));
    },
  };
}
