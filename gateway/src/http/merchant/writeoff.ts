import type { Gateway } from '../../operations/gateway.ts';
import { writeOff } from '../../operations/write-off.ts';
import { nonceOf, type MerchantEndpoint } from './endpoint.ts';
import { endpoint, readFields } from './fields.ts';
import { QUERY_FIELDS } from './query.ts';

/** Body请求参数 of pay-api, 核销订单: those of the query. */
export const WRITE_OFF_FIELDS = QUERY_FIELDS;

const READER = endpoint(WRITE_OFF_FIELDS, []);

/** POST /v2/pay/writeoff. */
export function writeOffEndpoint(gateway: Gateway): MerchantEndpoint {
  return {
    path: '/v2/pay/writeoff',
    async handle({ merchant, claims }) {
      const fields = readFields(READER, claims);
      return writeOff(gateway, merchant.merchant.merchant_id, fields.mch_trade_id, nonceOf(merchant, fields.nonce_str));
    },
  };
}
