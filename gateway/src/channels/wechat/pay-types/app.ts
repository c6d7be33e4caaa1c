/** wechat.app: the payer is in the merchant's app, which opens WeChat (APP下单, direct: doc 4012525136; partner: doc 4012523526). */
import { prepayReply, subAppid } from '../merchant-fields.ts';
import { orderBody } from '../order-body.ts';
import { readAppAnswer } from '../pay-info.ts';
import type { WechatPayType } from '../pay-type.ts';

export const app: WechatPayType = {
  code: 'wechat.app',
  channel: 'wechat',
  summary: '微信APP支付: the payer is in an app, whose WeChat SDK opens the payment with pay_info',
  fields: {
    sub_appid: subAppid('商户在微信开放平台上申请的APPID，开放平台认证主体需与商户主体一致', 'wx2fbcb61b6e5b1384'),
  },
  reply: prepayReply('wx01231852292289b6404b67123767183767', {
    appid: 'wx2fbcb61b6e5b1384',
    partnerid: '1507497331',
    prepayid: 'wx01231852292289b6404b67123767183767',
    package: 'Sign=WXPay',
    noncestr: '5b38f0dc01c9113d0cc907b0',
    timestamp: '1530458332',
    sign: 'gXx9KhTP6IooKV1S…',
  }),
  initial_trade_state: 2,
  reply_shows_state: false,
  // "该值有效期为2小时": prepay_id.
  lifetime_s: 7_200,
  begin_is_repeatable: true,
  endpoint: 'app',
  requestBody: orderBody,
  readAnswer: readAppAnswer,
};
