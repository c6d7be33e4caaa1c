import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ChannelMisconfigured } from '../../../src/channels/channel.ts';
import { wechat } from '../../../src/channels/wechat/channel.ts';
import { selfSigned } from '../../outbound/certificate.ts';
import { directOrder, order } from '../wechat/support/account.ts';
import { ALL_SECRETS, bench, merchant, PARTNER_IDENTITY, server_certificate } from './account.ts';
import { API_KEY, refusal, xml } from './upstream.ts';

const { upstream, open, account, ports } = bench();
const other = selfSigned(['other.example']);
const GARBAGE = '-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n';

function complaint(settings: Record<string, unknown>, secrets: Record<string, string> = ALL_SECRETS): string {
  try {
    open(settings, secrets);
  } catch (error) {
    expect(error).toBeInstanceOf(ChannelMisconfigured);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('the account was opened');
}

/** What an operator is told who adds the account. */
function refusalOf(schema: typeof wechat.settings | typeof wechat.secrets, value: unknown): string {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return issues.map((issue) => [...issue.path, issue.message].join(': ')).join('; ');
}

describe('an account that cannot be used is refused by the name of the field', () => {
  test.each<[string, Record<string, unknown>]>([
    ['mode', { mode: 'both' }],
    ['base_url', { base_url: 'https://api.mch.weixin.qq.com/pay' }],
    ['mchid', { mchid: '12"30' }],
    ['appid', { appid: undefined }],
    ['sign_type', { sign_type: 'RSA' }],
    ['timeout_ms', { timeout_ms: 0 }],
    ['ca_certificate', { ca_certificate: 'words' }],
    ['ca_certificate', { ca_certificate: GARBAGE }],
    ['ca_certificate', { ca_certificate: merchant.key_pem }],
    ['ca_certificate', { ca_certificate: `${server_certificate.certificate_pem}${merchant.key_pem}` }],
    ['merchant_serial', { merchant_serial: '1DDE55' }],
  ])('%s: %o', (field, settings) => {
    expect(complaint(settings)).toContain(field);
  });

  test.each<[string, Record<string, string>]>([
    ['api_v2_key', { ...ALL_SECRETS, api_v2_key: 'secret words' }],
    ['api_v2_key', { merchant_private_key: merchant.key_pem }],
    ['api_v3_key', { ...ALL_SECRETS, api_v3_key: API_KEY }],
    ['merchant_private_key', { ...ALL_SECRETS, merchant_private_key: 'secret words' }],
    [
      'merchant_private_key',
      { ...ALL_SECRETS, merchant_private_key: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----' },
    ],
    ['merchant_certificate', { ...ALL_SECRETS, merchant_certificate: 'secret words' }],
    ['merchant_certificate', { ...ALL_SECRETS, merchant_certificate: GARBAGE }],
    ['merchant_certificate', { ...ALL_SECRETS, merchant_certificate: other.certificate_pem }],
    [
      'merchant_certificate',
      { ...ALL_SECRETS, merchant_certificate: `${merchant.certificate_pem}${merchant.key_pem}` },
    ],
  ])('%s, and never by its value', (field, secrets) => {
    const message = complaint({}, secrets);
    expect(message).toContain(field);
    for (const value of Object.values(secrets)) expect(message).not.toContain(value.slice(-12));
    expect(message).not.toContain('secret words');
  });
});

describe('adding an account', () => {
  test('protocol is v3 unless it says v2, and nothing else', () => {
    const { protocol: _protocol, sign_type: _type, ca_certificate: _ca, ...v3 } = account().settings;
    expect(refusalOf(wechat.settings, { ...v3, protocol: 'v1' })).toBe('protocol: must be "v3" or "v2"');
    expect(refusalOf(wechat.settings, v3)).toContain('merchant_serial');
    expect(wechat.settings.parse({ ...v3, merchant_serial: '1DDE55' })).toMatchObject({ protocol: 'v3' });
    expect(refusalOf(wechat.settings, { ...v3, protocol: 'v2', merchant_serial: '1DDE55' })).toContain(
      'merchant_serial',
    );
    expect(wechat.settings.parse({ ...v3, protocol: 'v2', base_url: undefined })).toMatchObject({
      base_url: 'https://api.mch.weixin.qq.com',
      sign_type: 'HMAC-SHA256',
      timeout_ms: 5_000,
    });
  });

  test('secrets are those of the protocol whose key is among them, and what is wrong is named', () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    expect(wechat.secrets.parse({ api_v2_key: API_KEY })).toEqual({ api_v2_key: API_KEY });
    expect(wechat.secrets.parse(ALL_SECRETS)).toEqual(ALL_SECRETS);
    // A file that holds the key ends in a line feed.
    expect(wechat.secrets.parse({ api_v2_key: `${API_KEY}\n` })).toEqual({ api_v2_key: API_KEY });
    const v3 = { api_v3_key: API_KEY, merchant_private_key: privateKey };
    expect(wechat.secrets.parse(v3)).toEqual(v3);
    expect(refusalOf(wechat.secrets, { api_v2_key: 'short' })).toBe(
      'api_v2_key: must be exactly 32 characters (APIv2 密钥)',
    );
    expect(refusalOf(wechat.secrets, { ...v3, api_v3_key: 'short' })).toBe('api_v3_key: must be exactly 32 bytes');
    expect(refusalOf(wechat.secrets, { api_v3_key: API_KEY })).toMatch(/^merchant_private_key: /);
  });

  test('an account of one protocol with the secrets of the other is told which is missing', () => {
    expect(complaint({}, { api_v3_key: API_KEY, merchant_private_key: merchant.key_pem })).toContain('api_v2_key');
    const { ca_certificate: _ca, sign_type: _type, ...common } = account().settings;
    const settings = { ...common, protocol: 'v3', merchant_serial: '1DDE55' };
    expect(() => wechat.open({ ...account(), settings }, ports)).toThrow('api_v3_key');
  });
});

test('every pay type of the channel can be placed by an account of this protocol', async () => {
  const fields = { auth_code: '136345610916464024', sub_appid: 'wx069eb0cbbdd45873', sub_openid: 'o1' };
  for (const { code } of wechat.pay_types)
    await expect(open().prepareBegin({ ...order, pay_type: code, fields })).resolves.toBeDefined();
});

describe('the identity that a payment must have', () => {
  test('is named as in V3', () => {
    expect(open().expectedIdentity(order)).toEqual(PARTNER_IDENTITY);
    expect(open().expectedIdentity({ merchant_params: { sub_mchid: '1' }, fields: { sub_appid: 'wx1' } })).toEqual({
      sp_appid: 'wx8888888888888888',
      sp_mchid: '1230000109',
      sub_mchid: '1',
      sub_appid: 'wx1',
    });
    expect(open({ mode: 'direct' }).expectedIdentity(directOrder)).toEqual({
      appid: 'wx8888888888888888',
      mchid: '1230000109',
    });
  });

  test('is none that an answer can have when the route does not fit the mode', () => {
    expect(open().expectedIdentity({ merchant_params: {}, fields: {} })).toMatchObject({ sub_mchid: '' });
    expect(open({ mode: 'direct' }).expectedIdentity(order)).toMatchObject({ sub_mchid: '1900000109' });
  });
});

describe('testing an account', () => {
  test('asks for an order that cannot exist: a refusal under our key proves the key', async () => {
    upstream.answers(refusal('ORDERNOTEXIST'));
    expect(await open({ mode: 'direct' }).test()).toEqual({
      ok: true,
      message: 'request and answer verified with the APIv2 key',
    });
    expect(upstream.paths).toEqual(['POST /pay/orderquery']);
    expect(upstream.last.members['out_trade_no']).toMatch(/^0{24}$/);
  });

  test('tells what cannot be done without a client certificate', async () => {
    upstream.answers(refusal('PARAM_ERROR', 'sub_mch_id is missing'));
    const { ok, message } = await open({}, { api_v2_key: API_KEY }).test();
    expect(ok).toBe(true);
    expect(message).toContain('merchant_certificate is missing');
  });

  test('tells a wrong key, a wrong number and a peer that is not there', async () => {
    upstream.answers({ status: 200, text: xml({ return_code: 'FAIL', return_msg: '签名错误' }) });
    expect(await open().test()).toEqual({ ok: false, message: 'unknown: unsigned_refusal (签名错误)' });
    upstream.answers(refusal('MCHID_NOT_EXIST', '商户号不存在'));
    expect(await open().test()).toEqual({ ok: false, message: 'MCHIDNOTEXIST: 商户号不存在' });
    expect(await open({ base_url: 'http://127.0.0.1:1' }).test()).toEqual({
      ok: false,
      message: 'not_sent: connection_refused',
    });
  });
});
