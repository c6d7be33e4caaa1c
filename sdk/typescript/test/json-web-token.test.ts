import { createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openToken, signToken } from '../src/json-web-token.ts';
import { readPrivateKey, readPublicKey } from '../src/keys.ts';
import { pkcs8_pem, spki_pem, vector } from './rfc7515.ts';

const key = readPublicKey(spki_pem);
const token = `${vector.header}.${vector.payload}.${vector.signature}`;

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token that is signed rightly, whatever is in it. */
function signed(header: unknown, payload: unknown): string {
  const content = `${encode(header)}.${encode(payload)}`;
  return `${content}.${sign('sha256', Buffer.from(content), pkcs8_pem).toString('base64url')}`;
}

describe('a token', () => {
  test('of RFC 7515, appendix A.2, is verified and read', async () => {
    expect(await openToken(token, key)).toEqual(vector.claims);
  });

  test('may have white space around it', async () => {
    expect(await openToken(`\r\n ${token}\n`, key)).toEqual(vector.claims);
  });

  test('of ours has the protocol’s header and is what others verify', async () => {
    const claims = { body: '一杯咖啡 ☕', total_fee: 221 };
    const [header = '', payload = '', signature = ''] = (await signToken(claims, readPrivateKey(pkcs8_pem))).split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'JWT' });
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual(claims);
    const bytes = Buffer.from(`${header}.${payload}`);
    expect(verify('sha256', bytes, createPublicKey(spki_pem), Buffer.from(signature, 'base64url'))).toBe(true);
  });

  const other_signature = `${vector.signature.slice(0, 20)}AAAA${vector.signature.slice(24)}`;
  const [, hs256] = [0, encode({ alg: 'HS256' })];

  test.each([
    ['is empty', '', 'ERR_HELIU_INVALID_TOKEN', 'this is no compact JWS'],
    ['is JSON', '{"code":0}', 'ERR_HELIU_INVALID_TOKEN', 'this is no compact JWS'],
    ['has two parts', `${vector.header}.${vector.payload}`, 'ERR_HELIU_INVALID_TOKEN', 'this is no compact JWS'],
    ['has four parts', `${token}.more`, 'ERR_HELIU_INVALID_TOKEN', 'this is no compact JWS'],
    ['has no signature', `${vector.header}.${vector.payload}.`, 'ERR_HELIU_INVALID_TOKEN', 'this is no compact JWS'],
    ['has no payload', `${vector.header}..${vector.signature}`, 'ERR_HELIU_INVALID_TOKEN', 'this is no compact JWS'],
    ['has padding', `${token}==`, 'ERR_HELIU_INVALID_TOKEN', 'this is no compact JWS'],
    [
      'has a header that is no base64url',
      `*.${vector.payload}.${vector.signature}`,
      'ERR_HELIU_INVALID_TOKEN',
      'the header is not base64url',
    ],
    [
      'has a header that is no JSON',
      `${encode('alg')}.${vector.payload}.${vector.signature}`,
      'ERR_HELIU_INVALID_TOKEN',
      'the header is not JSON',
    ],
    [
      'has a header that is no object',
      `${encode('[]')}.${vector.payload}.${vector.signature}`,
      'ERR_HELIU_INVALID_TOKEN',
      'the header is no JSON object',
    ],
    [
      'says that it is not signed',
      `${encode({ alg: 'none' })}.${vector.payload}.${vector.signature}`,
      'ERR_HELIU_INVALID_TOKEN',
      'the algorithm is not RS256',
    ],
    [
      'says HS256, to be checked with the public key as a secret',
      `${hs256}.${vector.payload}.${vector.signature}`,
      'ERR_HELIU_INVALID_TOKEN',
      'the algorithm is not RS256',
    ],
    [
      'has a critical extension',
      signed({ alg: 'RS256', crit: ['b64'], b64: false }, {}),
      'ERR_HELIU_INVALID_TOKEN',
      'the header has a critical extension',
    ],
    [
      'has another payload',
      `${vector.header}.${encode({ iss: 'eve' })}.${vector.signature}`,
      'ERR_HELIU_SIGNATURE_INVALID',
      'the signature is not that of the platform',
    ],
    [
      'has another signature',
      `${vector.header}.${vector.payload}.${other_signature}`,
      'ERR_HELIU_SIGNATURE_INVALID',
      'the signature is not that of the platform',
    ],
    [
      'has another header than was signed',
      `${encode({ alg: 'RS256', typ: 'JWT' })}.${vector.payload}.${vector.signature}`,
      'ERR_HELIU_SIGNATURE_INVALID',
      'the signature is not that of the platform',
    ],
    [
      'is signed and holds no JSON',
      signed({ alg: 'RS256' }, 'hello'),
      'ERR_HELIU_INVALID_TOKEN',
      'the payload is not JSON',
    ],
    [
      'is signed and holds a list',
      signed({ alg: 'RS256' }, '[1]'),
      'ERR_HELIU_INVALID_TOKEN',
      'the payload is no JSON object',
    ],
    [
      'is signed and holds null',
      signed({ alg: 'RS256' }, 'null'),
      'ERR_HELIU_INVALID_TOKEN',
      'the payload is no JSON object',
    ],
  ])('is refused when it %s', async (_what, text, code, message) => {
    await expect(openToken(text, key)).rejects.toMatchObject({ code, message });
  });
});
