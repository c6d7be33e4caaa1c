import '../kernel/reflect-metadata.ts';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { SimulatorPorts } from '../kernel/ports.ts';
import type { PlatformKey } from './config.ts';
import { randomDigits } from './numbers.ts';

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
/** Merchant and platform certificates last five years (doc 4012551764). */
const FIVE_YEARS_MS = 5 * 365 * 24 * 60 * 60 * 1000;

type CertificatePorts = Pick<SimulatorPorts, 'now' | 'randomBytes'>;

/** An RSA-2048 pair: the keys as PEM (PKCS #8 and SPKI) and as what certificates are made with. */
export interface KeyPair {
  readonly private_key: string;
  readonly public_key: string;
  readonly pair: webcrypto.CryptoKeyPair;
}

export async function createKeyPair(): Promise<KeyPair> {
  const pair = await webcrypto.subtle.generateKey(
    { ...RSA, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['sign', 'verify'],
  );
  return {
    private_key: toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)),
    public_key: toPem('PUBLIC KEY', await webcrypto.subtle.exportKey('spki', pair.publicKey)),
    pair,
  };
}

/** A new platform certificate, self-signed. @param effective_at_ms when it becomes valid */
export async function createPlatformCertificate(
  ports: CertificatePorts,
  effective_at_ms: number,
): Promise<PlatformKey> {
  const keys = await createKeyPair();
  const expires_at_ms = effective_at_ms + FIVE_YEARS_MS;
  const { serial, certificate } = await selfSign(ports, keys, {
    name: 'CN=Tenpay.com sign, OU=Tenpay.com, O=Tenpay.com, L=Shenzhen, ST=Guangdong, C=CN',
    effective_at_ms,
    expires_at_ms,
  });
  return {
    kind: 'certificate',
    serial,
    private_key: keys.private_key,
    public_key: keys.public_key,
    certificate,
    effective_at_ms,
    expires_at_ms,
  };
}

/** A new 微信支付公钥 with its id (doc 4012154180); it does not expire. */
export async function createPublicKey(ports: CertificatePorts): Promise<PlatformKey> {
  const keys = await createKeyPair();
  return {
    kind: 'public_key',
    serial: `PUB_KEY_ID_01${randomDigits(ports, 32)}`,
    private_key: keys.private_key,
    public_key: keys.public_key,
    effective_at_ms: ports.now(),
    expires_at_ms: Number.MAX_SAFE_INTEGER,
  };
}

/** The merchant's API certificate (apiclient_cert.pem). */
export function createMerchantCertificate(
  ports: CertificatePorts,
  keys: KeyPair,
  mchid: string,
  name: string,
): Promise<{ serial: string; certificate: string }> {
  const day_ms = 24 * 60 * 60 * 1000;
  const effective_at_ms = ports.now() - day_ms;
  return selfSign(ports, keys, {
    name: `CN=${mchid}, OU=${name}, O=微信商户系统, L=Shenzhen, C=CN`,
    effective_at_ms,
    expires_at_ms: effective_at_ms + FIVE_YEARS_MS,
  });
}

async function selfSign(
  ports: CertificatePorts,
  keys: KeyPair,
  wanted: { name: string; effective_at_ms: number; expires_at_ms: number },
): Promise<{ serial: string; certificate: string }> {
  const serialBytes = ports.randomBytes(20);
  // A serial number is positive and does not start with a zero byte (RFC 5280 §4.1.2.2).
  serialBytes[0] = ((serialBytes[0] ?? 0) & 0x7f) | 0x40;
  const serial = serialBytes.toString('hex').toUpperCase();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serial,
      name: wanted.name,
      notBefore: new Date(wanted.effective_at_ms),
      notAfter: new Date(wanted.expires_at_ms),
      signingAlgorithm: RSA,
      keys: keys.pair,
    },
    webcrypto,
  );
  return { serial, certificate: `${certificate.toString('pem')}\n` };
}

function toPem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
