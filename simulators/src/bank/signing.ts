/** Detached signatures: RSASSA-PKCS1-v1_5 with SHA-256 over lines that each end in a newline (the bank's interface, Signatures). */
import { sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingRequest, SimulatorPorts } from '../kernel/ports.ts';

const TOLERANCE_MS = 5 * 60 * 1000;

/** Headers that sign a body of the bank's: `timestamp\nnonce\nbody\n`. */
export function signatureHeaders(
  body: Buffer,
  key: { readonly id: string; readonly private_key: KeyObject },
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
): Record<string, string> {
  const timestamp = String(Math.floor(ports.now() / 1000));
  const nonce = ports.randomBytes(16).toString('hex');
  const message = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), body, Buffer.from('\n')]);
  return {
    'bank-key': key.id,
    'bank-timestamp': timestamp,
    'bank-nonce': nonce,
    'bank-signature': sign('sha256', message, key.private_key).toString('base64'),
  };
}

/** @returns undefined when the customer signed the request, else what is wrong with it */
export function signatureProblem(
  request: IncomingRequest,
  client: { readonly id: string; readonly public_key: KeyObject },
  now_ms: number,
): string | undefined {
  const { headers } = request;
  if (headers['bank-client'] !== client.id) return 'Bank-Client is not a customer of this bank';
  const timestamp = headers['bank-timestamp'] ?? '';
  if (!/^\d{1,12}$/.test(timestamp)) return 'Bank-Timestamp is missing';
  if (Math.abs(Number(timestamp) * 1000 - now_ms) > TOLERANCE_MS) return 'Bank-Timestamp is more than five minutes off';
  const nonce = headers['bank-nonce'] ?? '';
  if (nonce.length < 16) return 'Bank-Nonce has fewer than 16 characters';
  const head = `${request.method}\n${request.target}\n${timestamp}\n${nonce}\n`;
  const message = Buffer.concat([Buffer.from(head), request.body, Buffer.from('\n')]);
  const signature = Buffer.from(headers['bank-signature'] ?? '', 'base64');
  return verify('sha256', message, client.public_key, signature) ? undefined : 'Bank-Signature is wrong';
}

/** @returns the same text with its signature changed so that it does not verify */
export function spoil(signature: string): string {
  const first = signature.startsWith('A') ? 'B' : 'A';
  return first + signature.slice(1);
}
