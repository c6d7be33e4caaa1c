/** pay_info: what the payer's WeChat is called with. It is signed with the account's key, as the order request was. */
import { signatureOf } from './sign.ts';
import type { ReplyContext } from './pay-type.ts';
import type { Fields } from './xml.ts';

/**
 * For WeixinJSBridge and wx.requestPayment (vendor pages jsapi_sl chapter=7_7, wxa_sl_api chapter=7_7). `timeStamp` is text, as
 * both want it.
 */
export function bridgeReply(answer: Fields, context: ReplyContext): Readonly<Record<string, string>> | null {
  const prepay_id = answer.get('prepay_id');
  if (!prepay_id) return null;
  const { account, party } = context;
  const members = {
    appId: party.sub_appid ?? party.appid,
    timeStamp: context.timestamp_s,
    nonceStr: context.nonce,
    package: `prepay_id=${prepay_id}`,
    signType: account.sign_type,
  };
  const paySign = signatureOf(account.sign_type, Object.entries(members), account.api_key);
  return { prepay_id, pay_info: JSON.stringify({ ...members, paySign }) };
}

/** For the SDK of apps (vendor page app_sl chapter=9_12): there the merchant is the one whose app it is, the sub-merchant. */
export function appReply(answer: Fields, context: ReplyContext): Readonly<Record<string, string>> | null {
  const prepay_id = answer.get('prepay_id');
  if (!prepay_id) return null;
  const { account, party } = context;
  const members = {
    appid: party.sub_appid ?? party.appid,
    partnerid: party.sub_mch_id ?? party.mch_id,
    prepayid: prepay_id,
    package: 'Sign=WXPay',
    noncestr: context.nonce,
    timestamp: context.timestamp_s,
  };
  const sign = signatureOf(account.sign_type, Object.entries(members), account.api_key);
  return { prepay_id, pay_info: JSON.stringify({ ...members, sign }) };
}
