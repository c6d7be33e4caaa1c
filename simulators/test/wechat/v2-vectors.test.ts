import { createDecipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encryptReqInfo, signHolds, signOf } from '../../src/wechat/v2/sign.ts';
import { buildXml, parseXml } from '../../src/wechat/v2/xml.ts';

/** The vendor's own example, with its source. */
const vector = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors', 'v2.json'), 'utf8')) as {
  fields: Record<string, string>;
  key: string;
  md5: string;
  hmac_sha256: string;
};

test('signs the published example as published', () => {
  expect(signOf(vector.fields, vector.key, 'MD5')).toBe(vector.md5);
  expect(signOf(vector.fields, vector.key, 'HMAC-SHA256')).toBe(vector.hmac_sha256);
});

test('empty fields and sign itself are not signed; anything else is', () => {
  const signed = { ...vector.fields, attach: '', sign: vector.md5 };
  expect(signHolds(signed, vector.key, 'MD5')).toBe(true);
  expect(signHolds({ ...signed, body: 'Test' }, vector.key, 'MD5')).toBe(false);
  expect(signHolds({ ...signed, attach: 'x' }, vector.key, 'MD5')).toBe(false);
  expect(signHolds({ ...signed, sign: vector.md5.toLowerCase() }, vector.key, 'MD5')).toBe(false);
  expect(signHolds(vector.fields, vector.key, 'MD5')).toBe(false);
});

test.each(['short', 'exactly sixteen!', '退款'.repeat(40)])(
  'req_info opens the way merchants are told: %s',
  (plain) => {
    // chapter=9_16: base64; MD5 of the key in lower case; AES-256-ECB with PKCS #7 padding.
    const key = createHash('md5').update(vector.key).digest('hex');
    const decipher = createDecipheriv('aes-256-ecb', key, null);
    const bytes = Buffer.from(encryptReqInfo(plain, vector.key), 'base64');
    expect(Buffer.concat([decipher.update(bytes), decipher.final()]).toString('utf8')).toBe(plain);
  },
);

test('XML comes back as it was, whatever is in it', () => {
  const fields = { body: ' <a> & "b" ]]> 咖啡 \n', total_fee: '007', detail: '{"a":1}' };
  expect(parseXml(Buffer.from(buildXml(fields)))).toEqual(fields);
});

test('entities that XML itself has are read', () => {
  expect(parseXml(Buffer.from('<?xml version="1.0"?>\n<xml>\n<a>x &amp; &#20013;</a>\n<b/></xml>'))).toEqual({
    a: 'x & 中',
  });
});

test.each([
  '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><a>&x;</a></xml>',
  '<!DOCTYPE xml [<!ENTITY x "y">]><xml><a>&x;</a></xml>',
  '<!DOCTYPE xml><xml><a>1</a></xml>',
  '<!doctype xml><xml><a>1</a></xml>',
  '<xml><!ENTITY x "y"><a>1</a></xml>',
  '<xml><a>1</a>',
  '<xml><a><b>1</b></a></xml>',
  '<xml><a>1</a><a>2</a></xml>',
  '<xml><__proto__>1</__proto__></xml>',
  '<other><a>1</a></other>',
  '{"a":1}',
  '',
])('%s is no message', (text) => {
  expect(parseXml(Buffer.from(text))).toBeUndefined();
});

test('bytes that are no UTF-8 are no message', () => {
  expect(
    parseXml(Buffer.from([0x3c, 0x78, 0x6d, 0x6c, 0x3e, 0xff, 0x3c, 0x2f, 0x78, 0x6d, 0x6c, 0x3e])),
  ).toBeUndefined();
});
