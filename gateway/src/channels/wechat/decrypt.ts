/** AEAD_AES_256_GCM as WeChat Pay V3 uses it for callbacks and platform certificates (vendor page wechatpay4_2). */
import { createDecipheriv, type KeyObject } from 'node:crypto';
import { textAt, type JsonObject } from '../json.ts';

const TAG_BYTES = 16;

/**
 * Decrypts an encrypted resource {algorithm, ciphertext, nonce, associated_data}. The last 16 bytes of the ciphertext are
 * the authentication tag; it is checked before a single character is handed out. A client that skips it can be made to
 * read NOTPAY as SUCCESS.
 * @param key the 32 bytes of the APIv3 key
 * @returns the text, or null when anything about the resource is wrong
 */
export function decryptResource(key: KeyObject, resource: JsonObject): string | null {
  const ciphertext_base64 = textAt(resource, 'ciphertext');
  const nonce = textAt(resource, 'nonce');
  if (resource['algorithm'] !== 'AEAD_AES_256_GCM' || !ciphertext_base64 || !nonce) return null;
  const sealed = Buffer.from(ciphertext_base64, 'base64');
  if (sealed.length <= TAG_BYTES) return null;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    // The document allows the associated data to be absent or empty; both mean the same bytes.
    decipher.setAAD(Buffer.from(textAt(resource, 'associated_data') ?? ''));
    const text = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
    return text.toString('utf8');
  } catch {
    return null;
  }
}
