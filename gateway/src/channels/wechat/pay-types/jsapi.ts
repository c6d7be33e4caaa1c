/**
 * wechat.jsapi: the payer is on the merchant's page inside WeChat (JSAPI下单, direct: doc 4012525167; partner: doc 4012523579).
 * Mini programs order in the same way.
 */
import type { OrderForChannel } from '../../channel.ts';
import type { WechatAccount } from '../config.ts';
import { prepayReply, subAppid, subOpenid } from '../merchant-fields.ts';
import { orderBody } from '../order-body.ts';
import { readPageAnswer } from '../pay-info.ts';
import type { WechatPayType } from '../pay-type.ts';

/**
 * An order for one payer: in direct mode the openid within the order's appid, in partner mode within its sub_appid ("若sub_openid
 * 有传的情况下，sub_appid必填，且sub_appid需与sub_openid对应"), or within the service provider's own application as sp_openid.
 */
export function payersOrder(account: WechatAccount, order: OrderForChannel): Record<string, unknown> {
  return { ...orderBody(account, order), payer: payerOf(account, order.fields) };
}

function payerOf(account: WechatAccount, fields: OrderForChannel['fields']): Record<string, unknown> {
  const openid = fields['sub_openid'];
  if (account.mode === 'direct') return { openid };
  return fields['sub_appid'] === account.appid ? { sp_openid: openid } : { sub_openid: openid };
}

export const jsapi: WechatPayType = {
  code: 'wechat.jsapi',
  channel: 'wechat',
  summary: '微信公众号支付（原生）: the payer is on a page inside WeChat, which opens the payment with pay_info',
  fields: {
    sub_appid: subAppid('与发起支付商户主体一致的公众号appid，公众号必须为认证的服务号', 'wx069eb0cbbdd45873'),
    sub_openid: subOpenid('outOWs-bgUH2QiCE0vNZhyCj2FJI'),
  },
  reply: prepayReply('wx012307229175165bd79bbb6b3297639794', {
    appId: 'wx069eb0cbbdd45873',
    timeStamp: '1530457643',
    nonceStr: '5b38ee2b01c9113d0cc907a8',
    package: 'prepay_id=wx012307229175165bd79bbb6b3297639794',
    signType: 'RSA',
    paySign: 'mI35pfNEQV6777ke…',
  }),
  initial_trade_state: 2,
  reply_shows_state: false,
  // "该值有效期为2小时": prepay_id.
  lifetime_s: 7_200,
  begin_is_repeatable: true,
  endpoint: 'jsapi',
  requestBody: payersOrder,
  readAnswer: readPageAnswer,
};
