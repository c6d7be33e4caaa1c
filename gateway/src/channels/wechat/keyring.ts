/**
 * The platform's keys by serial. During a rotation, and while a merchant moves from certificates to a WeChat Pay public
 * key, answers and callbacks signed by either arrive side by side (doc 4012154180), so that every known key is kept until
 * it expires.
 */
import { X509Certificate, type KeyObject } from 'node:crypto';
import { ChannelMisconfigured } from '../channel.ts';
import { readPublicKey, requireRsa } from './sign.ts';

export interface PlatformKey {
  /** As `normalSerial` writes it. */
  readonly serial: string;
  readonly key: KeyObject;
  /** End of the certificate's validity; a bare public key has none. */
  readonly expires_at_ms: number;
}

/** Certificate serials are numbers in hexadecimal, and tools differ in case and leading zeros; PUB_KEY_IDs are compared as they are. */
export function normalSerial(serial: string): string {
  return /^[0-9a-f]+$/i.test(serial) ? serial.toUpperCase().replace(/^0+/, '') : serial;
}

/** Reads a PEM X.509 certificate with an RSA key. Throws when it cannot be read. */
export function readCertificate(pem: string): PlatformKey {
  const certificate = new X509Certificate(pem);
  return {
    serial: normalSerial(certificate.serialNumber),
    key: requireRsa(certificate.publicKey, 'platform certificate'),
    expires_at_ms: certificate.validToDate.getTime(),
  };
}

/**
 * Reads one entry of `platform_keys`.
 * @throws ChannelMisconfigured when it cannot be read, or is a certificate with another serial than it is filed under
 */
export function readPlatformKey(serial: string, pem: string): PlatformKey {
  const field = `platform_keys.${serial}`;
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    return { serial: normalSerial(serial), key: readPublicKey(pem, field), expires_at_ms: Number.POSITIVE_INFINITY };
  }
  const certificate = certificateOf(pem, field);
  if (certificate.serial !== normalSerial(serial)) {
    throw new ChannelMisconfigured(`${field} holds a certificate with the serial ${certificate.serial}`);
  }
  return certificate;
}

function certificateOf(pem: string, field: string): PlatformKey {
  try {
    return readCertificate(pem);
  } catch {
    throw new ChannelMisconfigured(`${field} cannot be read as an X.509 certificate with an RSA key`);
  }
}

export class Keyring {
  readonly #keys = new Map<string, PlatformKey>();

  constructor(keys: readonly PlatformKey[]) {
    this.add(keys);
  }

  add(keys: readonly PlatformKey[]): void {
    for (const key of keys) this.#keys.set(key.serial, key);
  }

  /** The key of that serial, unless its certificate has expired: then it is forgotten. */
  find(serial: string, now_ms: number): KeyObject | null {
    const normal = normalSerial(serial);
    const entry = this.#keys.get(normal);
    if (!entry) return null;
    if (entry.expires_at_ms > now_ms) return entry.key;
    this.#keys.delete(normal);
    return null;
  }
}
