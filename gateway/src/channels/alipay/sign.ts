/**
 * RSA2 signatures: RSASSA-PKCS1-v1_5 with SHA-256 (vendor pages "如何签名" opendocs.alipay.com/common/02kf5q and
 * "异步返回验签" opendocs.alipay.com/common/02mse7).
 */
import { createPrivateKey, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { ChannelMisconfigured } from '../channel.ts';

/**
 * What a signature over parameters covers: `name=value` sorted by name and joined with `&`, values as they are before URL
 * encoding. Names are ASCII, so that JavaScript's order is the vendor's.
 */
export function signedContent(params: ReadonlyMap<string, string>, leave_out: readonly string[]): string {
  return [...params.keys()]
    .filter((name) => !leave_out.includes(name))
    .sort()
    .map((name) => `${name}=${params.get(name) ?? ''}`)
    .join('&');
}

/** True when `signature_base64` is the key holder's signature over `text` in UTF-8. A malformed signature is simply false. */
export function isSignedBy(key: KeyObject, text: string, signature_base64: string): boolean {
  return verify('sha256', Buffer.from(text), key, Buffer.from(signature_base64, 'base64'));
}

/**
 * Reads an application's private key: PEM (PKCS#8 or PKCS#1), or the one line of base64 that the vendor's key tool saves,
 * which is PKCS#8 for Java and PKCS#1 for other languages and does not say which.
 * @throws ChannelMisconfigured naming `field`, never its value
 */
export function readPrivateKey(text: string, field: string): KeyObject {
  if (text.includes('-----BEGIN'))
    return requireRsa(
      attempt(() => createPrivateKey(text)),
      field,
    );
  const key = Buffer.from(text, 'base64');
  return requireRsa(
    attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' })) ??
      attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs1' })),
    field,
  );
}

/**
 * Reads Alipay's public key: PEM, or one line of base64 as the console of the open platform shows it.
 * A private key is refused although OpenSSL would derive its public half: it has no place in a setting that operators see.
 * @throws ChannelMisconfigured naming `field`, never its value
 */
export function readPublicKey(text: string, field: string): KeyObject {
  if (text.includes('PRIVATE KEY')) throw new ChannelMisconfigured(`${field} is a private key`);
  if (text.includes('-----BEGIN'))
    return requireRsa(
      attempt(() => createPublicKey(text)),
      field,
    );
  const key = Buffer.from(text, 'base64');
  return requireRsa(
    attempt(() => createPublicKey({ key, format: 'der', type: 'spki' })),
    field,
  );
}

/** RSA2 asks for RSA keys of 2048 bits or more ("密钥长度2048", opendocs.alipay.com/common/02kipk). */
export function requireRsa(key: KeyObject | null, field: string): KeyObject {
  if (!key) throw new ChannelMisconfigured(`${field} cannot be read: PEM or one line of base64 is expected`);
  if (key.asymmetricKeyType !== 'rsa') throw new ChannelMisconfigured(`${field} is not an RSA key`);
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new ChannelMisconfigured(`${field} has fewer than 2048 bits`);
  }
  return key;
}

function attempt(read: () => KeyObject): KeyObject | null {
  try {
    return read();
  } catch {
    // The cause is dropped on purpose: OpenSSL's messages may quote what they could not parse.
    return null;
  }
}
