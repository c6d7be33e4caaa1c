import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkClock, checkDisk, checkJobs, checkNotifications } from '../../src/cli/doctor-checks.ts';
import type { Workplace } from '../../src/cli/workplace.ts';
import { readConfig } from '../../src/config.ts';

const NOW_MS = Date.UTC(2026, 2, 1, 4, 0, 0);
const MINUTE_MS = 60_000;

/** A workplace in which this work waits. */
function place(waiting: { due_for_ms?: number; failed?: number }): Workplace {
  const { due_for_ms = null, failed = 0 } = waiting;
  const run_at_ms = due_for_ms === null ? null : NOW_MS - due_for_ms;
  return {
    ports: { clock: { now_ms: () => NOW_MS } },
    store: {
      jobs: {
        earliest: () =>
          Promise.resolve([
            { kind: 'order', run_at_ms: NOW_MS + MINUTE_MS },
            { kind: 'refund', run_at_ms },
          ]),
        countDue: () => Promise.resolve(10_000),
      },
      notifications: { countFailed: () => Promise.resolve(failed) },
    },
  } as unknown as Workplace;
}

describe('the clock', () => {
  test.each([
    ['ok', 4_000, 'agrees with the database, wechat-main to 5 s'],
    ['warn', 5_000, '5 s behind wechat-main'],
    ['warn', -59_000, '59 s ahead of wechat-main'],
    ['fail', 240_000, '4 min behind wechat-main'],
  ])('is %s when another differs by %i ms', (state, difference_ms, message) => {
    const others = [
      { whose: 'the database', difference_ms: 10 },
      { whose: 'wechat-main', difference_ms },
    ];
    expect(checkClock(others)).toMatchObject({ state, message });
  });
});

describe('jobs', () => {
  test.each([
    ['ok', {}, 'nothing has been due for a minute'],
    ['ok', { due_for_ms: 59_000 }, 'nothing has been due for a minute'],
    ['warn', { due_for_ms: 3 * MINUTE_MS }, 'the oldest refund job has been due for 3 min'],
    ['fail', { due_for_ms: 60 * MINUTE_MS }, 'the oldest refund job has been due for 1 h'],
  ])('are %s with %j', async (state, waiting, message) => {
    expect(await checkJobs(place(waiting))).toMatchObject([{ state, message }]);
  });
});

test('notifications that failed for good are a warning with the command that sends them again', async () => {
  expect(await checkNotifications(place({ failed: 3 }))).toEqual([
    {
      name: 'notifications',
      state: 'warn',
      message: '10000 or more due now, 3 failed after the last repeat',
      remedy: 'send them again by heliu notify replay --failed --merchant <merchant_id>',
    },
  ]);
});

test('the disk is looked at although HELIU_HOME does not exist yet', async () => {
  const config = readConfig({ HELIU_HOME: join(tmpdir(), 'heliu-none', 'deeper') });
  expect((await checkDisk(config)).message).toMatch(/^[\d.]+ [GM]B free for /);
});
