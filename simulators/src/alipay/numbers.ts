import type { SimulatorPorts } from '../kernel/ports.ts';
import { chinaDate, chinaTimeDigits } from './china-time.ts';

type Random = Pick<SimulatorPorts, 'randomBytes'>;

/** @returns `length` random decimal digits */
export function randomDigits(ports: Random, length: number): string {
  return randomText(ports, length, '0123456789');
}

/** @returns a trade number as upstream's: 28 digits beginning with the date in China */
export function newTradeNo(ports: Random, now_ms: number): string {
  return `${chinaDate(now_ms).replaceAll('-', '')}22001${randomDigits(ports, 15)}`;
}

/** @returns a notify_id as upstream's: 34 digits holding date and time */
export function newNotifyId(ports: Random, now_ms: number): string {
  return `${chinaDate(now_ms).replaceAll('-', '')}00222${chinaTimeDigits(now_ms)}${randomDigits(ports, 15)}`;
}

/** @returns the text inside a precreated QR code, for example https://qr.alipay.com/bax00022tldi82dwzbvp6013 */
export function newQrCode(ports: Random): string {
  return `${QR_CODE_ORIGIN}bax${randomDigits(ports, 5)}${randomText(ports, 16, 'abcdefghijklmnopqrstuvwxyz0123456789')}`;
}

/** Where every Alipay QR code points. */
export const QR_CODE_ORIGIN = 'https://qr.alipay.com/';

/** @returns the hexadecimal trace id of an answer's `trace_id` header */
export function newTraceId(ports: Random): string {
  return ports.randomBytes(16).toString('hex');
}

function randomText(ports: Random, length: number, alphabet: string): string {
  let text = '';
  while (text.length < length) {
    for (const byte of ports.randomBytes(length)) {
      // Bytes beyond the last whole multiple of the alphabet would favour its first letters.
      if (byte < 256 - (256 % alphabet.length) && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
