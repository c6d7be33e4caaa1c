/** JSON Web Tokens as this protocol has them: one compact JWS (RFC 7515), RS256, a JSON object inside. */
import { fromBase64Url, toBase64Url } from './base64.ts';
import { InvalidToken, SignatureInvalid } from './errors.ts';
import type { LazyKey } from './keys.ts';
import { webCrypto } from './web-crypto.ts';

export type Json = Readonly<Record<string, unknown>>;

const ALGORITHM = 'RSASSA-PKCS1-v1_5';
const HEADER = { alg: 'RS256', typ: 'JWT' };

/** Signs claims. */
export async function signToken(claims: Json, key: LazyKey): Promise<string> {
  const signed = `${encode(HEADER)}.${encode(claims)}`;
  const { subtle } = await webCrypto();
  const signature = await subtle.sign(ALGORITHM, await key(), new TextEncoder().encode(signed));
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}

/**
 * Verifies a token and reads it. White space around it is taken.
 *
 * @throws InvalidToken when it is none, or names another algorithm than RS256 or a critical extension (`crit`)
 * @throws SignatureInvalid when it was not signed with the key
 */
export async function openToken(token: string, key: LazyKey): Promise<Json> {
  const [header = '', payload = '', signature = '', ...rest] = token.trim().split('.');
  const bytes = fromBase64Url(signature);
  if (rest.length > 0 || header === '' || payload === '' || bytes === null || bytes.length === 0) {
    throw new InvalidToken('this is no compact JWS');
  }
  // The algorithm is ours to say; a header that says another is not read any further.
  const { alg, crit } = decode(header, 'header');
  if (alg !== 'RS256') throw new InvalidToken('the algorithm is not RS256');
  if (crit !== undefined) throw new InvalidToken('the header has a critical extension');
  const { subtle } = await webCrypto();
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  if (!(await subtle.verify(ALGORITHM, await key(), bytes, signed))) {
    throw new SignatureInvalid('the signature is not that of the platform');
  }
  return decode(payload, 'payload');
}

function encode(part: Json): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify(part)));
}

function decode(part: string, what: string): Json {
  const bytes = fromBase64Url(part);
  if (bytes === null) throw new InvalidToken(`the ${what} is not base64url`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new InvalidToken(`the ${what} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidToken(`the ${what} is no JSON object`);
  }
  return value as Json;
}
