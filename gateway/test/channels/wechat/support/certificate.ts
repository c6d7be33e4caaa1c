/** X.509 certificates made in the test: node:crypto reads them but cannot make them, so the DER is written by hand (RFC 5280). */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length = Buffer.from(content.length.toString(16).padStart(content.length > 255 ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);

/** sha256WithRSAEncryption with its NULL parameter. */
const SIGNATURE_ALGORITHM = sequence(Buffer.from('06092a864886f70d01010b', 'hex'), der(0x05));

/** CN=Tenpay.com Root CA */
const NAME = sequence(
  der(0x31, sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('Tenpay.com Root CA')))),
);

/** GeneralizedTime. */
function time(time_ms: number): Buffer {
  return der(0x18, Buffer.from(`${new Date(time_ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
}

/** A self-signed certificate; `serial` is hexadecimal with an even number of digits and its first bit clear. */
export function makeCertificate(key: TestKey, serial: string, from_ms: number, until_ms: number): string {
  const to_be_signed = sequence(
    der(0x02, Buffer.from(serial, 'hex')),
    SIGNATURE_ALGORITHM,
    NAME,
    sequence(time(from_ms), time(until_ms)),
    NAME,
    key.public_key.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', to_be_signed, key.private_key);
  const certificate = sequence(to_be_signed, SIGNATURE_ALGORITHM, der(0x03, Buffer.from([0]), signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

export interface TestKey {
  readonly private_key: KeyObject;
  readonly public_key: KeyObject;
  readonly private_pem: string;
  readonly public_pem: string;
}

/** A fresh RSA-2048 pair. */
export function makeKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const private_key = createPrivateKey(privateKey);
  return { private_key, public_key: createPublicKey(publicKey), private_pem: privateKey, public_pem: publicKey };
}
