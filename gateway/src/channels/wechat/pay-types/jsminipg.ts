/** wechat.jsminipg: the payer is in the merchant's mini program (小程序下单 is JSAPI下单: doc 4012525182; partner: doc 4012523593). */
import { prepayReply, subAppid, subOpenid } from '../merchant-fields.ts';
import { jsapi } from './jsapi.ts';
import type { WechatPayType } from '../pay-type.ts';

export const jsminipg: WechatPayType = {
  ...jsapi,
  code: 'wechat.jsminipg',
  summary: '微信小程序支付: the payer is in a mini program, which opens the payment with pay_info',
  fields: {
    sub_appid: subAppid('与发起支付商户主体一致的小程序APPID', 'wx758379be100f9991'),
    sub_openid: subOpenid('o2uCJ5RGOOylP75Ipvncazz0bFAI'),
  },
  reply: prepayReply('wx01231242671738eafc7c4ce10632795388', {
    appId: 'wx758379be100f9991',
    timeStamp: '1530457962',
    nonceStr: '5b38ef6a01c9113d0cc907ac',
    package: 'prepay_id=wx01231242671738eafc7c4ce10632795388',
    signType: 'RSA',
    paySign: 'mI35pfNEQV6777ke…',
  }),
};
