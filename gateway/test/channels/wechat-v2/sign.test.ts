import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Formatter, Hash, Transformer } from 'wechatpay-axios-plugin';
import { decryptRequestInfo, refundKey } from '../../../src/channels/wechat/v2/decrypt.ts';
import { isSigned, signatureOf } from '../../../src/channels/wechat/v2/sign.ts';
import { compactTime, readCompactTime } from '../../../src/channels/wechat/v2/time.ts';
import { readXml, writeXml } from '../../../src/channels/wechat/v2/xml.ts';
import { API_KEY } from './upstream.ts';

/** pay.weixin.qq.com/wiki/doc/api, chapter=4_3. */
const vector = JSON.parse(
  readFileSync(new URL('../../../../verification/vectors/wechat-v2.json', import.meta.url), 'utf8'),
);
const pairs = (vector.string as string).split('&').map((pair) => pair.split('=') as [string, string]);
const key = pairs.at(-1)?.[1] ?? '';
const members = pairs.slice(0, -1);

describe('the vendor’s published vector', () => {
  test('is signed to the published signatures, in whatever order and with whatever is empty', () => {
    expect(signatureOf('MD5', members, key)).toBe(vector.md5);
    expect(signatureOf('HMAC-SHA256', members, key)).toBe(vector.hmac_sha256);
    const shuffled = [['sign', 'old'], ['attach', ''], ...members.toReversed()] as [string, string][];
    expect(signatureOf('MD5', shuffled, key)).toBe(vector.md5);
  });

  test('is verified by either algorithm, named or told by its length', () => {
    for (const sign of [vector.md5, vector.hmac_sha256] as string[])
      expect(isSigned(new Map([...members, ['sign', sign]]), key)).toBe(true);
    const named = [...members, ['sign_type', 'MD5']] as [string, string][];
    expect(isSigned(new Map([...named, ['sign', signatureOf('MD5', named, key)]]), key)).toBe(true);
    expect(isSigned(new Map([...named, ['sign', signatureOf('HMAC-SHA256', named, key)]]), key)).toBe(false);
  });

  test.each([
    ['another key', members, vector.md5, `${key.slice(1)}x`],
    ['another amount', [...members, ['total_fee', '1']], vector.md5, key],
    ['no signature', members, '', key],
    ['a lower-case one', members, String(vector.md5).toLowerCase(), key],
    ['one cut short', members, String(vector.md5).slice(0, 31), key],
    ['one of another length in bytes', members, '中'.repeat(32), key],
    ['an unknown algorithm', [...members, ['sign_type', 'NONE']], vector.md5, key],
  ] as [string, [string, string][], string, string][])('is not verified with %s', (_what, changed, sign, api_key) => {
    expect(isSigned(new Map([...changed, ['sign', sign]]), api_key)).toBe(false);
  });
});

describe('beside an independent client', () => {
  const order = {
    appid: 'wx8888888888888888',
    mch_id: '1230000109',
    body: '普尔商城 <&> “测试”',
    a_B: '1',
    aB: '2',
    attach: '',
  };

  test.each(['MD5', 'HMAC-SHA256'] as const)('%s signatures are the same', (type) => {
    expect(signatureOf(type, Object.entries(order), API_KEY)).toBe(Hash.sign(type, order, API_KEY));
    expect(Formatter.queryStringLike(Formatter.ksort(order))).toContain('aB=2&a_B=1');
  });

  test('it reads the XML that we write, and we read its own', () => {
    const tricky = { ...order, attach: 'a ]]> b ]]]]>', detail: '' };
    expect(Transformer.toObject(writeXml(tricky))).toEqual(tricky);
    expect(Object.fromEntries(readXml(Transformer.toXml(order)) ?? [])).toEqual(order);
  });
});

test('req_info is decrypted with the MD5 of the key, and nothing else is', () => {
  const text = '<root><refund_status>SUCCESS</refund_status></root>';
  const cipher = createCipheriv('aes-256-ecb', createHash('md5').update(API_KEY).digest('hex'), null);
  const req_info = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
  expect(decryptRequestInfo(refundKey(API_KEY), req_info)).toBe(text);
  expect(decryptRequestInfo(refundKey(`${API_KEY.slice(1)}0`), req_info)).toBeNull();
  expect(decryptRequestInfo(refundKey(API_KEY), req_info.slice(0, -8))).toBeNull();
  expect(decryptRequestInfo(refundKey(API_KEY), 'nonsense')).toBeNull();
  expect(decryptRequestInfo(refundKey(API_KEY), '')).toBeNull();
});

test('times are Beijing’s, both ways', () => {
  expect(compactTime(Date.UTC(2026, 1, 28, 16, 0, 1, 999))).toBe('20260301000001');
  expect(readCompactTime('20260301000001')).toBe(Date.UTC(2026, 1, 28, 16, 0, 1));
  for (const text of ['', '2026030100000', '20260230000000', '20261301000000', '20260301250000', undefined])
    expect(readCompactTime(text)).toBeNull();
});
