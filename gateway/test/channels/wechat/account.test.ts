import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ChannelMisconfigured } from '../../../src/channels/channel.ts';
import { wechat } from '../../../src/channels/wechat/channel.ts';
import { makeCertificate, makeKey } from './support/certificate.ts';
import { bench, NOW_MS, order, PLATFORM_SERIAL } from './support/account.ts';
import { testPorts } from './support/ports.ts';

const { upstream, account, open, clock, merchant } = bench();

function rsa(modulusLength: number) {
  return generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
}
const small = rsa(1024);
const pkcs1 = rsa(2048);
const elliptic = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const garbage = '-----BEGIN PRIVATE KEY-----\nbm90IGEga2V5\n-----END PRIVATE KEY-----\n';
const otherCertificate = makeCertificate(makeKey(), '0ABB', NOW_MS, NOW_MS + 1_000);

/** The complaint about an account; fails when there is none. */
function complaint(
  settings: Readonly<Record<string, unknown>>,
  secrets: Readonly<Record<string, string>> = {},
): string {
  const complete = account(settings);
  try {
    wechat.open({ ...complete, secrets: { ...complete.secrets, ...secrets } }, testPorts(clock));
  } catch (error) {
    expect(error).toBeInstanceOf(ChannelMisconfigured);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('the account was opened');
}

describe('an account that cannot be used is refused by the name of the field', () => {
  test.each<[string, Record<string, unknown>]>([
    ['mode', { mode: 'both' }],
    ['base_url', { base_url: 'https://api.mch.weixin.qq.com/pay' }],
    ['base_url', { base_url: 'https://user@api.mch.weixin.qq.com' }],
    ['base_url', { base_url: 'ftp://api.mch.weixin.qq.com' }],
    ['base_url', { base_url: 'api.mch.weixin.qq.com' }],
    ['mchid', { mchid: '12"30' }],
    ['mchid', { mchid: undefined }],
    ['appid', { appid: '' }],
    ['merchant_serial', { merchant_serial: 'a b' }],
    ['timeout_ms', { timeout_ms: 0 }],
    ['prefer_serial', { prefer_serial: 'PUB_KEY_ID_NOT_HELD' }],
    ['prefer_serail', { prefer_serail: PLATFORM_SERIAL }],
    ['platform_keys', { platform_keys: { [PLATFORM_SERIAL]: merchant.private_pem } }],
    ['platform_keys', { platform_keys: { [PLATFORM_SERIAL]: small.publicKey } }],
    ['platform_keys', { platform_keys: { [PLATFORM_SERIAL]: elliptic.publicKey } }],
    ['platform_keys', { platform_keys: { [PLATFORM_SERIAL]: '-----BEGIN CERTIFICATE-----\nAAAA\n' } }],
    [PLATFORM_SERIAL, { platform_keys: { [PLATFORM_SERIAL]: otherCertificate } }],
  ])('%s: %o', (field, settings) => {
    expect(complaint(settings)).toContain(field);
  });

  test.each<[string, Record<string, string>]>([
    ['merchant_private_key', { merchant_private_key: 'secret words' }],
    ['merchant_private_key', { merchant_private_key: garbage }],
    ['merchant_private_key', { merchant_private_key: small.privateKey }],
    ['merchant_private_key', { merchant_private_key: elliptic.privateKey }],
    ['api_v3_key', { api_v3_key: 'secret words' }],
    ['api_v3_key', { api_v3_key: `${'加'.repeat(31)}x` }],
  ])('%s, and never by its value', (field, secrets) => {
    const message = complaint({}, secrets);
    expect(message).toContain(field);
    for (const value of Object.values(secrets)) expect(message).not.toContain(value.slice(0, 12));
  });
});

describe('an account that can be used', () => {
  test('may hold PKCS#1 keys, and a base URL may end in a slash', async () => {
    upstream.answers({ status: 200, body: { code_url: 'weixin://x' }, signed_by: null });
    const complete = account({ base_url: `${upstream.url}/`, platform_keys: { [PLATFORM_SERIAL]: pkcs1.publicKey } });
    const secrets = { ...complete.secrets, merchant_private_key: pkcs1.privateKey };
    const client = wechat.open({ ...complete, secrets }, testPorts(clock));
    await (await client.prepareBegin(order)).send();
    expect(upstream.paths).toEqual(['POST /v3/pay/partner/transactions/native']);
  });

  test('trades at the real WeChat Pay unless told otherwise', () => {
    const { base_url: _absent, ...settings } = account().settings;
    expect(wechat.settings.parse(settings)).toMatchObject({
      base_url: 'https://api.mch.weixin.qq.com',
      timeout_ms: 5_000,
    });
  });

  test('expects the identity of its mode and route', () => {
    expect(open().expectedIdentity({ merchant_params: { sub_mchid: '1900000109' }, fields: {} })).toEqual({
      sp_appid: 'wx8888888888888888',
      sp_mchid: '1230000109',
      sub_mchid: '1900000109',
    });
    expect(open({ mode: 'direct' }).expectedIdentity({ merchant_params: {}, fields: {} })).toEqual({
      appid: 'wx8888888888888888',
      mchid: '1230000109',
    });
  });

  test('expects what no answer can say when the route does not fit the mode', () => {
    expect(open().expectedIdentity({ merchant_params: {}, fields: {} })).toMatchObject({ sub_mchid: '' });
    expect(
      open({ mode: 'direct' }).expectedIdentity({ merchant_params: { sub_mchid: '1' }, fields: {} }),
    ).toMatchObject({ sub_mchid: '1' });
  });

  test('route parameters are checked by name', () => {
    expect(wechat.merchant_params.parse({ sub_mchid: '1900000109' })).toEqual({ sub_mchid: '1900000109' });
    expect(wechat.merchant_params.safeParse({ sub_mchid: '19&x=1' }).success).toBe(false);
    expect(wechat.merchant_params.safeParse({ submchid: '1900000109' }).success).toBe(false);
  });
});
