import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { nodePorts } from '../kernel/node-ports.ts';
import type { SimulatorPorts } from '../kernel/ports.ts';
import { certificateSerial, issueCertificates, rootCertificateSerial } from './certificates.ts';
import type { AlipayCertificates } from './certificates.ts';
import { randomDigits } from './numbers.ts';

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Waits between callback attempts: 4 m, 10 m, 10 m, 1 h, 2 h, 6 h, 15 h, so eight sends in about 25 hours
 * (opendocs.alipay.com/open/194/103296, "异步通知特性").
 */
export const CALLBACK_DELAYS_MS: readonly number[] = [
  4 * MINUTE_MS,
  10 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  6 * HOUR_MS,
  15 * HOUR_MS,
];

/** How an app signs: by registered keys (公钥模式) or by certificates (公钥证书模式); an app has exactly one way. */
export type AlipaySigningMode = 'key' | 'certificate';

/** One app on the open platform and the seller it belongs to. All keys are PEM. */
export interface AlipayAppConfig {
  /** 16 digits. */
  readonly app_id: string;
  readonly mode: AlipaySigningMode;
  /** The seller's account (PID): 16 digits beginning with 2088. */
  readonly seller_id: string;
  readonly seller_name: string;
  readonly seller_email: string;
  /** What the merchant keeps: PKCS #8. Written to the sandbox file; the simulator itself verifies by the public half. */
  readonly app_private_key: string;
  readonly app_public_key: string;
  /** What Alipay signs answers and callbacks to this app with. */
  readonly alipay_private_key: string;
  readonly alipay_public_key: string;
  /** Present in certificate mode only. */
  readonly certificates: AlipayCertificates | null;
  /**
   * Fen in the seller's account before its first payment. Refunds are paid from what has been collected; a negative
   * value stands for money withdrawn already, so that a refund meets ACQ.SELLER_BALANCE_NOT_ENOUGH.
   */
  readonly opening_balance_fen: number;
}

/** Everything the Alipay simulator is told. Plain JSON. */
export interface AlipayConfig {
  readonly apps: readonly AlipayAppConfig[];
  /** The one wallet that scans and pays. */
  readonly buyer: { readonly user_id: string; readonly logon_id: string };
  readonly callback_delays_ms: readonly number[];
  /** Multiplies the callback waits: 1 is upstream's pace. */
  readonly cadence_scale: number;
  /** How long a refund that is accepted but pending takes to be decided, in ms. */
  readonly refund_settle_ms: number;
  /** How long after payment a refund is possible and the trade is not TRADE_FINISHED, in ms. */
  readonly refundable_ms: number;
}

/** An app with its keys ready for use. */
export interface AlipayApp {
  readonly config: AlipayAppConfig;
  readonly appPublicKey: KeyObject;
  readonly alipayPrivateKey: KeyObject;
  /** Certificate mode only. */
  readonly serials: AlipaySerials | null;
}

export interface AlipaySerials {
  readonly app_cert_sn: string;
  readonly alipay_cert_sn: string;
  readonly alipay_root_cert_sn: string;
  readonly app_cert_expires_at_ms: number;
}

/**
 * Credentials of two sellers with one app each: the first in key mode, the second in certificate mode.
 * @param ports for numbers and validity dates; the keys themselves come from OpenSSL
 */
export async function createAlipayConfig(
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'> = nodePorts(),
): Promise<AlipayConfig> {
  return {
    apps: [
      await createApp(ports, 'key', '合流演示商户', 'demo@merchant.example'),
      await createApp(ports, 'certificate', '合流证书演示商户', 'certificate@merchant.example'),
    ],
    buyer: { user_id: `2088${randomDigits(ports, 12)}`, logon_id: `138****${randomDigits(ports, 4)}` },
    callback_delays_ms: CALLBACK_DELAYS_MS,
    cadence_scale: 1,
    refund_settle_ms: 15 * 1000,
    // 当面付: refunds within twelve months of the payment (opendocs.alipay.com/open/00f7ns).
    refundable_ms: 365 * 24 * HOUR_MS,
  };
}

