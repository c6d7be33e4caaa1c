import type { SimulatorPorts } from '../kernel/ports.ts';
import {
  createAuthority,
  createKeyPair,
  createMerchantCertificate,
  createPlatformCertificate,
  createPublicKey,
} from './credentials.ts';
import { appSecretOf } from './oauth.ts';
import { randomAlphanumeric, randomDigits } from './numbers.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A key of WeChat Pay's that signs answers and callbacks: a platform certificate or a 微信支付公钥. All texts are PEM. */
export interface PlatformKey {
  readonly kind: 'certificate' | 'public_key';
  /** The certificate's serial number (40 hexadecimal digits), or `PUB_KEY_ID_…`. */
  readonly serial: string;
  readonly private_key: string;
  readonly public_key: string;
  readonly certificate?: string;
  readonly effective_at_ms: number;
  readonly expires_at_ms: number;
}

/** A sub-merchant (特约商户) of a service provider. */
export interface SubMerchant {
  readonly mchid: string;
  readonly name: string;
  /** Appids bound to it. */
  readonly appids: readonly string[];
}

/** A merchant that calls the API: direct when it has no sub-merchants, else a service provider (服务商). */
export interface WechatMerchant {
  readonly mchid: string;
  readonly name: string;
  readonly appids: readonly string[];
  /** The merchant API certificate (apiclient_cert.pem) and what belongs to it. PEM. */
  readonly certificate_serial: string;
  readonly certificate: string;
  readonly private_key: string;
  readonly public_key: string;
  /** 32 characters. */
  readonly api_v3_key: string;
  /** 32 characters. */
  readonly api_v2_key: string;
  readonly sub_merchants: readonly SubMerchant[];
}

/** The simulators' own certificate authority. PEM. */
export interface CertificateAuthority {
  readonly ca_certificate: string;
  readonly ca_private_key: string;
}

/** Everything the simulator is told; plain JSON. */
export interface WechatConfig {
  readonly merchants: readonly WechatMerchant[];
  readonly platform_keys: readonly PlatformKey[];
  /** Issues the certificate of the TLS listener, and issued the merchants'; older files lack it until they are completed. */
  readonly authority?: CertificateAuthority;
  /** The key that signs unless the request asks for another. */
  readonly current_serial: string;
  /** How long a refund stays PROCESSING. */
  readonly refund_delay_ms: number;
  /** Multiplies the waits between callback attempts: 1 is upstream's pace. */
  readonly cadence_scale: number;
}

/** `simulators.wechat` of the sandbox file: what a service provider has in hand. */
export interface WechatSandboxFields {
  readonly base_url: string;
  /** The same service over TLS, which alone serves /secapi, to clients with the merchant's certificate. */
  readonly tls_base_url: string;
  /** The authority that vouches for tls_base_url. PEM. */
  readonly tls_ca_certificate: string;
  readonly mode: 'partner';
  readonly sp_mchid: string;
  readonly sp_appid: string;
  /** AppSecret of sp_appid. */
  readonly sp_app_secret: string;
  readonly sub_mchid: string;
  readonly sub_appid: string;
  readonly merchant_serial: string;
  readonly merchant_private_key: string;
  /** The API certificate of that key (apiclient_cert.pem). PEM. */
  readonly merchant_certificate: string;
  readonly api_v3_key: string;
  readonly api_v2_key: string;
  readonly platform_serial: string;
  readonly platform_public_key: string;
}

/**
 * Makes up a full set of credentials: a service provider with one sub-merchant, a direct merchant, two platform
 * certificates (the older one still valid) and a WeChat Pay public key. RSA keys come from OpenSSL's own random source,
 * everything else from the ports.
 */
