/**
 * WeChat Pay V3 signatures: RSASSA-PKCS1-v1_5 with SHA-256 over lines that each end in a newline.
 * Requests: merchant documentation page 4012365336; answers and callbacks: page 4012365341.
 */
import { createPrivateKey, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { ChannelMisconfigured } from '../channel.ts';

/**
 * What a request's signature covers.
 * @param path path and query string exactly as sent, without scheme and host
 * @param timestamp_s Unix seconds as decimal text
 * @param body the body exactly as sent, '' when there is none
 */
export function requestMessage(method: string, path: string, timestamp_s: string, nonce: string, body: string): string {
  return `${method}\n${path}\n${timestamp_s}\n${nonce}\n${body}\n`;
}

/**
 * What the signature covers with which a payer's app or page hands an order to WeChat Pay (page and mini program:
 * wiki/doc/apiv3_partner/apis/chapter7_2_9.shtml; app: doc/v3/partner/4012090949). The two differ in the last line only.
 * @param appid the application that the payer is in
 * @param timestamp_s Unix seconds as decimal text
 * @param what `prepay_id=…` of a page or mini program, the bare prepay_id of an app
 */
export function invocationMessage(appid: string, timestamp_s: string, nonce: string, what: string): string {
  return `${appid}\n${timestamp_s}\n${nonce}\n${what}\n`;
}

/** What the signature of an answer or a callback covers; `body` is the bytes as received, never a re-serialisation. */
export function answerMessage(timestamp_s: string, nonce: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${timestamp_s}\n${nonce}\n`), body, LINE_FEED]);
}

const LINE_FEED = Buffer.from('\n');

/** True when `signature_base64` is the key holder's signature over `message`. Any malformed signature is simply false. */
export function isSignedBy(key: KeyObject, message: Buffer, signature_base64: string): boolean {
  return verify('sha256', message, key, Buffer.from(signature_base64, 'base64'));
}

/**
 * Reads a PEM private key, PKCS#8 or PKCS#1.
 * @throws ChannelMisconfigured naming `field`, never its value
 */
export function readPrivateKey(pem: string, field: string): KeyObject {
  return requireRsa(
    readKey(() => createPrivateKey(pem), `${field} cannot be read as a PEM private key`),
    field,
  );
}

/**
 * Reads a PEM public key. A private key is refused although OpenSSL would derive the public half: it has no place in a
 * setting that is shown to operators.
 * @throws ChannelMisconfigured naming `field`, never its value
 */
export function readPublicKey(pem: string, field: string): KeyObject {
  if (!/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) {
    throw new ChannelMisconfigured(`${field} is neither a PEM public key nor a PEM certificate`);
  }
  return requireRsa(
    readKey(() => createPublicKey(pem), `${field} cannot be read as a PEM public key`),
    field,
  );
}

function readKey(read: () => KeyObject, complaint: string): KeyObject {
  try {
    return read();
  } catch {
    // The cause is left out on purpose: OpenSSL's messages may quote what they could not parse.
    throw new ChannelMisconfigured(complaint);
  }
}

/** The V3 scheme WECHATPAY2-SHA256-RSA2048 knows only RSA keys of 2048 bits or more. */
export function requireRsa(key: KeyObject, field: string): KeyObject {
  if (key.asymmetricKeyType !== 'rsa') throw new ChannelMisconfigured(`${field} is not an RSA key`);
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    throw new ChannelMisconfigured(`${field} has fewer than 2048 bits`);
  }
  return key;
}
