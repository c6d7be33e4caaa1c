/**
 * RSA keys as merchants have them: PEM or one line of base64, PKCS#1 or PKCS#8. Web Crypto takes PKCS#8 and SPKI alone, so
 * PKCS#1 is wrapped here (RFC 8017 appendix A.1, RFC 5208 section 5, RFC 5280 section 4.1.2.7).
 */
import { fromBase64 } from './base64.ts';
import { InvalidKey } from './errors.ts';
import { webCrypto, type RsaKey } from './web-crypto.ts';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;

/** AlgorithmIdentifier: rsaEncryption (1.2.840.113549.1.1.1) with NULL parameters. */
const RSA_ENCRYPTION = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const VERSION_0 = [INTEGER, 1, 0];

const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/** An RSA key whose form has been checked. It is handed to Web Crypto when it is used first. */
export type LazyKey = () => Promise<RsaKey>;

/**
 * Reads a merchant's private key.
 *
 * @param text PEM, or one line of base64; `\n` written as two characters, as in environment variables, is a line break
 * @throws InvalidKey that says what was found instead
 */
export function readPrivateKey(text: string): LazyKey {
  const der = privateKeyDer(decode(text, 'the private key'));
  return importing('pkcs8', der, 'sign', 'the private key');
}

/**
 * Reads the platform's public key.
 *
 * @param text PEM, or one line of base64
 * @throws InvalidKey that says what was found instead
 */
export function readPublicKey(text: string): LazyKey {
  const der = publicKeyDer(decode(text, 'the platform public key'));
  return importing('spki', der, 'verify', 'the platform public key');
}

function importing(
  format: 'pkcs8' | 'spki',
  der: Uint8Array<ArrayBuffer>,
  use: 'sign' | 'verify',
  what: string,
): LazyKey {
  let key: Promise<RsaKey> | undefined;
  return () => {
    key ??= webCrypto()
      .then(({ subtle }) => subtle.importKey(format, der, RS256, false, [use]))
      .catch((cause: unknown) => {
        throw new InvalidKey(`${what} is damaged: Web Crypto does not take it`, { cause });
      });
    return key;
  };
}

function decode(text: string, what: string): Uint8Array<ArrayBuffer> {
  const lines = text.replaceAll('\\n', '\n').trim();
  if (/ENCRYPTED/.test(lines)) throw new InvalidKey(`${what} is encrypted: decrypt it by openssl pkey -in FILE`);
  const [, label, body] = /^-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \1-----$/.exec(lines) ?? [];
  if (label === 'CERTIFICATE') throw new InvalidKey(`${what} is a certificate: a key is needed`);
  if (label === undefined && lines.includes('-----')) throw new InvalidKey(`${what} is an incomplete PEM`);
  const der = fromBase64(body ?? lines);
  if (der === null || der.length === 0) throw new InvalidKey(`${what} is neither PEM nor base64`);
  return der;
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array<ArrayBuffer>;
}

/** The elements that follow one another in DER; null when it is none. */
function elements(der: Uint8Array<ArrayBuffer>): Element[] | null {
  const found: Element[] = [];
  let offset = 0;
  while (offset < der.length) {
    const tag = der[offset] ?? 0;
    let length = der[offset + 1] ?? 0;
    offset += 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      if (size === 0 || size > 3) return null;
      length = der.subarray(offset, offset + size).reduce((sum, byte) => sum * 256 + byte, 0);
      offset += size;
    }
    if (offset + length > der.length) return null;
    found.push({ tag, content: der.subarray(offset, offset + length) });
    offset += length;
  }
  return found;
}

/** The tags inside of the one SEQUENCE that a key is. */
function partsOf(der: Uint8Array<ArrayBuffer>, what: string): Element[] {
  const [outer, ...others] = elements(der) ?? [];
  const parts = outer?.tag === SEQUENCE && others.length === 0 ? elements(outer.content) : null;
  if (parts === null) throw new InvalidKey(`${what} is no DER inside`);
  return parts;
}

function privateKeyDer(der: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const parts = partsOf(der, 'the private key');
  const tags = parts.map(({ tag }) => tag);
  if (isPublic(tags)) throw new InvalidKey('the private key is a public key');
  if (tags[0] !== INTEGER) throw new InvalidKey('the private key is no RSA key');
  if (tags[1] === SEQUENCE && tags[2] === OCTET_STRING) {
    requireRsa(parts[1], 'the private key');
    return der;
  }
  if (tags.length === 9 && tags.every((tag) => tag === INTEGER)) {
    return element(SEQUENCE, VERSION_0, RSA_ENCRYPTION, element(OCTET_STRING, der));
  }
  throw new InvalidKey('the private key is no RSA key');
}

function publicKeyDer(der: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const parts = partsOf(der, 'the platform public key');
  const tags = parts.map(({ tag }) => tag);
  if (!isPublic(tags)) throw new InvalidKey('the platform public key is no RSA public key; is it a private one?');
  if (tags[0] === INTEGER) return element(SEQUENCE, RSA_ENCRYPTION, element(BIT_STRING, [0], der));
  requireRsa(parts[0], 'the platform public key');
  return der;
}

/** SubjectPublicKeyInfo, or the two numbers of PKCS#1. */
function isPublic(tags: readonly number[]): boolean {
  const [first, second] = tags;
  return tags.length === 2 && second === (first === SEQUENCE ? BIT_STRING : INTEGER);
}

function requireRsa(algorithm: Element | undefined, what: string): void {
  const wanted = RSA_ENCRYPTION.slice(2, 13);
  if (wanted.some((byte, index) => algorithm?.content[index] !== byte)) throw new InvalidKey(`${what} is no RSA key`);
}

/** One DER element. */
function element(tag: number, ...parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...size, ...parts.flatMap((part) => Array.from(part))]);
}