export async function createWechatConfig(ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>): Promise<WechatConfig> {
  const authority = await createAuthority(ports);
  const older = await createPlatformCertificate(ports, ports.now() - 4.9 * 365 * DAY_MS);
  const current = await createPlatformCertificate(ports, ports.now() - DAY_MS);
  const subMerchant: SubMerchant = { mchid: newMchid(ports), name: '合流演示商户', appids: [newAppid(ports)] };
  return {
    merchants: [
      await createMerchant(ports, authority, '合流演示服务商', [subMerchant]),
      await createMerchant(ports, authority, '合流直连商户', []),
    ],
    platform_keys: [older, current, await createPublicKey(ports)],
    authority,
    current_serial: current.serial,
    refund_delay_ms: 1_000,
    cadence_scale: 1,
  };
}

/**
 * What a configuration of an earlier version lacks, made up: the certificate authority. Its merchants keep their
 * self-signed certificates, which are known by themselves.
 *
 * @returns the very same object when it lacks nothing
 */
export async function completeWechatConfig(
  config: WechatConfig,
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
): Promise<WechatConfig> {
  return config.authority ? config : { ...config, authority: await createAuthority(ports) };
}

/** The text to keep in a file; it holds private keys. */
export function serializeWechatConfig(config: WechatConfig): string {
  return `${JSON.stringify(config, undefined, 2)}\n`;
}

/**
 * Reads what `serializeWechatConfig` wrote.
 * @throws when it is not JSON, or the parts do not fit together
 */
export function parseWechatConfig(text: string): WechatConfig {
  const config = JSON.parse(text) as WechatConfig;
  if (!config.merchants?.length) throw new Error('wechat config: no merchants');
  if (!config.platform_keys?.some((key) => key.serial === config.current_serial)) {
    throw new Error('wechat config: current_serial names no platform key');
  }
  return config;
}

/**
 * The fields of `simulators.wechat` in the sandbox file.
 * @param base_url origin the simulator listens on, without a slash at the end
 * @param tls_base_url origin of its TLS listener; empty when there is none
 * @throws when the configuration has no service provider with a sub-merchant
 */
export function wechatSandboxFields(config: WechatConfig, base_url: string, tls_base_url = ''): WechatSandboxFields {
  const provider = config.merchants.find((merchant) => merchant.sub_merchants.length > 0);
  const subMerchant = provider?.sub_merchants[0];
  const platformKey = config.platform_keys.find((key) => key.serial === config.current_serial);
  const sp_appid = provider?.appids[0];
  const sub_appid = subMerchant?.appids[0];
  if (!provider || !subMerchant || !platformKey || sp_appid === undefined || sub_appid === undefined) {
    throw new Error('wechat config: no service provider with a sub-merchant and appids');
  }
  return {
    base_url,
    tls_base_url,
    tls_ca_certificate: config.authority?.ca_certificate ?? '',
    mode: 'partner',
    sp_mchid: provider.mchid,
    sp_appid,
    sp_app_secret: appSecretOf(provider, sp_appid),
    sub_mchid: subMerchant.mchid,
    sub_appid,
    merchant_serial: provider.certificate_serial,
    merchant_private_key: provider.private_key,
    merchant_certificate: provider.certificate,
    api_v3_key: provider.api_v3_key,
    api_v2_key: provider.api_v2_key,
    platform_serial: platformKey.serial,
    platform_public_key: platformKey.public_key,
  };
}

async function createMerchant(
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
  authority: CertificateAuthority,
  name: string,
  sub_merchants: readonly SubMerchant[],
): Promise<WechatMerchant> {
  const mchid = newMchid(ports);
  const keys = await createKeyPair();
  const { serial, certificate } = await createMerchantCertificate(ports, authority, keys, { mchid, name });
  return {
    mchid,
    name,
    appids: [newAppid(ports)],
    certificate_serial: serial,
    certificate,
    private_key: keys.private_key,
    public_key: keys.public_key,
    api_v3_key: randomAlphanumeric(ports, 32),
    api_v2_key: randomAlphanumeric(ports, 32),
    sub_merchants,
  };
}

function newMchid(ports: Pick<SimulatorPorts, 'randomBytes'>): string {
  return `19${randomDigits(ports, 8)}`;
}

function newAppid(ports: Pick<SimulatorPorts, 'randomBytes'>): string {
  return `wx${ports.randomBytes(8).toString('hex')}`;
}
