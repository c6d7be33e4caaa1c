import { optionalText } from './biz-content.ts';
import type { BizContent } from './biz-content.ts';
import { BusinessRefusal } from './business-refusal.ts';
import { chinaDate, parseChinaTime } from './china-time.ts';

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A QR code opens a trade for two hours at most, counted from its creation (opendocs.alipay.com/open/05osuz). */
const CODE_LIFETIME_MS = 2 * HOUR_MS;
/** How long 当面付 waits for the payment when the request does not say (open/05osv9, timeout_express). */
export const FACE_TO_FACE_TIMEOUT_MS = 3 * HOUR_MS;
/** How long the wap and app products do (open/203/107090, timeout_express: 若为空，则默认为15d). */
export const CLIENT_TIMEOUT_MS = 15 * DAY_MS;
const SHORTEST_MS = MINUTE_MS;
const LONGEST_MS = 15 * DAY_MS;

/** The time limits of a precreated order: `paymentDeadline`, and qr_code_timeout_express, which shortens the code alone. */
export function paymentDeadlines(
  biz: BizContent,
  now_ms: number,
): { code_expires_at_ms: number; trade_expires_at_ms: number } {
  const trade_expires_at_ms = paymentDeadline(biz, now_ms, FACE_TO_FACE_TIMEOUT_MS);
  const code_limit_ms = relativeLimit(biz, 'qr_code_timeout_express', now_ms) ?? Number.POSITIVE_INFINITY;
  return {
    code_expires_at_ms: Math.min(now_ms + CODE_LIFETIME_MS, code_limit_ms, trade_expires_at_ms),
    trade_expires_at_ms,
  };
}

/**
 * When an unpaid order is closed, in ms. time_expire (an instant in China) wins over timeout_express (a span from the
 * request on: `1m` to `15d` in m, h or d, or `1c` for the rest of the day).
 *
 * @param default_ms the span of an order that says neither
 * @throws BusinessRefusal ACQ.INVALID_PARAMETER for another form or span, ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR for a past
 *   time_expire
 */
export function paymentDeadline(biz: BizContent, now_ms: number, default_ms: number): number {
  return absoluteLimit(biz, now_ms) ?? relativeLimit(biz, 'timeout_express', now_ms) ?? now_ms + default_ms;
}

function absoluteLimit(biz: BizContent, now_ms: number): number | undefined {
  const text = optionalText(biz, 'time_expire', 32);
  if (text === undefined) return undefined;
  const at_ms = parseChinaTime(text);
  if (at_ms === undefined || at_ms > now_ms + LONGEST_MS)
    throw new BusinessRefusal('ACQ.INVALID_PARAMETER', 'time_expire');
  if (at_ms <= now_ms) throw new BusinessRefusal('ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR');
  return at_ms;
}

function relativeLimit(biz: BizContent, name: string, now_ms: number): number | undefined {
  const text = optionalText(biz, name, 6);
  if (text === undefined) return undefined;
  if (text === '1c') return endOfDay(now_ms);
  const match = /^(\d{1,5})([mhd])$/.exec(text);
  if (!match) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', name);
  const unit_ms = match[2] === 'm' ? MINUTE_MS : match[2] === 'h' ? HOUR_MS : DAY_MS;
  const span_ms = Number(match[1]) * unit_ms;
  if (span_ms < SHORTEST_MS || span_ms > LONGEST_MS) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', name);
  return now_ms + span_ms;
}

function endOfDay(now_ms: number): number {
  const midnight_ms = parseChinaTime(`${chinaDate(now_ms)} 00:00:00`);
  if (midnight_ms === undefined) throw new Error(`no such day: ${now_ms}`);
  return midnight_ms + DAY_MS;
}