async function createApp(
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
  mode: AlipaySigningMode,
  seller_name: string,
  seller_email: string,
): Promise<AlipayAppConfig> {
  const app_id = `2021${randomDigits(ports, 12)}`;
  const app = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const alipay = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    app_id,
    mode,
    seller_id: `2088${randomDigits(ports, 12)}`,
    seller_name,
    seller_email,
    app_private_key: privatePem(app.privateKey),
    app_public_key: publicPem(app.publicKey),
    alipay_private_key: privatePem(alipay.privateKey),
    alipay_public_key: publicPem(alipay.publicKey),
    certificates:
      mode === 'certificate'
        ? await issueCertificates(ports, { app_id, seller_name, app: app.publicKey, alipay: alipay.publicKey })
        : null,
    opening_balance_fen: 0,
  };
}

/** @returns one app's keys parsed and its certificates' serial numbers computed, once, at start */
export function loadApp(config: AlipayAppConfig): AlipayApp {
  const { certificates } = config;
  return {
    config,
    appPublicKey: createPublicKey(certificates ? certificates.app_cert : config.app_public_key),
    alipayPrivateKey: createPrivateKey(config.alipay_private_key),
    serials: certificates
      ? {
          app_cert_sn: certificateSerial(certificates.app_cert),
          alipay_cert_sn: certificateSerial(certificates.alipay_cert),
          alipay_root_cert_sn: rootCertificateSerial(certificates.alipay_root_cert),
          app_cert_expires_at_ms: Date.parse(new X509Certificate(certificates.app_cert).validTo),
        }
      : null,
  };
}

/** @returns JSON that `parseAlipayConfig` reads back */
export function serialiseAlipayConfig(config: AlipayConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * Reads what `serialiseAlipayConfig` wrote.
 * @throws Error naming the member that is missing or of the wrong type
 */
export function parseAlipayConfig(text: string): AlipayConfig {
  const config = JSON.parse(text) as Partial<AlipayConfig>;
  if (!Array.isArray(config.apps) || config.apps.length === 0) throw new Error('alipay config: apps is missing');
  for (const name of ['cadence_scale', 'refund_settle_ms', 'refundable_ms'] as const) {
    if (typeof config[name] !== 'number') throw new Error(`alipay config: ${name} is not a number`);
  }
  if (typeof config.buyer?.user_id !== 'string') throw new Error('alipay config: buyer.user_id is missing');
  if (!Array.isArray(config.callback_delays_ms)) throw new Error('alipay config: callback_delays_ms is missing');
  for (const app of config.apps as Partial<AlipayAppConfig>[]) {
    for (const name of ['app_id', 'seller_id', 'app_public_key', 'alipay_private_key'] as const) {
      if (typeof app[name] !== 'string') throw new Error(`alipay config: apps[].${name} is missing`);
    }
  }
  return config as AlipayConfig;
}

/** What the sandbox file says of this simulator: the key-mode app, and beside it the certificate-mode one. */
export interface AlipaySandboxEntry {
  readonly gateway_url: string;
  readonly app_id: string;
  readonly seller_id: string;
  readonly app_private_key: string;
  readonly alipay_public_key: string;
  readonly certificate_mode: {
    readonly app_id: string;
    readonly seller_id: string;
    readonly app_private_key: string;
    readonly app_cert: string;
    readonly alipay_cert: string;
    readonly alipay_root_cert: string;
  } | null;
}

/**
 * The entry `simulators.alipay` of the sandbox file.
 * @param gateway_url for example http://127.0.0.1:8083/gateway.do
 * @throws Error when the configuration has no key-mode app
 */
export function alipaySandboxEntry(config: AlipayConfig, gateway_url: string): AlipaySandboxEntry {
  const byKey = config.apps.find((app) => app.mode === 'key');
  if (!byKey) throw new Error('alipay config: no app in key mode');
  const byCertificate = config.apps.find((app) => app.certificates !== null);
  return {
    gateway_url,
    app_id: byKey.app_id,
    seller_id: byKey.seller_id,
    app_private_key: byKey.app_private_key,
    alipay_public_key: byKey.alipay_public_key,
    certificate_mode: byCertificate?.certificates
      ? {
          app_id: byCertificate.app_id,
          seller_id: byCertificate.seller_id,
          app_private_key: byCertificate.app_private_key,
          ...byCertificate.certificates,
        }
      : null,
  };
}

function privatePem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
