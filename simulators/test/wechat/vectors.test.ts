import { createPublicKey, createVerify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { memoryJournal } from '../../src/kernel/journal.ts';
import { authenticate } from '../../src/wechat/authorization.ts';
import { createWechatConfig } from '../../src/wechat/config.ts';
import type { PlatformKey } from '../../src/wechat/config.ts';
import { Keyring } from '../../src/wechat/keyring.ts';
import { encrypt } from '../../src/wechat/signing.ts';
import { virtualPorts } from '../support/virtual-ports.ts';

interface SignatureVector {
  readonly message: string;
  readonly signature: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../verification/vectors/wechat-v3.json', import.meta.url), 'utf8'),
) as {
  private_key_pem: string;
  wechatpay_public_key_pem: string;
  request: SignatureVector;
  response: SignatureVector;
  jsapi: SignatureVector;
  app: SignatureVector;
};
const [gcm] = JSON.parse(
  readFileSync(new URL('../../../verification/vectors/aes-256-gcm.json', import.meta.url), 'utf8'),
) as { key: string; nonce: string; aad: string; ciphertext_b64: string; plaintext: string }[];

const public_key = createPublicKey(vectors.private_key_pem).export({ type: 'spki', format: 'pem' }).toString();

describe('published vectors', () => {
  test("the request of the vendor's page is authenticated; one changed byte of it is not", async () => {
    const { merchants } = await createWechatConfig(virtualPorts());
    const [direct] = merchants;
    if (!direct) throw new Error('no merchant');
    const serial = '408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB';
    const merchant = { ...direct, mchid: '1900007291', certificate_serial: serial, public_key };
    const [method = '', target = '', timestamp = '', nonce = '', body = ''] = vectors.request.message.split('\n');
    const fields = { mchid: merchant.mchid, nonce_str: nonce, signature: vectors.request.signature, timestamp };
    const list = Object.entries({ ...fields, serial_no: serial }).map(([name, value]) => `${name}="${value}"`);
    const request = {
      method,
      target,
      headers: { authorization: `WECHATPAY2-SHA256-RSA2048 ${list.join(',')}` },
      body: Buffer.from(body),
    };
    const now_ms = Number(timestamp) * 1000;
    expect(authenticate([merchant], request, now_ms)).toBe(merchant);
    const changed = { ...request, body: Buffer.from(body.replace('100', '101')) };
    expect(() => authenticate([merchant], changed, now_ms)).toThrow('错误的签名，验签失败');
    expect(() => authenticate([merchant], request, now_ms + 300_001)).toThrow('不得超过5分钟');
  });

  test.each(['request', 'jsapi', 'app'] as const)(
    'signing the %s message gives the published signature',
    async (name) => {
      const key: PlatformKey = {
        kind: 'public_key',
        serial: 'PUB_KEY_ID_1',
        private_key: vectors.private_key_pem,
        public_key,
        effective_at_ms: 0,
        expires_at_ms: 1,
      };
      const config = await createWechatConfig(virtualPorts());
      const keyring = new Keyring({ ...config, platform_keys: [key], current_serial: key.serial }, memoryJournal());
      expect(keyring.sign(key.serial, Buffer.from(vectors[name].message))).toBe(vectors[name].signature);
    },
  );

  test('the published answer is signed over the form our answers are signed over', () => {
    const [timestamp, nonce, body] = vectors.response.message.split('\n');
    const holds = createVerify('RSA-SHA256')
      .update(`${timestamp}\n${nonce}\n${body}\n`)
      .verify(vectors.wechatpay_public_key_pem, vectors.response.signature, 'base64');
    expect(holds).toBe(true);
  });

  test('encryption gives the published ciphertext', () => {
    if (!gcm) throw new Error('no vector');
    expect(encrypt(gcm.key, gcm.nonce, gcm.aad, gcm.plaintext)).toBe(gcm.ciphertext_b64);
  });
});
