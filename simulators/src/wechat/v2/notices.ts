import type { SimulatorPorts } from '../../kernel/ports.ts';
import type { WechatMerchant } from '../config.ts';
import { randomNonce } from '../numbers.ts';
import type { SignType, WechatOrder, WechatRefund } from '../state.ts';
import { encryptReqInfo, signOf } from './sign.ts';
import { paymentFields, refundNoticeFields } from './views.ts';
import { buildXml, parseXml } from './xml.ts';

type NoticeParts = { readonly ports: Pick<SimulatorPorts, 'randomBytes'> };

/** 支付结果通知 (wiki api chapter=9_7): signed the way the order was. */
export function transactionNoticeXml(
  { ports }: NoticeParts,
  merchant: WechatMerchant,
  order: WechatOrder,
  sign_type: SignType,
): string {
  const fields = {
    return_code: 'SUCCESS',
    ...ownerFields(order),
    nonce_str: randomNonce(ports),
    ...(sign_type === 'MD5' ? {} : { sign_type }),
    result_code: 'SUCCESS',
    ...(order.device_id === undefined ? {} : { device_info: order.device_id }),
    ...paymentFields(order),
  };
  return buildXml({ ...fields, sign: signOf(fields, merchant.api_v2_key, sign_type) });
}

/** 退款结果通知 (wiki api chapter=9_16): what it tells is encrypted, nothing is signed. */
export function refundNoticeXml(
  { ports }: NoticeParts,
  merchant: WechatMerchant,
  refund: WechatRefund,
  ids: { readonly appid: string; readonly sub_appid?: string },
): string {
  const told = buildXml(refundNoticeFields(refund), 'root');
  return buildXml({
    return_code: 'SUCCESS',
    ...ownerFields({ ...refund, ...ids }),
    nonce_str: randomNonce(ports),
    req_info: encryptReqInfo(told, merchant.api_v2_key),
  });
}

/** Whether a merchant's answer to a callback says SUCCESS. */
export function saysSuccess(body: Buffer): boolean {
  return parseXml(body)?.['return_code'] === 'SUCCESS';
}

function ownerFields(of: Pick<WechatOrder, 'mchid' | 'appid' | 'sub_mchid' | 'sub_appid'>): Record<string, string> {
  return {
    appid: of.appid,
    mch_id: of.mchid,
    ...(of.sub_appid === undefined ? {} : { sub_appid: of.sub_appid }),
    ...(of.sub_mchid === undefined ? {} : { sub_mch_id: of.sub_mchid }),
  };
}
