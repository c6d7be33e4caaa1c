import type { Gateway } from '../../operations/gateway.ts';
import { queryPreorder } from '../../operations/query-preorder.ts';
import { nonceOf, type MerchantEndpoint } from './endpoint.ts';
import { endpoint, readFields } from './fields.ts';
import { PRE_ORDER_FIELDS } from './pre-order.ts';

/** Body请求参数 of pay-api, 预下单订单查询. */
export const PRE_ORDER_DETAIL_FIELDS = {
  mch_pre_id: PRE_ORDER_FIELDS.mch_pre_id,
  nonce_str: PRE_ORDER_FIELDS.nonce_str,
} as const;

const READER = endpoint(PRE_ORDER_DETAIL_FIELDS, []);

/** POST /v2/pay/pre_order_detail. */
export function preOrderDetailEndpoint(gateway: Gateway): MerchantEndpoint {
  return {
    path: '/v2/pay/pre_order_detail',
    async handle({ merchant, claims }) {
      const { mch_pre_id, nonce_str } = readFields(READER, claims);
      return queryPreorder(gateway, merchant, mch_pre_id, nonceOf(merchant, nonce_str));
    },
  };
}
