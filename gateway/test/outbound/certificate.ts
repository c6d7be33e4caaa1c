/** A self-signed X.509 certificate, written out in DER: the tests make their keys themselves and need no other program. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface TestCertificate {
  readonly certificate_pem: string;
  readonly key_pem: string;
}

const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x55, 0x04, 0x03];
const SUBJECT_ALTERNATIVE_NAME = [0x55, 0x1d, 0x11];

/** A certificate for these host names and IPv4 addresses, valid for a day around now. */
export function selfSigned(hosts: readonly string[]): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
  // A name of its own: of two authorities with one name, OpenSSL would take the first for the issuer of both's certificates.
  const common_name = element(0x0c, Buffer.from(hosts.join() || 'test'));
  const name = sequence(element(0x31, sequence(objectIdentifier(COMMON_NAME), common_name)));
  const half_day_ms = 12 * 60 * 60 * 1000;
  const names = hosts.map((host) =>
    isIPv4(host) ? element(0x87, Buffer.from(host.split('.').map(Number))) : element(0x82, Buffer.from(host)),
  );
  const extension = sequence(objectIdentifier(SUBJECT_ALTERNATIVE_NAME), element(0x04, sequence(...names)));
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(time(Date.now() - half_day_ms), time(Date.now() + half_day_ms)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, sequence(extension)),
  );
  const signature = element(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]));
  const der = sequence(body, algorithm, signature).toString('base64');
  return {
    certificate_pem: `-----BEGIN CERTIFICATE-----\n${der.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key_pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

function sequence(...members: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(members));
}

function objectIdentifier(encoded: readonly number[]): Buffer {
  return element(0x06, Buffer.from(encoded));
}

function time(at_ms: number): Buffer {
  const digits = new Date(at_ms).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  return element(0x18, Buffer.from(`${digits}Z`));
}
