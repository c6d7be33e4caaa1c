/** An account at WeChat Pay that speaks V3: what an operator enters, how it is checked, and its opened form with every key parsed once. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { ChannelAccount } from '../channel.ts';
import { checked, origin, privateKeyPem, timeoutMs } from '../settings.ts';
import { readPlatformKey, type PlatformKey } from './keyring.ts';
import { oauthSecrets, oauthSettings, type OauthAccount } from './oauth-settings.ts';
import { readPrivateKey } from './sign.ts';

/** Merchant numbers, application ids and serials go into signed headers and query strings: no quote, blank or control character. */
export const identifier = (what: string) =>
  z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, `must be a ${what}: letters, digits, _ and -`);

/** Settings are shown to operators: what is private must not get into them, not even by mistake. */
const publicPem = z
  .string()
  .refine(
    (pem) => /-----BEGIN (CERTIFICATE|(RSA )?PUBLIC KEY)-----/.test(pem) && !pem.includes('PRIVATE KEY-----'),
    'must be a PEM certificate or a PEM public key',
  );

const API = 'https://api.mch.weixin.qq.com';

/** The same host speaks both protocols. */
export const baseUrl = origin(API).default(API);

export const settingsSchema = z
  .strictObject({
    /** v2/config.ts has the other protocol's settings. */
    protocol: z.literal('v3').default('v3'),
    /** `partner`: we are the service provider (服务商) of many merchants; `direct`: the account is the merchant's own. */
    mode: z.enum(['partner', 'direct']),
    base_url: baseUrl,
    /** The number that signs: sp_mchid in partner mode, mchid in direct mode. */
    mchid: identifier('merchant number'),
    /** sp_appid in partner mode, appid in direct mode. */
    appid: identifier('application id'),
    ...oauthSettings,
    /** Serial number of the merchant's API certificate. */
    merchant_serial: identifier('certificate serial'),
    /** Serial of a platform certificate, or PUB_KEY_ID_…, to its PEM certificate or public key. May be empty. */
    platform_keys: z.record(identifier('platform serial or PUB_KEY_ID'), publicPem).default({}),
    /** Sent as Wechatpay-Serial: asks for answers signed by this key. Doc 4012154180. */
    prefer_serial: identifier('platform serial or PUB_KEY_ID').optional(),
    timeout_ms: timeoutMs,
  })
  .refine(
    (settings) =>
      !settings.prefer_serial?.startsWith('PUB_KEY_ID_') || settings.prefer_serial in settings.platform_keys,
    {
      path: ['prefer_serial'],
      error: 'names a WeChat Pay public key that platform_keys does not hold',
    },
  );

export const secretsSchema = z.strictObject({
  merchant_private_key: privateKeyPem,
  api_v3_key: z.string().refine((key) => Buffer.byteLength(key) === 32, 'must be exactly 32 bytes'),
  ...oauthSecrets,
});

/** In partner mode `sub_mchid` is required; the account's mode is not known here, so that the call itself insists on it. */
export const merchantParamsSchema = z.strictObject({
  sub_mchid: identifier('merchant number').exactOptional(),
  sub_appid: identifier('application id').exactOptional(),
});

/** An account ready for use. */
export interface WechatAccount extends OauthAccount {
  readonly mode: 'partner' | 'direct';
  readonly base_url: string;
  readonly mchid: string;
  readonly merchant_serial: string;
  readonly prefer_serial: string | null;
  readonly merchant_key: KeyObject;
  readonly api_v3_key: KeyObject;
  readonly platform_keys: readonly PlatformKey[];
}

/**
 * Checks a stored account and parses its keys.
 * @throws ChannelMisconfigured naming every field that is wrong, never a value
 */
export function openAccount(account: ChannelAccount): WechatAccount {
  const settings = checked(settingsSchema, account.settings);
  const secrets = checked(secretsSchema, account.secrets);
  return {
    mode: settings.mode,
    base_url: settings.base_url,
    mchid: settings.mchid,
    appid: settings.appid,
    oauth_authorize_url: settings.oauth_authorize_url,
    oauth_api_url: settings.oauth_api_url,
    app_secret: secrets.app_secret ?? null,
    merchant_serial: settings.merchant_serial,
    prefer_serial: settings.prefer_serial ?? null,
    timeout_ms: settings.timeout_ms,
    merchant_key: readPrivateKey(secrets.merchant_private_key, 'merchant_private_key'),
    api_v3_key: createSecretKey(Buffer.from(secrets.api_v3_key)),
    platform_keys: Object.entries(settings.platform_keys).map(([serial, pem]) => readPlatformKey(serial, pem)),
  };
}
