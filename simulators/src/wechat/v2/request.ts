import { X509Certificate } from 'node:crypto';
import type { IncomingRequest } from '../../kernel/ports.ts';
import type { WechatMerchant } from '../config.ts';
import type { WechatWorld } from '../operation.ts';
import { checkOwner } from '../ownership.ts';
import type { OrderOwner } from '../ownership.ts';
import type { SignType } from '../state.ts';
import { WechatError } from '../wechat-error.ts';
import { V2Failure } from './failure.ts';
import type { V2Call, V2Fields, V2Operation } from './operation.ts';
import { signHolds } from './sign.ts';
import { parseXml } from './xml.ts';
import type { XmlFields } from './xml.ts';

/** Who asks, once the signature has proven it. */
export type V2Asker = Pick<V2Call, 'merchant' | 'fields' | 'sign_type'>;

const sharedFields: V2Fields = {
  appid: { required: true, max: 32 },
  mch_id: { required: true, max: 32 },
  sub_appid: { max: 32 },
  sub_mch_id: { max: 32 },
  nonce_str: { required: true, max: 32 },
};

/**
 * Checks in this order: method, XML, merchant, sign_type, signature, certificate. The words were collected from the
 * documents' error tables and from published reports.
 *
 * @throws V2Failure
 */
export function identify(world: WechatWorld, operation: V2Operation, request: IncomingRequest): V2Asker {
  if (request.method !== 'POST') throw new V2Failure('请使用post方法');
  const fields = parseXml(request.body);
  if (!fields) throw new V2Failure('XML格式错误');
  const mch_id = fields['mch_id'] ?? '';
  if (!/^\d{8,32}$/.test(mch_id)) throw new V2Failure('mch_id参数格式错误');
  const merchant = world.config.merchants.find((candidate) => candidate.mchid === mch_id);
  if (!merchant) throw new V2Failure('商户号mch_id不存在');
  const sign_type = fields['sign_type'] ?? 'MD5';
  if (!isSignType(sign_type)) throw new V2Failure('sign_type参数格式错误');
  if (!signHolds(fields, merchant.api_v2_key, sign_type)) throw new V2Failure('签名错误');
  if (operation.needs_certificate && request.client_certificate !== fingerprintOf(merchant)) {
    throw new V2Failure('证书错误');
  }
  return { merchant, fields, sign_type };
}

/**
 * Checks the fields, then whose request it is.
 * @throws V2Failure or WechatError
 */
export function readV2Call(world: WechatWorld, operation: V2Operation, asker: V2Asker): V2Call {
  checkFields({ ...sharedFields, ...operation.fields }, asker.fields);
  return { ...asker, owner: ownerOf(world, asker) };
}

function checkFields(rules: V2Fields, fields: XmlFields): void {
  for (const [name, rule] of Object.entries(rules)) {
    const value = fields[name];
    if (value === undefined) {
      if (rule.required) throw new V2Failure(`缺少参数${name}`);
      continue;
    }
    if (Array.from(value).length > rule.max) throw new V2Failure(`${name}参数长度有误`);
    if (rule.pattern && !rule.pattern.test(value)) throw new V2Failure(`${name}参数格式错误`);
  }
}

function ownerOf(world: WechatWorld, { merchant, fields }: V2Asker): OrderOwner {
  const appid = fields['appid'] ?? '';
  const { sub_mch_id, sub_appid } = fields;
  const mode = merchant.sub_merchants.length > 0 ? 'partner' : 'direct';
  if (mode === 'partner' && sub_mch_id === undefined) throw new V2Failure('缺少参数sub_mch_id');
  if (mode === 'direct' && sub_mch_id !== undefined) throw new WechatError(403, 'NO_AUTH', '商户无此接口权限');
  const appids = world.config.merchants.flatMap((one) => [
    ...one.appids,
    ...one.sub_merchants.flatMap((sub) => sub.appids),
  ]);
  if (!appids.includes(appid)) throw new WechatError(400, 'APPID_NOT_EXIST', 'APPID不存在');
  return checkOwner(world, merchant, mode, { appid, sub_mchid: sub_mch_id, sub_appid });
}

const fingerprints = new Map<string, string>();

function fingerprintOf(merchant: WechatMerchant): string {
  let fingerprint = fingerprints.get(merchant.certificate);
  if (fingerprint === undefined) {
    fingerprint = new X509Certificate(merchant.certificate).fingerprint256.replaceAll(':', '').toLowerCase();
    fingerprints.set(merchant.certificate, fingerprint);
  }
  return fingerprint;
}

function isSignType(text: string): text is SignType {
  return text === 'MD5' || text === 'HMAC-SHA256';
}
