import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { alipay } from '../../../src/channels/alipay/channel.ts';
import { ChannelMisconfigured } from '../../../src/channels/channel.ts';
import { issue } from './certificate-authority.ts';
import {
  alipayKeys,
  answerText,
  app,
  keySettings,
  makePorts,
  NOW_MS,
  OUT_TRADE_NO,
  publicPem,
  reference,
  secrets,
  startUpstream,
} from './support.ts';

const settings = keySettings('https://openapi.alipay.com/gateway.do');
const dates = { valid_from_ms: NOW_MS, valid_to_ms: NOW_MS + 1_000 };
const certificate = issue({ name: ['CN', 'o', 'u', 'c'], ...dates });
const elliptic_root = issue({ name: ['CN', 'o', 'u', 'e'], elliptic: true, ...dates });
const certificates = {
  mode: 'certificate',
  app_id: '2021',
  app_cert: certificate.pem,
  alipay_cert: certificate.pem,
  alipay_root_cert: certificate.pem,
};

function open(of_settings: Readonly<Record<string, unknown>>, of_secrets: Readonly<Record<string, string>>) {
  return alipay.open({ account_id: 'a1', channel: 'alipay', settings: of_settings, secrets: of_secrets }, makePorts());
}

const oneLine = (pem: string) => pem.replaceAll(/-----[^-]+-----|\s/g, '');
const pkcs8 = app.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const pkcs1 = app.privateKey.export({ format: 'pem', type: 'pkcs1' }).toString();

describe('keys are read in every form the vendor hands them out', () => {
  test.each([
    ['PKCS#8 in PEM', pkcs8],
    ['PKCS#1 in PEM', pkcs1],
    ['PKCS#8 in one line', oneLine(pkcs8)],
    ['PKCS#1 in one line', oneLine(pkcs1)],
    ['one line that was wrapped on the way', oneLine(pkcs8).replaceAll(/.{64}/g, '$&\n')],
  ])('private, %s', async (_name, app_private_key) => {
    const upstream = await startUpstream();
    upstream.reply('alipay.trade.query', {
      body: answerText(
        'alipay.trade.query',
        `{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST","out_trade_no":"${OUT_TRADE_NO}"}`,
      ),
    });
    // The public key in the vendor's form at the same time: one line.
    const one_line = { ...keySettings(upstream.url), alipay_public_key: oneLine(publicPem(alipayKeys.publicKey)) };
    expect(await open(one_line, { app_private_key }).query(reference)).toMatchObject({ outcome: 'not_found' });
    expect(upstream.asked[0]?.verified).toBe(true);
  });
});

describe('what cannot work is refused by the name of the field and never by its value', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const elliptic = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const secret_text = 'c2VjcmV0'.repeat(20);
  test.each<[string, Readonly<Record<string, unknown>>, Readonly<Record<string, string>>, string]>([
    ['a private key that is none', settings, { app_private_key: secret_text }, 'app_private_key'],
    [
      'a short private key',
      settings,
      { app_private_key: short.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
      'app_private_key',
    ],
    [
      'a private key of another kind',
      settings,
      { app_private_key: elliptic.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
      'app_private_key',
    ],
    ['no private key', settings, {}, 'app_private_key'],
    ['a public key that is none', { ...settings, alipay_public_key: secret_text }, secrets, 'alipay_public_key'],
    ['a private key for a public one', { ...settings, alipay_public_key: pkcs8 }, secrets, 'alipay_public_key'],
    ['no public key', { ...settings, alipay_public_key: undefined }, secrets, 'alipay_public_key'],
    ['an application id with a quote', { ...settings, app_id: '1"' }, secrets, 'app_id'],
    [
      'a gateway with a query',
      { ...settings, gateway_url: 'https://openapi.alipay.com/gateway.do?a=1' },
      secrets,
      'gateway_url',
    ],
    [
      'a gateway with a user name',
      { ...settings, gateway_url: 'https://u:p@openapi.alipay.com/' },
      secrets,
      'gateway_url',
    ],
    ['a gateway of another scheme', { ...settings, gateway_url: 'ftp://openapi.alipay.com/' }, secrets, 'gateway_url'],
    ['no mode', { ...settings, mode: undefined }, secrets, 'mode'],
    ['a setting that does not exist', { ...settings, alipay_publik_key: 'x' }, secrets, 'alipay_publik_key'],
    ['no certificate in the field', { ...certificates, app_cert: pkcs8 }, secrets, 'app_cert'],
    [
      'a broken certificate',
      { ...certificates, alipay_cert: certificate.pem.replace('MII', 'AAA') },
      secrets,
      'alipay_cert',
    ],
    ['a root file without RSA', { ...certificates, alipay_root_cert: elliptic_root.pem }, secrets, 'alipay_root_cert'],
    [
      'a certificate of Alipay without RSA',
      { ...certificates, alipay_cert: elliptic_root.pem },
      secrets,
      'alipay_cert',
    ],
  ])('%s', (_name, of_settings, of_secrets, field) => {
    let thrown: unknown;
    try {
      open(of_settings, of_secrets);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ChannelMisconfigured);
    expect(String(thrown)).toContain(field);
    expect(String(thrown)).not.toMatch(/c2VjcmV0|MII|u:p/);
  });
});

test('the gateway of production is the default', () => {
  const { gateway_url: _url, ...rest } = settings;
  expect(alipay.settings.parse(rest)).toMatchObject({
    gateway_url: 'https://openapi.alipay.com/gateway.do',
    timeout_ms: 5000,
  });
});

test('route parameters are checked by name', () => {
  const good = {
    app_auth_token: '202603BBabdb44d8fd04607abf8d5931ec75D84',
    seller_id: '2088102146225135',
    store_id: 'NJ_001',
    sub_merchant_id: '2088000603999128',
  };
  expect(alipay.merchant_params.parse(good)).toEqual(good);
  expect(alipay.merchant_params.parse({})).toEqual({});
  for (const bad of [{ sub_mchid: '1' }, { app_auth_token: 'a b' }, { seller_id: '' }]) {
    expect(alipay.merchant_params.safeParse(bad).success).toBe(false);
  }
});
