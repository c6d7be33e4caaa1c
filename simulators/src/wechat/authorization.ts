import { createPublicKey, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingRequest } from '../kernel/ports.ts';
import type { WechatMerchant } from './config.ts';
import { SIGNATURE_TYPE } from './signing.ts';
import { WechatError } from './wechat-error.ts';

/** Doc 4012072670: the timestamp may be off by five minutes. */
const MOST_SKEW_S = 300;
const FIELDS = ['mchid', 'nonce_str', 'signature', 'timestamp', 'serial_no'] as const;

type AuthorizationFields = Readonly<Record<(typeof FIELDS)[number], string>>;

const publicKeys = new Map<string, KeyObject>();

/**
 * Who sent a request, if its `Authorization` proves it (doc 4012365342). Checks run in upstream's order: format,
 * timestamp, merchant, certificate serial, signature. The refusals are unsigned; their texts were collected from docs
 * 4012072670 and published error reports.
 *
 * @throws WechatError 401 SIGN_ERROR
 */
export function authenticate(
  merchants: readonly WechatMerchant[],
  request: IncomingRequest,
  now_ms: number,
): WechatMerchant {
  const fields = parseAuthorization(request);
  if (Math.abs(now_ms / 1000 - Number(fields.timestamp)) > MOST_SKEW_S) {
    throw signError('Http头Authorization中的timestamp与发起请求的时间不得超过5分钟');
  }
  const merchant = merchants.find((candidate) => candidate.mchid === fields.mchid);
  if (!merchant) throw signError('签名错误');
  if (fields.serial_no.toUpperCase() !== merchant.certificate_serial) {
    throw signError('商户证书序列号有误。请使用签名私钥匹配的证书序列号');
  }
  checkSignature(merchant, fields, request);
  return merchant;
}

function parseAuthorization(request: IncomingRequest): AuthorizationFields {
  const wrongFormat = (): WechatError =>
    request.target.startsWith('/v3/pay/')
      ? signError('签名信息错误，验签失败')
      : signError('Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》');
  const header = request.headers['authorization'] ?? '';
  const prefix = `${SIGNATURE_TYPE} `;
  if (!header.startsWith(prefix)) throw wrongFormat();
  const fields: Record<string, string> = {};
  for (const part of header.slice(prefix.length).split(',')) {
    const [, name, value] = /^([a-z_]+)="([^"]*)"$/.exec(part.trim()) ?? [];
    if (name === undefined || value === undefined || name in fields) throw wrongFormat();
    fields[name] = value;
  }
  if (!FIELDS.every((name) => fields[name])) throw wrongFormat();
  if (!/^\d{1,12}$/.test(fields['timestamp'] ?? '')) throw wrongFormat();
  return fields as AuthorizationFields;
}

/** Over `METHOD\nTARGET\nTIMESTAMP\nNONCE\nBODY\n`, all as received (doc 4012365336). */
function checkSignature(merchant: WechatMerchant, fields: AuthorizationFields, request: IncomingRequest): void {
  const head = `${request.method}\n${request.target}\n${fields.timestamp}\n${fields.nonce_str}\n`;
  const message = Buffer.concat([Buffer.from(head), request.body, Buffer.from('\n')]);
  const signature = Buffer.from(fields.signature, 'base64');
  if (verify('sha256', message, publicKeyOf(merchant), signature)) return;
  throw signError('错误的签名，验签失败', {
    detail: { issue: 'sign not match' },
    field: 'signature',
    location: 'authorization',
    sign_information: {
      method: request.method,
      sign_message_length: message.length,
      truncated_sign_message: message.toString('utf8').slice(0, 160),
      url: request.target,
    },
  });
}

function publicKeyOf(merchant: WechatMerchant): KeyObject {
  const cached = publicKeys.get(merchant.public_key);
  if (cached) return cached;
  const key = createPublicKey(merchant.public_key);
  publicKeys.set(merchant.public_key, key);
  return key;
}

function signError(message: string, detail?: object): WechatError {
  return new WechatError(401, 'SIGN_ERROR', message, { signed: false, ...(detail ? { detail } : {}) });
}
