import '../kernel/reflect-metadata.ts';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { SimulatorPorts } from '../kernel/ports.ts';
import type { CertificateAuthority, PlatformKey } from './config.ts';
import { randomDigits } from './numbers.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
/** Merchant and platform certificates last five years (doc 4012551764). */
const FIVE_YEARS_MS = 5 * 365 * DAY_MS;

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

/** The merchant's API certificate (apiclient_cert.pem), issued by the authority. */
export async function createMerchantCertificate(
  ports: CertificatePorts,
  authority: CertificateAuthority,
  keys: KeyPair,
  merchant: { readonly mchid: string; readonly name: string },
): Promise<{ serial: string; certificate: string }> {
  const { serial, pem } = await issue(ports, authority, {
    name: `CN=${merchant.mchid}, OU=${merchant.name}, O=微信商户系统, L=Shenzhen, C=CN`,
    public_key: keys.pair.publicKey,
    life_ms: FIVE_YEARS_MS,
    extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
  });
  return { serial, certificate: pem };
}

/** Lasts as long as anybody keeps a sandbox. */
const AUTHORITY_LIFE_MS = 20 * 365 * DAY_MS;

/** Makes the authority that issues merchants' API certificates and the TLS listener's certificate. */
export async function createAuthority(ports: CertificatePorts): Promise<CertificateAuthority> {
  const pair = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const name = 'CN=Heliu simulators CA, O=Heliu simulators';
  const effective_at_ms = ports.now() - DAY_MS;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: newSerial(ports),
      name,
      notBefore: new Date(effective_at_ms),
      notAfter: new Date(effective_at_ms + AUTHORITY_LIFE_MS),
      signingAlgorithm: ECDSA,
      keys: pair,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(pair.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return {
    ca_certificate: `${certificate.toString('pem')}\n`,
    ca_private_key: toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)),
  };
}

/**
 * A certificate for a listener, issued by the authority.
 * @param host the address it listens on; loopback and upstream's host name are in the certificate as well
 */
export async function createServerCertificate(
  ports: CertificatePorts,
  authority: CertificateAuthority,
  host: string,
): Promise<{ certificate: string; private_key: string }> {
  const pair = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const addresses = new Set(['127.0.0.1', '::1', ...(isIP(host) === 0 ? [] : [host])]);
  const names = new Set(['localhost', 'api.mch.weixin.qq.com', ...(isIP(host) === 0 ? [host] : [])]);
  const certificate = await issue(ports, authority, {
    name: `CN=api.mch.weixin.qq.com, O=Heliu simulators`,
    public_key: pair.publicKey,
    life_ms: FIVE_YEARS_MS,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        ...[...names].map((value) => ({ type: 'dns', value }) as const),
        ...[...addresses].map((value) => ({ type: 'ip', value }) as const),
      ]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  return {
    certificate: certificate.pem,
    private_key: toPem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)),
  };
}

async function issue(
  ports: CertificatePorts,
  authority: CertificateAuthority,
  wanted: { name: string; public_key: webcrypto.CryptoKey; life_ms: number; extensions: x509.Extension[] },
): Promise<{ serial: string; pem: string }> {
  const serial = newSerial(ports);
  const issuer = new x509.X509Certificate(authority.ca_certificate);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(authority.ca_private_key).export({ type: 'pkcs8', format: 'der' }),
    ECDSA,
    false,
    ['sign'],
  );
  const effective_at_ms = ports.now() - DAY_MS;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial,
      subject: wanted.name,
      issuer: issuer.subject,
      notBefore: new Date(effective_at_ms),
      notAfter: new Date(effective_at_ms + wanted.life_ms),
      signingAlgorithm: ECDSA,
      publicKey: wanted.public_key,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
        ...wanted.extensions,
      ],
    },
    webcrypto,
  );
  return { serial, pem: `${certificate.toString('pem')}\n` };
}

function newSerial(ports: Pick<SimulatorPorts, 'randomBytes'>): string {
  const bytes = ports.randomBytes(20);
  // A serial number is positive and does not start with a zero byte (RFC 5280 §4.1.2.2).
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex').toUpperCase();
}

async function selfSign(
  ports: CertificatePorts,
  keys: KeyPair,
  wanted: { name: string; effective_at_ms: number; expires_at_ms: number },
): Promise<{ serial: string; certificate: string }> {
  const serial = newSerial(ports);
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
