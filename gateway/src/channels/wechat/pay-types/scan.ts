/** wechat.scan: the payer scans a QR code that the merchant shows (Native下单, direct: doc 4012525171; partner: doc 4012523551). */
import { orderBody } from '../order-body.ts';
import { accepted, memberOfSuccess, type WechatPayType } from '../pay-type.ts';

export const scan: WechatPayType = {
  code: 'wechat.scan',
  channel: 'wechat',
  summary: '微信扫码支付: the payer scans the QR code made from code_url',
  fields: {},
  // V3 answers a native order with code_url alone; V2 adds the prepay_id that the API document's example shows.
  reply: {
    code_url: {
      description: 'text of the QR code; good for two hours',
      example: 'weixin://wxpay/bizpayurl?pr=oB8TuWO',
    },
    prepay_id: { description: 'through APIv2 alone', example: 'wx302121541410392cf43ee7773887304578' },
  },
  initial_trade_state: 2,
  reply_shows_state: false,
  // code_url stops working after two hours.
  lifetime_s: 7_200,
  // "可使用原参数重新请求下单接口": the same number with the same parameters is answered like the first time.
  begin_is_repeatable: true,
  endpoint: 'native',
  requestBody: orderBody,
  readAnswer(answer) {
    const code_url = memberOfSuccess(answer, 'code_url');
    return code_url ? accepted({ code_url }, answer) : null;
  },
};
