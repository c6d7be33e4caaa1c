/**
 * pay_info: what a payer's page, mini program or app passes on to WeChat Pay, unchanged, to open an order. `timeStamp` is a
 * string, as WeChat Pay documents it (the examples of the API document show a number).
 */
import type { BeginReport } from '../channel.ts';
import type { VerifiedAnswer } from './client.ts';
import { partyOf } from './party.ts';
import { accepted, memberOfSuccess, type Placed } from './pay-type.ts';

/**
 * The reply of official-account pages and mini programs. appId is the application that the payer is in: "若下单时候传了sub_appid，
 * 须为sub_appid的值" (wiki/doc/apiv3_partner/apis/chapter7_2_9.shtml).
 */
export async function readPageAnswer(answer: VerifiedAnswer, placed: Placed): Promise<BeginReport | null> {
  const prepay_id = memberOfSuccess(answer, 'prepay_id');
  if (!prepay_id) return null;
  const appId = payersApplication(placed);
  const packed = `prepay_id=${prepay_id}`;
  const { timestamp_s, nonce, signature } = await placed.sign(appId, packed);
  const pay_info = {
    appId,
    timeStamp: timestamp_s,
    nonceStr: nonce,
    package: packed,
    signType: 'RSA',
    paySign: signature,
  };
  return accepted({ prepay_id, pay_info: JSON.stringify(pay_info) }, answer);
}

/** The reply of apps (doc/v3/partner/4012090949). The signature covers the bare prepay_id. */
export async function readAppAnswer(answer: VerifiedAnswer, placed: Placed): Promise<BeginReport | null> {
  const prepay_id = memberOfSuccess(answer, 'prepay_id');
  if (!prepay_id) return null;
  const appid = payersApplication(placed);
  const { timestamp_s, nonce, signature } = await placed.sign(appid, prepay_id);
  const pay_info = {
    appid,
    partnerid: receivingMerchant(placed),
    prepayid: prepay_id,
    package: 'Sign=WXPay',
    noncestr: nonce,
    timestamp: timestamp_s,
    sign: signature,
  };
  return accepted({ prepay_id, pay_info: JSON.stringify(pay_info) }, answer);
}

function payersApplication({ account, order }: Placed): string {
  const party = partyOf(account, order);
  return party['sub_appid'] ?? party['appid'] ?? account.appid;
}

/** "partnerid 是子商户的商户号", not the service provider's (doc/v2/partner/4011986561 and 4011941134; V3 says "商户号" alone). */
function receivingMerchant({ account, order }: Placed): string {
  return partyOf(account, order)['sub_mchid'] ?? account.mchid;
}
