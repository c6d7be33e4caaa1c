import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { directOrder, queryDirect, placeDirect, raw, signatureHolds, start } from './support.ts';
import type { RawOptions, Running } from './support.ts';

let running: Running;
let out_trade_no: string;

beforeAll(async () => {
  running = await start();
  ({ out_trade_no } = await placeDirect(running));
});
afterAll(() => running.close());

const target = (): string => `/v3/pay/transactions/out-trade-no/${out_trade_no}?mchid=${running.direct.mchid}`;
const seconds = (offset: number): string => String(Math.floor(Date.now() / 1000) + offset);

describe('a request that does not prove who sent it is answered 401 SIGN_ERROR, unsigned', () => {
  const foreign = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const cases: [string, RawOptions, string][] = [
    ['no Authorization', { without: ['Authorization'] }, '签名信息错误，验签失败'],
    ['another scheme', { scheme: 'Bearer' }, '签名信息错误，验签失败'],
    ['no mchid', { authorization: { mchid: '' } }, '签名信息错误，验签失败'],
    ['no nonce_str', { authorization: { nonce_str: '' } }, '签名信息错误，验签失败'],
    ['no timestamp', { authorization: { timestamp: '' } }, '签名信息错误，验签失败'],
    ['no serial_no', { authorization: { serial_no: '' } }, '签名信息错误，验签失败'],
    ['no signature', { authorization: { signature: '' } }, '签名信息错误，验签失败'],
    ['a timestamp in words', { authorization: { timestamp: 'now' } }, '签名信息错误，验签失败'],
    ['an old timestamp', { authorization: { timestamp: seconds(-302) } }, '不得超过5分钟'],
    ['a future timestamp', { authorization: { timestamp: seconds(330) } }, '不得超过5分钟'],
    ['an unknown merchant', { authorization: { mchid: '1900000000' } }, '签名错误'],
    ['another serial', { authorization: { serial_no: 'A'.repeat(40) } }, '商户证书序列号有误'],
    ['a spoilt signature', { authorization: { signature: 'ZmFrZQ==' } }, '错误的签名，验签失败'],
    ['another nonce than signed', { authorization: { nonce_str: 'other' } }, '错误的签名，验签失败'],
  ];
  test.each(cases)('%s', async (_, options, message) => {
    const answer = await raw(running, running.direct, 'GET', target(), options);
    expect([answer.status, answer.json?.code]).toEqual([401, 'SIGN_ERROR']);
    expect(answer.json?.message).toContain(message);
    expect(answer.headers.has('wechatpay-signature')).toBe(false);
  });

  test("another merchant's key", async () => {
    const merchant = { ...running.direct, private_key: foreign.privateKey };
    expect((await raw(running, merchant, 'GET', target())).json?.code).toBe('SIGN_ERROR');
  });

  test('a body changed after signing, with what upstream signed over in detail', async () => {
    const other = await raw(running, running.direct, 'POST', '/v3/pay/transactions/native', {
      body: directOrder(running),
      authorization: { signature: 'ZmFrZQ==' },
    });
    expect(other.json?.['detail']).toMatchObject({
      field: 'signature',
      location: 'authorization',
      sign_information: { method: 'POST', url: '/v3/pay/transactions/native' },
    });
  });

  test('outside of transactions the format error has other words', async () => {
    const answer = await raw(running, running.direct, 'GET', '/v3/certificates', { without: ['Authorization'] });
    expect([answer.status, answer.json?.message]).toEqual([
      401,
      'Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》',
    ]);
  });
});

describe('transport rules', () => {
  test.each(['Accept', 'User-Agent'])('a request without %s is refused before anything else', async (name) => {
    const answer = await raw(running, running.direct, 'GET', target(), { without: [name, 'Authorization'] });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({ code: 'INVALID_REQUEST', message: 'Http头缺少Accept或User-Agent' });
  });

  test('Accept: */* will do', async () => {
    const answer = await raw(running, running.direct, 'GET', target(), { headers: { Accept: '*/*' } });
    expect(answer.status).toBe(200);
  });

  test('a body of another type is refused', async () => {
    const answer = await raw(running, running.direct, 'POST', '/v3/pay/transactions/native', {
      body: directOrder(running),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect([answer.status, answer.json?.code]).toEqual([400, 'INVALID_REQUEST']);
  });

  test.each(['{', '[]', '"text"', '\u0000'])('a body that is not a JSON object (%j) is a PARAM_ERROR', async (body) => {
    const answer = await raw(running, running.direct, 'POST', '/v3/pay/transactions/native', { body });
    expect([answer.status, answer.json?.code]).toEqual([400, 'PARAM_ERROR']);
  });

  test('an unknown path is 404, a wrong method 405, both without body or signature', async () => {
    for (const [method, path, status] of [
      ['GET', '/v3/pay/transactions/no-such', 404],
      ['GET', '/v3/pay/transactions/native', 405],
      ['POST', '/v3/certificates', 405],
    ] as const) {
      const answer = await raw(running, running.direct, method, path, { without: ['Authorization'] });
      expect([answer.status, answer.body.length, answer.headers.has('wechatpay-serial')]).toEqual([status, 0, false]);
    }
  });

  test('refusals of an authenticated request are signed', async () => {
    const answer = await queryDirect(running, 'NOSUCHORDER');
    expect([answer.status, answer.json?.code]).toEqual([404, 'ORDER_NOT_EXIST']);
    expect(signatureHolds(running, answer.headers, answer.body)).toBe(true);
    expect(answer.headers.get('wechatpay-signature-type')).toBe('WECHATPAY2-SHA256-RSA2048');
    expect(answer.headers.get('request-id')).toMatch(/^[0-9A-F]{48}-0$/);
  });
});
