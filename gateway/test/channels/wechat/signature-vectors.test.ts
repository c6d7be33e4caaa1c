import { createPrivateKey, createPublicKey, createSecretKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decryptResource } from '../../../src/channels/wechat/decrypt.ts';
import { answerMessage, invocationMessage, isSignedBy, requestMessage } from '../../../src/channels/wechat/sign.ts';
import { readPrivateKey, readPublicKey } from '../../../src/channels/wechat/sign.ts';

function vectors(name: string) {
  return JSON.parse(readFileSync(new URL(`../../../../verification/vectors/${name}`, import.meta.url), 'utf8'));
}

const v3 = vectors('wechat-v3.json');
const [gcm] = vectors('aes-256-gcm.json');
const BODY: string = v3.request.message.split('\n')[4];

describe('the vendor’s published vectors', () => {
  test('a request is signed to the published signature', () => {
    const message = requestMessage(
      'POST',
      '/v3/pay/transactions/jsapi',
      '1554208460',
      '593BEC0C930BF1AFEB40B4A08C8FB242',
      BODY,
    );
    expect(message).toBe(v3.request.message);
    const key = createPrivateKey(v3.private_key_pem);
    expect(sign('sha256', Buffer.from(message), key).toString('base64')).toBe(v3.request.signature);
  });

  test.each([
    ['a page', 'prepay_id=wx201410272009395522657a690389285100', v3.jsapi],
    ['an app', 'wx201410272009395522657a690389285100', v3.app],
  ])('what %s opens WeChat Pay with is signed to the published signature', (_who, what, published) => {
    const message = invocationMessage('wx2421b1c4370ec43b', '1554208460', '593BEC0C930BF1AFEB40B4A08C8FB242', what);
    expect(message).toBe(published.message);
    const signature = sign('sha256', Buffer.from(message), createPrivateKey(v3.private_key_pem));
    expect(signature.toString('base64')).toBe(published.signature);
  });

  test('the published answer is verified, and no longer when one byte differs', () => {
    const [timestamp, nonce, body] = v3.response.message.split('\n');
    const key = createPublicKey(v3.wechatpay_public_key_pem);
    const bytes = Buffer.from(body);
    expect(isSignedBy(key, answerMessage(timestamp, nonce, bytes), v3.response.signature)).toBe(true);
    const forged = Buffer.from(body.replace('JyC91EIz1', 'JyC91EIz2'));
    expect(isSignedBy(key, answerMessage(timestamp, nonce, forged), v3.response.signature)).toBe(false);
    expect(isSignedBy(key, answerMessage(timestamp, nonce, bytes), 'not base64 at all')).toBe(false);
  });

  test('the published AES-256-GCM text is decrypted, and refused when a bit of the tag or of the text is flipped', () => {
    const key = createSecretKey(Buffer.from(gcm.key));
    const resource = {
      algorithm: 'AEAD_AES_256_GCM',
      ciphertext: gcm.ciphertext_b64,
      nonce: gcm.nonce,
      associated_data: gcm.aad,
    };
    expect(decryptResource(key, resource)).toBe(gcm.plaintext);
    const sealed = Buffer.from(gcm.ciphertext_b64, 'base64');
    for (let index = 0; index < sealed.length; index++) {
      const flipped = Buffer.from(sealed);
      flipped[index] = (flipped[index] ?? 0) ^ 1;
      expect(decryptResource(key, { ...resource, ciphertext: flipped.toString('base64') })).toBeNull();
    }
    expect(decryptResource(key, { ...resource, associated_data: 'other' })).toBeNull();
    expect(decryptResource(key, { ...resource, nonce: '' })).toBeNull();
    expect(decryptResource(key, { ...resource, algorithm: 'AES-256-CBC' })).toBeNull();
    // Too short to hold a tag at all.
    expect(decryptResource(key, { ...resource, ciphertext: sealed.subarray(0, -12).toString('base64') })).toBeNull();
  });

  test('the published keys are read as an account’s keys would be', () => {
    expect(readPrivateKey(v3.private_key_pem, 'merchant_private_key').type).toBe('private');
    expect(readPublicKey(v3.wechatpay_public_key_pem, 'platform_keys.X').type).toBe('public');
  });
});
