/**
 * When something is tried again, as data. Pure: the caller adds the delays to its own clock.
 *
 * Notifications: first attempt at once, then up to 10 repeats; the last one is due 45 h 19 m after the first, inside the
 * 48 hours that the merchant API document promises.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long a merchant may take to answer a notification, name resolution included. */
export const NOTIFY_TIMEOUT_MS = 5 * SECOND_MS;

/** Pauses before the repeats of a notification, each counted from the end of the attempt before it. */
export const NOTIFY_REPEAT_DELAYS_MS: readonly number[] = [
  1 * MINUTE_MS,
  1 * MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  1 * HOUR_MS,
  2 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
];

/** The first attempt and every repeat. */
export const NOTIFY_MAX_ATTEMPTS = 1 + NOTIFY_REPEAT_DELAYS_MS.length;

/**
 * How long to wait before the next attempt to deliver a notification.
 *
 * @param attempts_made attempts that have been made and failed; 0 before the first.
 * @returns milliseconds from the last attempt (0 for the first attempt), or null when every attempt has been made.
 * @throws RangeError when `attempts_made` is not a non-negative integer: a bug of the caller.
 */
export function nextAttempt(attempts_made: number): number | null {
  assertCount(attempts_made);
  if (attempts_made === 0) return 0;
  return NOTIFY_REPEAT_DELAYS_MS[attempts_made - 1] ?? null;
}

/** When the channel is asked about something that is not decided: a list of pauses, the last of which repeats for ever. */
export interface QuerySchedule {
  /** At least one; the last one repeats. */
  readonly delays_ms: readonly number[];
}

/** What there is to ask about. */
export type QueryKind = 'unknown_outcome' | 'waiting_for_payer' | 'at_till' | 'refund';

export const QUERY_SCHEDULES: Readonly<Record<QueryKind, QuerySchedule>> = {
  /**
   * The channel's answer to an order, close or reverse was lost or not understood. The first question comes after 5 s:
   * WeChat asks to wait that long after SYSTEMERROR before querying.
   */
  unknown_outcome: {
    delays_ms: [
      5 * SECOND_MS,
      10 * SECOND_MS,
      30 * SECOND_MS,
      1 * MINUTE_MS,
      2 * MINUTE_MS,
      5 * MINUTE_MS,
      10 * MINUTE_MS,
    ],
  },
  /** A code is on show and a payer may scan it: a callback tells first, these queries are for the callback that never comes. */
  waiting_for_payer: {
    delays_ms: [30 * SECOND_MS, 1 * MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS],
  },
  /** A payer stands at a till: first 5 s after the order, then every 5 to 10 s (pay-api, 统一反扫支付, 提醒1). */
  at_till: { delays_ms: [5 * SECOND_MS, 5 * SECOND_MS, 5 * SECOND_MS, 10 * SECOND_MS] },
  /** A refund was accepted or its answer lost. Alipay asks to wait 10 s before querying a refund. */
  refund: {
    delays_ms: [10 * SECOND_MS, 30 * SECOND_MS, 1 * MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 1 * HOUR_MS],
  },
};

/**
 * How long to wait before asking the channel again. Never ends by itself: the caller stops when the channel has decided, and
 * for an order waiting for its payer when the order expires.
 *
 * @param kind what is asked about.
 * @param queries_made questions asked so far; 0 before the first.
 * @returns milliseconds from the event (first question) or from the last question.
 * @throws RangeError when `queries_made` is not a non-negative integer: a bug of the caller.
 */
export function delayAfter(kind: QueryKind, queries_made: number): number {
  assertCount(queries_made);
  const { delays_ms } = QUERY_SCHEDULES[kind];
  const delay_ms = delays_ms[Math.min(queries_made, delays_ms.length - 1)];
  if (delay_ms === undefined) throw new RangeError(`the schedule of ${kind} is empty`);
  return delay_ms;
}

function assertCount(count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`not a number of attempts: ${count}`);
}
