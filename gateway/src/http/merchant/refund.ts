import type { Gateway } from '../../operations/gateway.ts';
import { refund } from '../../operations/refund.ts';
import { nonceOf, type MerchantEndpoint } from './endpoint.ts';
import { amount, endpoint, notifyUrl, number, readFields, text } from './fields.ts';

/** Body请求参数 of pay-api, 申请退款. */
export const REFUND_FIELDS = {
  mch_trade_id: number('商户订单号', 'alextest.scan.112'),
  mch_refund_id: number('退款单号，同一商户下唯一', 'alextest.scan.281.1'),
  refund_fee: amount('退款金额，单位为分', 8872),
  refund_desc: text(256, '退款原因', 'Alex Test'),
  notify_url: notifyUrl('退款结果通知地址，不允许带参数').optional(),
  nonce_str: text(64, '随机字符串', 'wZovMzOCaTJaicnL').optional(),
} as const;

const READER = endpoint(REFUND_FIELDS, ['refund_fee']);

/** POST /v2/pay/refund. */
export function refundEndpoint(gateway: Gateway): MerchantEndpoint {
  return {
    path: '/v2/pay/refund',
    async handle({ merchant, claims }) {
      const { nonce_str, notify_url, ...fields } = readFields(READER, claims);
      return refund(gateway, merchant.merchant.merchant_id, {
        ...fields,
        notify_url: notify_url ?? null,
        nonce: nonceOf(merchant, nonce_str),
      });
    },
  };
}
