import { createCipheriv } from 'node:crypto';
import type { SimulatorPorts } from '../kernel/ports.ts';
import type { PlatformKey } from './config.ts';
import type { Keyring } from './keyring.ts';
import { randomAlphanumeric, randomNonce } from './numbers.ts';

/** The authentication scheme of requests, and `Wechatpay-Signature-Type` of answers. */
export const SIGNATURE_TYPE = 'WECHATPAY2-SHA256-RSA2048';

/** Where an encrypted resource comes from and what protects it; as in callbacks and certificates. */
export interface EncryptedResource {
  readonly algorithm: 'AEAD_AES_256_GCM';
  readonly ciphertext: string;
  readonly associated_data: string;
  readonly nonce: string;
}

/**
 * The signature headers of an answer or callback, over `TIMESTAMP\nNONCE\nBODY\n`; an answer without a body signs an
 * empty last line (doc 4013053249, 应答验签).
 */
export function signatureHeaders(
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
  keyring: Keyring,
  key: PlatformKey,
  body: Buffer,
): Record<string, string> {
  const timestamp = String(Math.floor(ports.now() / 1000));
  const nonce = randomNonce(ports);
  const message = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, Buffer.from('\n')]);
  return {
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': key.serial,
    'Wechatpay-Signature': keyring.sign(key.serial, message),
    'Wechatpay-Signature-Type': SIGNATURE_TYPE,
  };
}

/** The same headers with a signature that does not verify; headers without a signature stay as they are. */
export function withBrokenSignature(headers: Readonly<Record<string, string>>): Record<string, string> {
  const signature = headers['Wechatpay-Signature'];
  if (signature === undefined) return { ...headers };
  const bytes = Buffer.from(signature, 'base64');
  bytes[0] = (bytes[0] ?? 0) ^ 0xff;
  return { ...headers, 'Wechatpay-Signature': bytes.toString('base64') };
}

/**
 * The same headers with a signature probe: WeChat Pay now and then sends a wrong signature that begins so, to see that
 * merchants verify (doc 4013053249, 签名探测流量).
 */
export function withProbeSignature(
  headers: Readonly<Record<string, string>>,
  ports: Pick<SimulatorPorts, 'randomBytes'>,
): Record<string, string> {
  return { ...headers, 'Wechatpay-Signature': `WECHATPAY/SIGNTEST/${ports.randomBytes(240).toString('base64')}` };
}

/** AES-256-GCM under the APIv3 key; the tag is the ciphertext's last 16 bytes (doc 4012071382, 解密回调报文). */
export function encryptResource(
  ports: Pick<SimulatorPorts, 'randomBytes'>,
  api_v3_key: string,
  associated_data: string,
  plaintext: string,
): EncryptedResource {
  const nonce = randomAlphanumeric(ports, 12);
  return {
    algorithm: 'AEAD_AES_256_GCM',
    ciphertext: encrypt(api_v3_key, nonce, associated_data, plaintext),
    associated_data,
    nonce,
  };
}

/** Base64 of ciphertext and tag. @param key and nonce 32 and 12 ASCII characters */
export function encrypt(key: string, nonce: string, associated_data: string, plaintext: string): string {
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key), Buffer.from(nonce));
  cipher.setAAD(Buffer.from(associated_data));
  return Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
}
