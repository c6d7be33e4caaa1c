/** APIv2 signatures: MD5 or HMAC-SHA256 over the sorted members and the key (vendor page wiki/doc/api, chapter=4_3). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Fields } from './xml.ts';

export type SignType = 'MD5' | 'HMAC-SHA256';

/**
 * The signature of these members: those that are not empty, without `sign`, sorted by name, and the key at the end.
 * @param api_key the account's APIv2 key, 32 characters
 * @returns upper-case hexadecimal: 32 digits for MD5, 64 for HMAC-SHA256
 */
export function signatureOf(sign_type: SignType, fields: Iterable<readonly [string, string]>, api_key: string): string {
  const members = [...fields].filter(([name, value]) => value !== '' && name !== 'sign');
  // By code unit, for that is the order of ASCII; localeCompare would sort upper and lower case otherwise.
  members.sort(([one], [other]) => (one < other ? -1 : 1));
  const message = `${members.map(([name, value]) => `${name}=${value}`).join('&')}&key=${api_key}`;
  const hash = sign_type === 'MD5' ? createHash('md5') : createHmac('sha256', api_key);
  return hash.update(message, 'utf8').digest('hex').toUpperCase();
}

/**
 * Whether a message was signed with our key. Its `sign_type` says how; messages that do not name one are signed as the request was
 * that they belong to, and the signature's length tells which that is: the account may have changed its own since.
 */
export function isSigned(fields: Fields, api_key: string): boolean {
  const sign = fields.get('sign') ?? '';
  const named = fields.get('sign_type') ?? (sign.length === 64 ? 'HMAC-SHA256' : 'MD5');
  if (named !== 'MD5' && named !== 'HMAC-SHA256') return false;
  const expected = Buffer.from(signatureOf(named, fields, api_key));
  const given = Buffer.from(sign);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
