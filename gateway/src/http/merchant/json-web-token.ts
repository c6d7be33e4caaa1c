/**
 * The merchant's request body: a compact JWS, RS256 and nothing else (protocol section 1; RFC 7515, RFC 8725 section 3.1:
 * the algorithm is pinned by us, never chosen by the header).
 */
import { verify, type KeyObject } from 'node:crypto';
import { ApiError } from '../../domain/codes.ts';

export type Claims = Readonly<Record<string, unknown>>;

export interface ReadToken {
  readonly claims: Claims;
  /** What the signature covers. */
  readonly signed: string;
  readonly signature: Buffer;
}

const TOKEN = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/;

/** Takes a body apart without believing it. Throws 100 when it is no JWT, 101 when it names another algorithm. */
export function readToken(body: string): ReadToken {
  const match = TOKEN.exec(body.trim());
  if (!match)
    throw new ApiError('not_a_token', 'the body must be one compact JWT (header.payload.signature, base64url)');
  const [, header_text = '', payload_text = '', signature_text = ''] = match;
  const header = parseObject(header_text, 'header');
  if (header['alg'] !== 'RS256') throw new ApiError('bad_signature', 'the JWT header must say alg RS256');
  if (header['crit'] !== undefined)
    throw new ApiError('bad_signature', 'the JWT header names extensions (crit) that are not supported');
  return {
    claims: parseObject(payload_text, 'payload'),
    signed: `${header_text}.${payload_text}`,
    signature: Buffer.from(signature_text, 'base64url'),
  };
}

/** Throws 101 unless the token was signed with the merchant's private key. */
export function assertSigned(token: ReadToken, public_key: KeyObject | null): void {
  if (!public_key) throw new ApiError('bad_signature', 'this merchant has no public key yet: upload it first');
  if (!verify('sha256', Buffer.from(token.signed), public_key, token.signature)) {
    throw new ApiError(
      'bad_signature',
      'the signature is not that of this merchant: sign with the private key whose public key was uploaded',
    );
  }
}

/** Throws 105 outside `nbf` … `exp` (RFC 7519 sections 4.1.4, 4.1.5), 102 when they are no numbers. */
export function assertInTime(claims: Claims, now_ms: number): void {
  const expires_s = unixSecond(claims, 'exp');
  if (expires_s !== null && now_ms >= expires_s * 1000)
    throw new ApiError('request_expired', 'exp has passed: sign a new request');
  const not_before_s = unixSecond(claims, 'nbf');
  if (not_before_s !== null && now_ms < not_before_s * 1000)
    throw new ApiError('request_expired', 'nbf is in the future: check the clock');
}

function unixSecond(claims: Claims, name: 'exp' | 'nbf'): number | null {
  const value = claims[name];
  if (value === undefined || value === null) return null;
  const second = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value;
  if (typeof second !== 'number' || !Number.isFinite(second))
    throw new ApiError('malformed_field', `${name} must be a Unix second`);
  return second;
}

function parseObject(base64url: string, part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through to the one message for everything that is no JSON object.
  }
  throw new ApiError('not_a_token', `the JWT ${part} must be a JSON object`);
}
