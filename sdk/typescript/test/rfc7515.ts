/** The example of RFC 7515, appendix A.2, as published, and its keys in every form that merchants have. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

interface Vector {
  readonly jwk: Readonly<Record<string, string>>;
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

export const vector = JSON.parse(readFileSync(new URL('vectors/rfc7515-a2.json', import.meta.url), 'utf8')) as Vector;

const private_key = createPrivateKey({ key: vector.jwk, format: 'jwk' });
const public_key = createPublicKey(private_key);

export const pkcs1_pem = private_key.export({ type: 'pkcs1', format: 'pem' }).toString();
export const pkcs8_pem = private_key.export({ type: 'pkcs8', format: 'pem' }).toString();
export const spki_pem = public_key.export({ type: 'spki', format: 'pem' }).toString();
export const public_pkcs1_pem = public_key.export({ type: 'pkcs1', format: 'pem' }).toString();

/** A PEM without its first and last line and without line breaks. */
export function oneLine(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s/g, '');
}
