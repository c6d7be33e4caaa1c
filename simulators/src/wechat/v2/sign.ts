import { createCipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SignType } from '../state.ts';
import type { XmlFields } from './xml.ts';

/**
 * The signature of an APIv2 message: `k=v&…&key=KEY` over the non-empty fields in ASCII order without `sign`, as
 * upper-case MD5 or HMAC-SHA256 (wiki api chapter=4_3, 签名算法).
 *
 * @param key the merchant's API key, 32 characters
 */
export function signOf(fields: XmlFields, key: string, type: SignType): string {
  const text = Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const message = `${text}&key=${key}`;
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', key);
  return hash.update(message).digest('hex').toUpperCase();
}

/** Whether the fields carry the right `sign`. */
export function signHolds(fields: XmlFields, key: string, type: SignType): boolean {
  return sameText(fields['sign'] ?? '', signOf(fields, key, type));
}

/** Compares without telling by time where they differ. */
export function sameText(given: string, right: string): boolean {
  const [left, other] = [Buffer.from(given), Buffer.from(right)];
  return left.length === other.length && timingSafeEqual(left, other);
}

/** A message whose `sign`, or whose `req_info` where that protects it, has another first character. */
export function withBrokenSign(body: Buffer): Buffer {
  const text = body.toString('utf8');
  return Buffer.from(
    text.replace(/(<(?:sign|req_info)><!\[CDATA\[)(.)/, (_all, head: string, first: string) => {
      return `${head}${first === 'A' ? 'B' : 'A'}`;
    }),
  );
}

/**
 * `req_info` of a refund callback: AES-256-ECB with PKCS #7 padding under the lower-case hexadecimal MD5 of the API key,
 * in base64 (wiki api chapter=9_16, 解密步骤).
 */
export function encryptReqInfo(plaintext: string, key: string): string {
  const cipher = createCipheriv('aes-256-ecb', createHash('md5').update(key).digest('hex'), null);
  return Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]).toString('base64');
}
