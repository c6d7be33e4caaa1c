import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { InvalidKey } from '../src/errors.ts';
import { openToken, signToken } from '../src/json-web-token.ts';
import { readPrivateKey, readPublicKey } from '../src/keys.ts';
import { webCrypto } from '../src/web-crypto.ts';
import { oneLine, pkcs1_pem, pkcs8_pem, public_pkcs1_pem, spki_pem, vector } from './rfc7515.ts';

describe('a private key', () => {
  test.each([
    ['PKCS#8 as PEM', pkcs8_pem],
    ['PKCS#8 as one line of base64', oneLine(pkcs8_pem)],
    ['PKCS#1 as PEM', pkcs1_pem],
    ['PKCS#1 as one line of base64', oneLine(pkcs1_pem)],
    ['PEM with the line breaks of Windows', pkcs1_pem.replaceAll('\n', '\r\n')],
    ['PEM with \\n as an environment variable has it', pkcs8_pem.replaceAll('\n', '\\n')],
    ['PEM with white space around', `\n  ${pkcs8_pem}\n\n`],
  ])('is read from %s, and makes the published signature', async (_form, text) => {
    const key = await readPrivateKey(text)();
    const { subtle } = await webCrypto();
    const signed = new TextEncoder().encode(`${vector.header}.${vector.payload}`);
    const signature = await subtle.sign('RSASSA-PKCS1-v1_5', key, signed);
    expect(Buffer.from(signature).toString('base64url')).toBe(vector.signature);
  });

  test.each([1024, 2048, 4096])('of %i bits in PKCS#1 is wrapped rightly', async (modulusLength) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
    const token = await signToken(
      { a: 1 },
      readPrivateKey(oneLine(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString())),
    );
    const [header = '', payload = '', signature = ''] = token.split('.');
    const signed = Buffer.from(`${header}.${payload}`);
    expect(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
    const spelled = readPublicKey(oneLine(publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()));
    expect(await openToken(token, spelled)).toEqual({ a: 1 });
  });

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const encrypted = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
  const old_encrypted = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;

  test.each([
    ['nothing', '', 'the private key is neither PEM nor base64'],
    ['prose', 'no key at all!', 'the private key is neither PEM nor base64'],
    ['base64 of something else', btoa('hello, world'), 'the private key is no DER inside'],
    ['a PEM that was cut', pkcs8_pem.slice(0, 400), 'the private key is an incomplete PEM'],
    ['a PEM with damaged base64', pkcs8_pem.replace('MII', 'M*I'), 'the private key is neither PEM nor base64'],
    ['a base64 line that was cut', oneLine(pkcs8_pem).slice(0, 400), 'the private key is no DER inside'],
    ['a public key', spki_pem, 'the private key is a public key'],
    ['a public key in PKCS#1', public_pkcs1_pem, 'the private key is a public key'],
    [
      'a key of another kind',
      ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'the private key is no RSA key',
    ],
    ['an encrypted key', encrypted, 'the private key is encrypted: decrypt it by openssl pkey -in FILE'],
    ['an encrypted key of old', old_encrypted, 'the private key is encrypted: decrypt it by openssl pkey -in FILE'],
    [
      'a certificate',
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      'the private key is a certificate: a key is needed',
    ],
  ])('cannot be %s', (_what, text, message) => {
    expect(() => readPrivateKey(text)).toThrow(expect.objectContaining({ message, code: 'ERR_HELIU_INVALID_KEY' }));
  });

  test('of the right form with nonsense in it is refused when it is used, without a word of it', async () => {
    const der = Buffer.from(oneLine(pkcs8_pem), 'base64');
    // What begins at 26 is the RSAPrivateKey inside: no SEQUENCE any more.
    der[26] = 0x31;
    const nonsense = der.toString('base64');
    const error: unknown = await readPrivateKey(nonsense)().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InvalidKey);
    expect((error as Error).message).toBe('the private key is damaged: Web Crypto does not take it');
  });
});

describe('the platform’s public key', () => {
  test.each([
    ['PEM', spki_pem],
    ['one line of base64', oneLine(spki_pem)],
    ['PKCS#1 as PEM', public_pkcs1_pem],
    ['PKCS#1 as one line of base64', oneLine(public_pkcs1_pem)],
  ])('is read from %s', async (_form, text) => {
    const token = `${vector.header}.${vector.payload}.${vector.signature}`;
    expect(await openToken(token, readPublicKey(text))).toEqual(vector.claims);
  });

  test.each([
    ['a private key', pkcs8_pem, 'the platform public key is no RSA public key; is it a private one?'],
    ['a private key in PKCS#1', pkcs1_pem, 'the platform public key is no RSA public key; is it a private one?'],
    [
      'a key of another kind',
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'the platform public key is no RSA key',
    ],
  ])('cannot be %s', (_what, text, message) => {
    expect(() => readPublicKey(text)).toThrow(expect.objectContaining({ message, code: 'ERR_HELIU_INVALID_KEY' }));
  });
});
