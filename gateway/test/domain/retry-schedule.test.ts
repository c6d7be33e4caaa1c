import { describe, expect, test } from 'vitest';
import {
  delayAfter,
  nextAttempt,
  NOTIFY_MAX_ATTEMPTS,
  NOTIFY_REPEAT_DELAYS_MS,
  NOTIFY_TIMEOUT_MS,
  type QueryKind,
} from '../../src/domain/retry-schedule.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

describe('notifications', () => {
  test('are attempted at once and repeated after 1m 1m 2m 5m 10m 1h 2h 6h 12h 24h, then no more', () => {
    const delays: (number | null)[] = [];
    for (let made = 0; made <= 12; made += 1) delays.push(nextAttempt(made));
    const minutes = delays.map((delay_ms) => (delay_ms === null ? null : delay_ms / MINUTE_MS));
    expect(minutes).toEqual([0, 1, 1, 2, 5, 10, 60, 120, 360, 720, 1440, null, null]);
  });

  test('have 11 attempts within 45 h 19 m, inside the 48 h of the document', () => {
    expect(NOTIFY_MAX_ATTEMPTS).toBe(11);
    const total_ms = NOTIFY_REPEAT_DELAYS_MS.reduce((sum, delay_ms) => sum + delay_ms, 0);
    expect(total_ms).toBe(45 * HOUR_MS + 19 * MINUTE_MS);
    expect(total_ms + NOTIFY_MAX_ATTEMPTS * NOTIFY_TIMEOUT_MS).toBeLessThan(48 * HOUR_MS);
  });

  test('give a merchant five seconds', () => {
    expect(NOTIFY_TIMEOUT_MS).toBe(5 * SECOND_MS);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('have no %d-th attempt', (made) => {
    expect(() => nextAttempt(made)).toThrow(new RangeError(`not a number of attempts: ${made}`));
  });
});

describe('queries of the channel', () => {
  const schedules: readonly [QueryKind, number[], number][] = [
    ['unknown_outcome', [5, 10, 30, 60, 120, 300, 600], 600],
    ['waiting_for_payer', [30, 60, 120, 300, 600], 600],
    ['refund', [10, 30, 60, 300, 1800, 3600], 3600],
  ];

  test.each(schedules)('%s come after %j seconds, then every %d seconds', (kind, first, then) => {
    const seconds = first.map((_, made) => delayAfter(kind, made) / SECOND_MS);
    expect(seconds).toEqual(first);
    for (const made of [first.length, first.length + 1, 1_000_000]) {
      expect(delayAfter(kind, made)).toBe(then * SECOND_MS);
    }
  });

  test.each(schedules)('%s refuse a count that is none', (kind) => {
    expect(() => delayAfter(kind, -1)).toThrow(new RangeError('not a number of attempts: -1'));
  });
});
