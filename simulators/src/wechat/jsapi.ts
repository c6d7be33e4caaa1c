import { object, required, text } from './field-rules.ts';
import { transactionFields } from './order-fields.ts';
import { orderOperations } from './order-request.ts';

/** JSAPI/小程序下单 (docs 4012525167 direct, 4012523579 partner): an order of one payer inside WeChat. */
export const jsapiOperations = orderOperations({
  name: 'jsapi',
  trade_type: 'JSAPI',
  fields: {
    direct: {
      ...transactionFields,
      payer: object('支付者', { openid: text('用户标识', 128, required) }, required),
    },
    partner: {
      ...transactionFields,
      payer: object('支付者', { sp_openid: text('用户服务标识', 128), sub_openid: text('用户子标识', 128) }, required),
    },
  },
  answer: ({ prepay_id }) => ({ prepay_id }),
});
