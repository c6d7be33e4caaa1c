import '../kernel/reflect-metadata.ts';
import { createHash, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { SimulatorPorts } from '../kernel/ports.ts';

/** What an app in certificate mode downloads from the open platform (开放平台 → 接口加签方式 → 证书). */
export interface AlipayCertificates {
  /** appCertPublicKey_*.crt: the app's public key, issued by Alipay. PEM. */
  readonly app_cert: string;
  /** alipayCertPublicKey_RSA2.crt: the key that signs answers and callbacks, followed by its issuer. PEM. */
  readonly alipay_cert: string;
  /** alipayRootCert.crt: several roots, of which only the RSA ones count for alipay_root_cert_sn. PEM. */
  readonly alipay_root_cert: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const RSA: webcrypto.RsaHashedImportParams = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
const ECDSA: webcrypto.EcKeyImportParams & webcrypto.EcdsaParams = {
  name: 'ECDSA',
  namedCurve: 'P-256',
  hash: 'SHA-256',
};

/** Names in the order in which they stand in the certificate; the serial number is computed over the reverse order. */
const distinguishedName = (unit: string, common: string, organisation = 'Ant Financial'): string =>
  `C=CN, O=${organisation}, OU=${unit}, CN=${common}`;

interface Issuer {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

/**
 * Issues a certificate chain shaped like Alipay's: a root file of several roots (upstream's also holds SM2 ones, here an
 * ECDSA one stands for them), an intermediate, and under it Alipay's signing certificate and the app's.
 *
 * @param keys.app the app's public key
 * @param keys.alipay Alipay's public key for this app
 */
export async function issueCertificates(
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
  keys: { app_id: string; seller_name: string; app: KeyObject; alipay: KeyObject },
): Promise<AlipayCertificates> {
  const root = rsaIssuer(distinguishedName('Certification Authority', 'Ant Financial Certification Authority R1'));
  const other = await ecdsaIssuer(
    distinguishedName('Certification Authority', 'Ant Financial Certification Authority E1'),
  );
  const class2 = rsaIssuer(
    distinguishedName('Certification Authority', 'Ant Financial Certification Authority Class 2 R1'),
  );
  const [rootIssuer, class2Issuer] = [await root, await class2];
  const issue = (
    issuer: Issuer,
    subject: string,
    key: webcrypto.CryptoKey,
    years: number,
    authority: boolean,
  ): Promise<string> => issueOne(ports, { issuer, subject, key, years, authority });
  const rootPem = await issue(rootIssuer, rootIssuer.name, rootIssuer.keys.publicKey, 20, true);
  const otherPem = await issue(other, other.name, other.keys.publicKey, 20, true);
  const class2Pem = await issue(rootIssuer, class2Issuer.name, class2Issuer.keys.publicKey, 10, true);
  const alipayName = distinguishedName('Alipay', 'Alipay signing certificate', 'Alipay simulator');
  const appName = distinguishedName('Alipay', `${keys.seller_name}-${keys.app_id}`, keys.seller_name);
  const alipayPem = await issue(class2Issuer, alipayName, await importPublicKey(keys.alipay), 5, false);
  const appPem = await issue(class2Issuer, appName, await importPublicKey(keys.app), 5, false);
  return {
    app_cert: appPem,
    alipay_cert: `${alipayPem}\n${class2Pem}`,
    alipay_root_cert: `${otherPem}\n${rootPem}`,
  };
}

/**
 * The serial number (SN) by which requests and answers name a certificate: hexadecimal MD5 of the issuer's name, its
 * parts reversed and joined by commas, and the decimal serial number (opendocs.alipay.com/common/057k53, "证书序列号").
 *
 * @param pem the certificate; of several only the first counts
 */
export function certificateSerial(pem: string): string {
  const certificate = new X509Certificate(pem);
  const issuer = certificate.issuer.split('\n').reverse().join(',');
  const serial = BigInt(`0x${certificate.serialNumber}`).toString(10);
  return createHash('md5').update(`${issuer}${serial}`, 'utf8').digest('hex');
}

/** The SN of the root file: the SNs of its RSA certificates, in order, joined by `_` (common/057k53). */
export function rootCertificateSerial(pem: string): string {
  return splitPem(pem)
    .filter((one) => new X509Certificate(one).publicKey.asymmetricKeyType === 'rsa')
    .map(certificateSerial)
    .join('_');
}

function splitPem(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

async function rsaIssuer(name: string): Promise<Issuer> {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, RSA, false, ['sign']);
  return { name, keys: { privateKey, publicKey: await importPublicKey(pair.publicKey) } };
}

async function ecdsaIssuer(name: string): Promise<Issuer> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  return { name, keys };
}

function importPublicKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('spki', key.export({ type: 'spki', format: 'der' }), RSA, true, ['verify']);
}

async function issueOne(
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
  wanted: { issuer: Issuer; subject: string; key: webcrypto.CryptoKey; years: number; authority: boolean },
): Promise<string> {
  const serial = ports.randomBytes(16);
  // A serial number is positive and does not start with a zero byte (RFC 5280 §4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const now = ports.now();
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial.toString('hex'),
      issuer: wanted.issuer.name,
      subject: wanted.subject,
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + wanted.years * 365 * DAY_MS),
      publicKey: wanted.key,
      signingKey: wanted.issuer.keys.privateKey,
      signingAlgorithm: wanted.issuer.keys.privateKey.algorithm.name === 'ECDSA' ? ECDSA : RSA,
      extensions: [new x509.BasicConstraintsExtension(wanted.authority, undefined, true)],
    },
    webcrypto,
  );
  return certificate.toString('pem');
}
