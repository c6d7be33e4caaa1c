/**
 * X.509 as Alipay's certificate mode uses it (vendor page "公钥证书方式", opendocs.alipay.com/common/056zub). Serial numbers
 * on the wire are fingerprints of issuer and serial; the official SDKs for Java (AntCertificationUtil) and Node
 * (antcertutil) are the reference for their spelling.
 */
import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { ChannelMisconfigured } from '../channel.ts';

/**
 * Reads every certificate of a PEM text, in order.
 * @throws ChannelMisconfigured naming `field` when there is none or one cannot be read
 */
export function readCertificates(pem: string, field: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new ChannelMisconfigured(`${field} holds no PEM certificate`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new ChannelMisconfigured(`${field} cannot be read as PEM certificates`);
  }
}

/**
 * app_cert_sn and alipay_cert_sn: MD5, as 32 hexadecimal digits, of the issuer's name followed by the serial in decimal. The
 * name is spelt as RFC 2253 does: most specific part first, joined with commas. Node gives the parts the other way round,
 * one a line.
 */
export function certificateSn(certificate: X509Certificate): string {
  const issuer = certificate.issuer.split('\n').reverse().join(',');
  const serial = BigInt(`0x${certificate.serialNumber}`).toString(10);
  return createHash('md5').update(`${issuer}${serial}`).digest('hex');
}

/** alipay_root_cert_sn: those of the RSA-signed certificates of the root file, joined with `_`; the file holds SM2 ones, too. */
export function rootCertificateSn(certificates: readonly X509Certificate[]): string {
  return certificates.filter(isRsaSigned).map(certificateSn).join('_');
}

/** OID arc 1.2.840.113549.1.1 (PKCS #1) in DER. */
const PKCS1_ARC = Buffer.from('2a864886f70d0101', 'hex');

/**
 * Whether the certificate's signature algorithm lies in the PKCS #1 arc. Certificate ::= SEQUENCE { tbsCertificate,
 * signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER, … }, … } (RFC 5280, 4.1); Node's own `signatureAlgorithmOid` is younger
 * than the oldest Node we run on.
 */
function isRsaSigned(certificate: X509Certificate): boolean {
  const der = certificate.raw;
  const to_be_signed = derValue(der, 0);
  const algorithm = derValue(der, derEnd(der, to_be_signed));
  const identifier = derValue(der, algorithm);
  return der.subarray(identifier, identifier + PKCS1_ARC.length).equals(PKCS1_ARC);
}

/** Where the value of the element at `offset` begins: after its tag and length. */
function derValue(der: Buffer, offset: number): number {
  const length = der.readUInt8(offset + 1);
  return offset + 2 + (length < 0x80 ? 0 : length & 0x7f);
}

/** Where the element at `offset` ends. */
function derEnd(der: Buffer, offset: number): number {
  const value = derValue(der, offset);
  const octets = value - offset - 2;
  return value + (octets === 0 ? der.readUInt8(offset + 1) : der.readUIntBE(offset + 2, octets));
}

/**
 * Whether a chain leads from `leaf` to one of `anchors`, every certificate on the way being within its dates at `at_ms` and
 * every intermediate one that came with the leaf being a certificate authority's.
 * @param carried certificates that came with the leaf; trusted only as far as an anchor signed them
 */
export function chainsTo(
  anchors: readonly X509Certificate[],
  leaf: X509Certificate,
  carried: readonly X509Certificate[],
  at_ms: number,
): boolean {
  let current = leaf;
  // Each step uses one more carried certificate, so that a circle of them ends, too.
  for (let step = 0; step <= carried.length; step += 1) {
    if (at_ms < Date.parse(current.validFrom) || at_ms > Date.parse(current.validTo)) return false;
    if (anchors.some((anchor) => isIssuedBy(current, anchor))) return true;
    const issuer = carried.find((candidate) => candidate !== current && candidate.ca && isIssuedBy(current, candidate));
    if (!issuer) return false;
    current = issuer;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  if (certificate.issuer !== issuer.subject) return false;
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    // The root file carries SM2 certificates, whose keys OpenSSL may refuse to load.
    return false;
  }
}

/** The certificate's key when it is RSA. */
export function rsaKeyOf(certificate: X509Certificate): KeyObject | null {
  try {
    return certificate.publicKey.asymmetricKeyType === 'rsa' ? certificate.publicKey : null;
  } catch {
    return null;
  }
}
