/** req_info of refund callbacks: AES-256-ECB with PKCS#7 padding (vendor page wiki/doc/api, chapter=9_16). */
import { createDecipheriv, createHash } from 'node:crypto';

/** The key that refund callbacks are encrypted with: the lower-case hexadecimal MD5 of the APIv2 key, as 32 characters. */
export function refundKey(api_key: string): Buffer {
  return Buffer.from(createHash('md5').update(api_key, 'utf8').digest('hex'));
}

/** The text within `req_info` (base64), or null when it is not encrypted with this key. */
export function decryptRequestInfo(key: Buffer, req_info: string): string | null {
  try {
    const decipher = createDecipheriv('aes-256-ecb', key, null);
    const bytes = Buffer.concat([decipher.update(req_info, 'base64'), decipher.final()]);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
