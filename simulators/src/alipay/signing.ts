import { sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Request or callback parameters after URL decoding, in any order. */
export type Parameters = ReadonlyMap<string, string>;

/**
 * What a request's `sign` covers: every parameter but `sign` itself and the empty ones (sign_type is included), sorted
 * by name, `k=v` joined by `&`, not URL-encoded (opendocs.alipay.com/common/057k53).
 */
export function requestSignContent(parameters: Parameters): string {
  return signContent(parameters, ['sign']);
}

/** What a callback's `sign` covers: as a request's, but sign_type is left out as well (common/02mse7, 异步返回结果的验签). */
export function notifySignContent(parameters: Parameters): string {
  return signContent(parameters, ['sign', 'sign_type']);
}

function signContent(parameters: Parameters, leaveOut: readonly string[]): string {
  return [...parameters]
    .filter(([name, value]) => !leaveOut.includes(name) && value.trim() !== '')
    .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** @returns the RSA2 signature (SHA256withRSA) of a text, Base64 */
export function signRsa2(content: string, privateKey: KeyObject): string {
  return sign('sha256', Buffer.from(content, 'utf8'), privateKey).toString('base64');
}

/** @returns whether an RSA2 signature is of this text and key; false for text that is not Base64 of a signature */
export function verifyRsa2(content: string, signature: string, publicKey: KeyObject): boolean {
  return verify('sha256', Buffer.from(content, 'utf8'), publicKey, Buffer.from(signature, 'base64'));
}

/** @returns a signature of the same length that does not verify */
export function spoilSignature(signature: string): string {
  const bytes = Buffer.from(signature, 'base64');
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 0xff;
  return bytes.toString('base64');
}
