/**
 * alipay.app: the merchant's app hands a signed order string to Alipay's SDK (APP支付, alipay.trade.app.pay,
 * opendocs.alipay.com/open/02e7gq). Nothing is sent from here: the trade begins when the payer opens Alipay with it.
 */
import { LIFETIME_S, orderContent } from '../order-content.ts';
import { encodeSigned, type CarriedPayType } from '../pay-type.ts';

export const app: CarriedPayType = {
  code: 'alipay.app',
  channel: 'alipay',
  summary: '支付宝 APP 支付: the merchant’s app opens Alipay with pay_info',
  fields: {},
  reply: {
    pay_info: {
      description: 'order string for Alipay’s SDK, passed on unchanged; good until time_expire, at most two hours',
      example: 'app_id=2021000000000001&method=alipay.trade.app.pay&sign=ERITJKEIJKJH',
    },
  },
  initial_trade_state: 6,
  reply_shows_state: true,
  lifetime_s: LIFETIME_S,
  // Every string signed for an order is for the same trade: its business parameters are the order's.
  begin_is_repeatable: true,
  method: 'alipay.trade.app.pay',
  bizContent: (account, order) => orderContent(account, order, 'QUICK_MSECURITY_PAY'),
  replyOf: (_account, signed) => ({ pay_info: encodeSigned(signed) }),
};
