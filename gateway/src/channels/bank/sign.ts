/** Signatures of the neutral bank interface (docs/bank-transfer.md, Signatures): RSASSA-PKCS1-v1_5 with SHA-256, detached. */
import { createPrivateKey, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { ChannelMisconfigured } from '../channel.ts';

const LINE_FEED = Buffer.from('\n');

/** What our signature of a request covers. `path` is exactly as sent. */
export function requestMessage(method: string, path: string, timestamp_s: string, nonce: string, body: string): string {
  return `${method}\n${path}\n${timestamp_s}\n${nonce}\n${body}\n`;
}

/** How far a signature's time may be from ours. */
const TOLERANCE_MS = 5 * 60_000;

/** `verified`, or a stable word that says why not. */
export type Verdict = 'verified' | 'missing_signature' | 'stale_timestamp' | 'unknown_key' | 'bad_signature';

/**
 * Verifies an answer or a push of the bank over its bytes as received.
 * @param headers lower-case names
 */
export function verifyBank(
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  now_ms: number,
  keys: ReadonlyMap<string, KeyObject>,
): Verdict {
  const timestamp = headers['bank-timestamp'] ?? '';
  const nonce = headers['bank-nonce'] ?? '';
  const signature = headers['bank-signature'] ?? '';
  if (timestamp === '' || nonce === '' || signature === '') return 'missing_signature';
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Number(timestamp) * 1000 - now_ms) > TOLERANCE_MS)
    return 'stale_timestamp';
  const key = keys.get(headers['bank-key'] ?? '');
  if (!key) return 'unknown_key';
  const message = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, LINE_FEED]);
  return verify('sha256', message, key, Buffer.from(signature, 'base64')) ? 'verified' : 'bad_signature';
}

/** Reads our private key. Throws `ChannelMisconfigured` naming the field, never its value. */
export function readPrivateKey(pem: string, field: string): KeyObject {
  return requireRsa(() => createPrivateKey(pem), field);
}

/** Reads a public key of the bank. Throws `ChannelMisconfigured`. */
export function readPublicKey(pem: string, field: string): KeyObject {
  if (pem.includes('PRIVATE KEY')) throw new ChannelMisconfigured(`${field} is a private key`);
  return requireRsa(() => createPublicKey(pem), field);
}

function requireRsa(read: () => KeyObject, field: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    // The cause is left out on purpose: OpenSSL's messages may quote what they could not parse.
    throw new ChannelMisconfigured(`${field} cannot be read as a PEM key`);
  }
  if (key.asymmetricKeyType !== 'rsa') throw new ChannelMisconfigured(`${field} is not an RSA key`);
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
    throw new ChannelMisconfigured(`${field} has fewer than 2048 bits`);
  return key;
}
