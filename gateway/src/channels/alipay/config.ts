/** An application at Alipay: what an operator enters, how it is checked, and its opened form with every key parsed once. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { ChannelMisconfigured, type ChannelAccount } from '../channel.ts';
import { checked, timeoutMs } from '../settings.ts';
import { readPrivateKey, readPublicKey, requireRsa } from './sign.ts';
import { certificateSn, readCertificates, rootCertificateSn, rsaKeyOf } from './x509.ts';

/** Numbers of applications, users, shops and tokens: no quote, blank or control character, and no character of a query string. */
const identifier = (what: string, length = 64) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, `must be ${what}: letters, digits, _ and -`)
    .max(length, `must be at most ${length} characters`);

const pageUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .refine((text) => /^https?:\/\/[^?#@]+$/.test(text), 'must not have a query, a fragment or a user name');

const common = {
  gateway_url: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL such as https://openapi.alipay.com/gateway.do' })
    .refine((text) => /^https?:\/\/[^?#@]+$/.test(text), 'must not have a query, a fragment or a user name')
    .default('https://openapi.alipay.com/gateway.do'),
  app_id: identifier('an application id', 32),
  /** Where a payer's browser is sent to say who is paying (用户授权, opendocs.alipay.com/open/284/web). */
  oauth_authorize_url: pageUrl.default('https://openauth.alipay.com/oauth2/publicAppAuthorize.htm'),
  /** The account that receives the money, when it is to be named and checked: 2088 and twelve digits. */
  seller_id: identifier('a user number of Alipay', 32).optional(),
  /** Number of the service provider that earns the commission (系统商返佣). */
  sys_service_provider_id: identifier('a user number of Alipay').optional(),
  timeout_ms: timeoutMs,
};

const keyText = z.string().regex(/^(?:\s*-----BEGIN|[A-Za-z0-9+/=\s]{100,}$)/, 'must be PEM or one line of base64');
const certificateText = z.string().includes('-----BEGIN CERTIFICATE-----', { error: 'must be PEM certificates' });

export const settingsSchema = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('key'), ...common, alipay_public_key: keyText }),
  z.strictObject({
    mode: z.literal('certificate'),
    ...common,
    /** appCertPublicKey_….crt */
    app_cert: certificateText,
    /** alipayCertPublicKey_RSA2.crt */
    alipay_cert: certificateText,
    /** alipayRootCert.crt, the whole file */
    alipay_root_cert: certificateText,
  }),
]);

export const secretsSchema = z.strictObject({ app_private_key: keyText });

export const merchantParamsSchema = z.strictObject({
  /** The merchant's authorisation of our application (第三方应用授权): sent on every call. */
  app_auth_token: identifier('an authorisation token', 128).exactOptional(),
  seller_id: identifier('a user number of Alipay', 32).exactOptional(),
  /** Used when the order itself names no shop. */
  store_id: identifier('a shop number', 32).exactOptional(),
  /** smid of a second-level merchant (直付通, 间连). */
  sub_merchant_id: identifier('a second-level merchant number').exactOptional(),
});

/** What certificate mode adds to an account. */
export interface AlipayCertificates {
  readonly app_cert_sn: string;
  readonly alipay_root_cert_sn: string;
  readonly alipay_cert: X509Certificate;
  readonly alipay_cert_sn: string;
  readonly roots: readonly X509Certificate[];
}

/** An account ready for use. */
export interface AlipayAccount {
  readonly gateway_url: string;
  readonly oauth_authorize_url: string;
  readonly app_id: string;
  readonly seller_id: string | null;
  readonly sys_service_provider_id: string | null;
  readonly timeout_ms: number;
  readonly app_key: KeyObject;
  /** Alipay's public key: the configured one, or that of the configured certificate. */
  readonly alipay_key: KeyObject;
  /** Null in key mode. */
  readonly certificates: AlipayCertificates | null;
}

/**
 * Checks a stored account and parses its keys.
 * @throws ChannelMisconfigured naming every field that is wrong, never a value
 */
export function openAccount(account: ChannelAccount): AlipayAccount {
  const settings = checked(settingsSchema, account.settings);
  const secrets = checked(secretsSchema, account.secrets);
  const certificates =
    settings.mode === 'certificate'
      ? openCertificates(settings.app_cert, settings.alipay_cert, settings.alipay_root_cert)
      : null;
  return {
    gateway_url: settings.gateway_url,
    oauth_authorize_url: settings.oauth_authorize_url,
    app_id: settings.app_id,
    seller_id: settings.seller_id ?? null,
    sys_service_provider_id: settings.sys_service_provider_id ?? null,
    timeout_ms: settings.timeout_ms,
    app_key: readPrivateKey(secrets.app_private_key, 'app_private_key'),
    alipay_key:
      settings.mode === 'key'
        ? readPublicKey(settings.alipay_public_key, 'alipay_public_key')
        : requireRsa(certificates && rsaKeyOf(certificates.alipay_cert), 'alipay_cert'),
    certificates,
  };
}

function openCertificates(app: string, alipay: string, root: string): AlipayCertificates {
  const alipay_cert = firstOf(alipay, 'alipay_cert');
  const roots = readCertificates(root, 'alipay_root_cert');
  const alipay_root_cert_sn = rootCertificateSn(roots);
  if (!alipay_root_cert_sn) throw new ChannelMisconfigured('alipay_root_cert holds no RSA certificate');
  return {
    app_cert_sn: certificateSn(firstOf(app, 'app_cert')),
    alipay_root_cert_sn,
    alipay_cert,
    alipay_cert_sn: certificateSn(alipay_cert),
    roots,
  };
}

/** A file may carry the issuers behind the certificate itself. */
function firstOf(pem: string, field: string): X509Certificate {
  const [first] = readCertificates(pem, field);
  if (!first) throw new ChannelMisconfigured(`${field} holds no PEM certificate`);
  return first;
}
