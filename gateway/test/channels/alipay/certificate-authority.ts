/** X.509 certificates written out in DER, for certificate mode: the tests make their own authority and need no other program. */
import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

export interface TestCertificate {
  readonly pem: string;
  readonly name: Name;
  readonly key: KeyObject;
}

/** Country, organisation, unit and common name, in the order certificates hold them. */
export type Name = readonly [country: string, organisation: string, unit: string, common_name: string];

interface Wanted {
  readonly name: Name;
  readonly issuer?: TestCertificate;
  readonly authority?: boolean;
  readonly valid_from_ms: number;
  readonly valid_to_ms: number;
  /** Instead of RSA, as the SM2 certificates in Alipay's root file are. */
  readonly elliptic?: boolean;
}

const SHA256_WITH_RSA = Buffer.from('2a864886f70d01010b', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('551d13', 'hex');
const NAME_PARTS = ['550406', '55040a', '55040b', '550403'].map((part) => Buffer.from(part, 'hex'));

/** A certificate signed by `issuer`, or by itself. */
export function issue(wanted: Wanted): TestCertificate {
  const pair = wanted.elliptic
    ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signer = wanted.issuer?.key ?? pair.privateKey;
  const algorithm =
    signer.asymmetricKeyType === 'rsa'
      ? sequence(element(0x06, SHA256_WITH_RSA), element(0x05, Buffer.alloc(0)))
      : sequence(element(0x06, ECDSA_WITH_SHA256));
  const constraints = sequence(
    element(0x06, BASIC_CONSTRAINTS),
    element(0x04, sequence(element(0x01, Buffer.from([0xff])))),
  );
  const body = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.concat([Buffer.from([0x20]), randomBytes(15)])),
    algorithm,
    nameOf(wanted.issuer?.name ?? wanted.name),
    sequence(time(wanted.valid_from_ms), time(wanted.valid_to_ms)),
    nameOf(wanted.name),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    ...(wanted.authority ? [element(0xa3, sequence(constraints))] : []),
  );
  const signature = element(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, signer)]));
  const base64 = sequence(body, algorithm, signature).toString('base64');
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    name: wanted.name,
    key: createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

function nameOf(name: Name): Buffer {
  return sequence(
    ...name.map((text, index) => {
      const type = element(0x06, NAME_PARTS[index] ?? Buffer.alloc(0));
      return element(0x31, sequence(type, element(index === 0 ? 0x13 : 0x0c, Buffer.from(text))));
    }),
  );
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

function sequence(...members: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(members));
}

function time(at_ms: number): Buffer {
  const digits = new Date(at_ms).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  return element(0x18, Buffer.from(`${digits}Z`));
}
