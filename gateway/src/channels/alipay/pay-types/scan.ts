/** alipay.scan: the payer scans a QR code that the merchant shows (当面付 扫码, alipay.trade.precreate, opendocs.alipay.com/open/02ekfg). */
import { textAt } from '../json.ts';
import { LIFETIME_S, orderContent, tillContent } from '../order-content.ts';
import { accepted, type CalledPayType } from '../pay-type.ts';

export const scan: CalledPayType = {
  code: 'alipay.scan',
  channel: 'alipay',
  summary: '支付宝扫码支付: the payer scans the QR code made from code_url',
  fields: {},
  reply: {
    code_url: {
      description: 'text of the QR code; good for two hours',
      example: 'https://qr.alipay.com/bax05219xy73fxcgfi7w206f',
    },
  },
  initial_trade_state: 6,
  reply_shows_state: true,
  // "二维码最长有效期是2小时，不管该参数传递的值是多少".
  lifetime_s: LIFETIME_S,
  // No trade exists before somebody scans, and the same parameters give a QR code for the same number again.
  begin_is_repeatable: true,
  operation: 'precreate',
  method: 'alipay.trade.precreate',
  bizContent: (account, order) => ({
    ...orderContent(account, order, 'FACE_TO_FACE_PAYMENT'),
    ...tillContent(order),
  }),
  readSuccess: (_account, answer) => accepted(answer, { code_url: textAt(answer.node, 'qr_code') }),
};
