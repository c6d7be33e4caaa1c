/** Whether an answer or a callback really comes from WeChat Pay (merchant documentation page 4012365341). */
import type { KeyObject } from 'node:crypto';
import { answerMessage, isSignedBy } from './sign.ts';

/** Five minutes either way, the document's limit: an older message may be a replay. */
export const MAX_SKEW_MS = 300_000;

/** `verified`, or a stable word for what is wrong; checked in this order. */
export type Verdict =
  | 'verified'
  | 'missing_signature'
  | 'sign_test'
  | 'stale_timestamp'
  | 'unknown_serial'
  | 'bad_signature';

/**
 * Checks the Wechatpay-* headers over the bytes as received.
 * @param headers lower-case names
 * @param now_ms our own time, milliseconds since the epoch
 * @param findKey the platform key of a serial, null when there is none
 */
export async function verifyMessage(
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  now_ms: number,
  findKey: (serial: string) => KeyObject | null | Promise<KeyObject | null>,
): Promise<Verdict> {
  const timestamp_s = headers['wechatpay-timestamp'];
  const nonce = headers['wechatpay-nonce'];
  const serial = headers['wechatpay-serial'];
  const signature = headers['wechatpay-signature'];
  if (!timestamp_s || !nonce || !serial || !signature) return 'missing_signature';
  // WeChat Pay sends wrongly signed probes to find out who does not check; doc 4012365341.
  if (signature.startsWith('WECHATPAY/SIGNTEST/')) return 'sign_test';
  if (!/^\d{1,12}$/.test(timestamp_s)) return 'stale_timestamp';
  if (Math.abs(now_ms - Number(timestamp_s) * 1000) > MAX_SKEW_MS) return 'stale_timestamp';
  const key = await findKey(serial);
  if (!key) return 'unknown_serial';
  return isSignedBy(key, answerMessage(timestamp_s, nonce, body), signature) ? 'verified' : 'bad_signature';
}
