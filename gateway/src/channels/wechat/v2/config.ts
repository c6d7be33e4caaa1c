/** An account that speaks APIv2: what an operator enters, and its opened form with every key and certificate read once. */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { TlsProfile } from '../../../ports.ts';
import { ChannelMisconfigured, type ChannelAccount } from '../../channel.ts';
import { checked, privateKeyPem, timeoutMs } from '../../settings.ts';
import { baseUrl, identifier } from '../config.ts';
import { oauthSecrets, oauthSettings, type OauthAccount } from '../oauth-settings.ts';
import { refundKey } from './decrypt.ts';
import type { SignType } from './sign.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

const certificates = z
  .string()
  .refine((pem) => pem.includes('-----BEGIN CERTIFICATE-----'), 'must be a PEM certificate')
  // A setting is shown to operators, and what is sent to the peer as ours must not hold the key either.
  .refine((pem) => !pem.includes('PRIVATE KEY-----'), 'must be a PEM certificate and no private key');

export const v2SettingsSchema = z.strictObject({
  protocol: z.literal('v2'),
  /** `partner`: we are the service provider (服务商) of many merchants; `direct`: the account is the merchant's own. */
  mode: z.enum(['partner', 'direct']),
  base_url: baseUrl,
  /** mch_id: the service provider's number in partner mode, the merchant's in direct mode. */
  mchid: identifier('merchant number'),
  appid: identifier('application id'),
  ...oauthSettings,
  /** How requests and what the payer's client is given are signed. Answers and callbacks are verified by what they say. */
  sign_type: z.enum(['MD5', 'HMAC-SHA256']).default('HMAC-SHA256'),
  timeout_ms: timeoutMs,
  /** An authority trusted for this account beside those that Node trusts: a sandbox's, say. */
  ca_certificate: certificates.optional(),
});

export const v2SecretsSchema = z.strictObject({
  api_v2_key: z
    .string()
    .trim()
    .regex(/^[\x21-\x7E]{32}$/, 'must be exactly 32 characters (APIv2 密钥)'),
  /** apiclient_key.pem and apiclient_cert.pem: the client certificate, without which nothing is refunded or reversed. */
  merchant_private_key: privateKeyPem.exactOptional(),
  merchant_certificate: certificates.exactOptional(),
  ...oauthSecrets,
});

/** An account ready for use. */
export interface WechatV2Account extends OauthAccount {
  readonly mode: 'partner' | 'direct';
  readonly base_url: string;
  readonly mchid: string;
  readonly sign_type: SignType;
  readonly api_key: string;
  readonly refund_key: Buffer;
  /** For requests that need no certificate of ours; undefined: the usual connections. */
  readonly tls: TlsProfile | undefined;
  /** For those that do; otherwise the name of the secret that is missing. */
  readonly client_tls: TlsProfile | 'merchant_certificate' | 'merchant_private_key';
}

/**
 * Checks a stored account and reads its keys and certificates.
 * @throws ChannelMisconfigured naming every field that is wrong, never a value
 */
export function openV2Account(account: ChannelAccount): WechatV2Account {
  const settings = checked(v2SettingsSchema, account.settings);
  const secrets = checked(v2SecretsSchema, account.secrets);
  const trusted_certificates =
    settings.ca_certificate === undefined ? [] : readCertificates(settings.ca_certificate, 'ca_certificate');
  const { merchant_certificate, merchant_private_key } = secrets;
  return {
    mode: settings.mode,
    base_url: settings.base_url,
    mchid: settings.mchid,
    appid: settings.appid,
    oauth_authorize_url: settings.oauth_authorize_url,
    oauth_api_url: settings.oauth_api_url,
    app_secret: secrets.app_secret ?? null,
    sign_type: settings.sign_type,
    timeout_ms: settings.timeout_ms,
    api_key: secrets.api_v2_key,
    refund_key: refundKey(secrets.api_v2_key),
    tls: trusted_certificates.length === 0 ? undefined : profile(null, trusted_certificates),
    client_tls: !merchant_certificate
      ? 'merchant_certificate'
      : !merchant_private_key
        ? 'merchant_private_key'
        : profile(readIdentity(merchant_certificate, merchant_private_key), trusted_certificates),
  };
}

function profile(identity: TlsProfile['identity'], trusted_certificates: readonly string[]): TlsProfile {
  const id = createHash('sha256')
    .update(JSON.stringify([identity?.certificate_pem ?? null, trusted_certificates]))
    .digest('hex');
  return { id, identity, trusted_certificates };
}

/** Found out now and not by the first refund: that they can be read, and belong together. */
function readIdentity(certificate_pem: string, private_key_pem: string): NonNullable<TlsProfile['identity']> {
  const chain = readCertificates(certificate_pem, 'merchant_certificate');
  let belongs: boolean;
  try {
    belongs = new X509Certificate(chain[0] ?? '').checkPrivateKey(createPrivateKey(private_key_pem));
  } catch {
    // The cause is left out on purpose: OpenSSL's messages may quote what they could not parse.
    throw new ChannelMisconfigured('merchant_private_key cannot be read as a PEM private key');
  }
  if (!belongs) throw new ChannelMisconfigured('merchant_certificate is not the certificate of merchant_private_key');
  return { certificate_pem: chain.join('\n'), private_key_pem };
}

function readCertificates(pem: string, field: string): readonly string[] {
  const found = pem.match(CERTIFICATE) ?? [];
  try {
    for (const one of found) void new X509Certificate(one);
  } catch {
    throw new ChannelMisconfigured(`${field} cannot be read as a PEM certificate`);
  }
  if (found.length === 0) throw new ChannelMisconfigured(`${field} cannot be read as a PEM certificate`);
  return found;
}
