/**
 * wechat.jsurl: the merchant gets a link to the payment page, whose payer confirms inside WeChat. The order is placed then, as one
 * of wechat.jsapi.
 */
import type { WechatPayType } from '../pay-type.ts';
import { jsapi } from './jsapi.ts';

export const jsurl: WechatPayType = {
  ...jsapi,
  code: 'wechat.jsurl',
  summary: '微信公众号支付（跳转）: pay_url leads to the payment page, which opens the payment inside WeChat',
  fields: {},
  payer_fields: jsapi.fields,
  reply: {
    pay_url: {
      description: 'address of the payment page, to be opened inside WeChat',
      example: 'https://pay.example.com/preorder?pay_order_id=539935538171217265604a31…',
    },
  },
  initial_trade_state: 6,
  reply_shows_state: true,
};
