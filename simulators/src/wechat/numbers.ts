import { createHash } from 'node:crypto';
import type { SimulatorPorts } from '../kernel/ports.ts';
import { chinaDay, compactChinaTime } from './china-time.ts';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

type Randomness = Pick<SimulatorPorts, 'randomBytes'>;

function randomOf(alphabet: string, ports: Randomness, length: number): string {
  let text = '';
  for (const byte of ports.randomBytes(length)) text += alphabet[byte % alphabet.length];
  return text;
}

export function randomDigits(ports: Randomness, length: number): string {
  return randomOf('0123456789', ports, length);
}

export function randomAlphanumeric(ports: Randomness, length: number): string {
  return randomOf(ALPHANUMERIC, ports, length);
}

/** Wechatpay-Nonce as upstream writes it: 32 lower-case hexadecimal digits. */
export function randomNonce(ports: Randomness): string {
  return ports.randomBytes(16).toString('hex');
}

/** 28 digits beginning with 4200 and holding the day, as real ones do (4200001234 20210326 6853086457). */
export function newTransactionId(ports: Randomness, at_ms: number): string {
  return `4200${randomDigits(ports, 6)}${chinaDay(at_ms)}${randomDigits(ports, 10)}`;
}

/** `wx`, the moment and 20 hexadecimal digits, as real ones do (wiki api chapter=9_1: wx201410272009395522657a690389285100). */
export function newPrepayId(ports: Randomness, at_ms: number): string {
  return `wx${compactChinaTime(at_ms)}${ports.randomBytes(10).toString('hex')}`;
}

/** 18 digits beginning with 10 to 15 (doc v2 4011937125, auth_code). */
export function newAuthCode(ports: Randomness): string {
  return `1${(ports.randomBytes(1)[0] ?? 0) % 6}${randomDigits(ports, 16)}`;
}

/** 29 digits beginning with 50300 and holding the day, as real ones do (doc 4012791862: 50000000382019052709732678859). */
export function newRefundId(ports: Randomness, at_ms: number): string {
  return `50300${randomDigits(ports, 5)}${chinaDay(at_ms)}${randomDigits(ports, 11)}`;
}

/** The payer's openid: 28 characters beginning with `o`, another for each appid and always the same for one. */
export function openidOf(appid: string): string {
  return `o${createHash('sha256').update(`payer of ${appid}`).digest('base64url').slice(0, 27)}`;
}
