import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AttemptResult } from '../../src/storage/notifications.ts';
import type { Store } from '../../src/storage/store.ts';
import { insertOrder, MERCHANT_ID, newNotification, NOW_MS, openStore, saveOf } from './opened-store.ts';
import type { OpenedStore } from './opened-store.ts';

let opened: OpenedStore;
let store: Store;

beforeAll(async () => {
  opened = await openStore();
  store = opened.store;
});

afterAll(() => opened.close());

async function pending(): Promise<string> {
  const notification = newNotification();
  await store.orders.save(saveOf(await insertOrder(store), {}, { notification }));
  return notification.notification_id;
}

function attempt(notification_id: string, changes: Partial<AttemptResult> = {}): AttemptResult {
  return {
    merchant_id: MERCHANT_ID,
    notification_id,
    attempt: 1,
    at_ms: NOW_MS + 2_000,
    delivered: false,
    http_status: 500,
    reason: 'http_500',
    answer: 'busy',
    next_at_ms: NOW_MS + 62_000,
    ...changes,
  };
}

const delivered = { delivered: true, http_status: 200, reason: null, answer: null, next_at_ms: null } as const;
const given_up = { next_at_ms: null } as const;

/** State, attempts made, and when the next one is due (null: none is planned). */
async function standing(notification_id: string): Promise<readonly [string, number, number | null]> {
  const notification = await store.notifications.byId(MERCHANT_ID, notification_id);
  const [job] = await opened.sql<{ run_at_ms: number }>(
    `SELECT run_at_ms FROM jobs WHERE kind = 'notification' AND subject_id = $1`,
    [notification_id],
  );
  return [notification?.state ?? 'none', notification?.attempts ?? 0, job?.run_at_ms ?? null];
}

describe('record', () => {
  test.each([
    ['a failure', {}, ['pending', 1, NOW_MS + 62_000]],
    ['a success', delivered, ['delivered', 1, null]],
    ['the last failure', given_up, ['failed', 1, null]],
  ] as const)('%s changes attempt, state and job together', async (_name, changes, expected) => {
    const id = await pending();
    await store.notifications.record(attempt(id, changes));
    expect(await standing(id)).toEqual(expected);
    expect(await store.notifications.attempts(MERCHANT_ID, id)).toHaveLength(1);
  });

  test('the same attempt recorded again changes nothing', async () => {
    const id = await pending();
    await store.notifications.record(attempt(id));
    const before = await standing(id);
    await Promise.all([store.notifications.record(attempt(id)), opened.another().notifications.record(attempt(id))]);
    expect(await standing(id)).toEqual(before);
    expect(await store.notifications.attempts(MERCHANT_ID, id)).toMatchObject([{ attempt: 1, reason: 'http_500' }]);
  });

  test('what was delivered stays so when a second delivery under a lapsed lease fails', async () => {
    const id = await pending();
    await store.notifications.record(attempt(id, delivered));
    await store.notifications.record(attempt(id));
    expect(await standing(id)).toEqual(['delivered', 1, null]);
  });

  test('a late success ends the repeats that a failure under the other lease had planned', async () => {
    const id = await pending();
    await store.notifications.record(attempt(id));
    await store.notifications.record(attempt(id, delivered));
    expect(await standing(id)).toEqual(['delivered', 1, null]);
  });

  test('one refused by PostgreSQL harms none of those recorded with it', async () => {
    const ids = await Promise.all([pending(), pending(), pending()]);
    const bad = ids[1] ?? '';
    const results = await Promise.allSettled(
      ids.map((id) => store.notifications.record(attempt(id, id === bad ? { at_ms: 0.5 } : delivered))),
    );
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const states = await Promise.all(ids.map(async (id) => (await standing(id))[0]));
    expect(states).toEqual(['delivered', 'pending', 'delivered']);
  });
});

describe('replay', () => {
  test.each([
    ['delivered', delivered],
    ['failed', given_up],
    ['pending', {}],
  ])('plans one more attempt at once of one that is %s', async (_state, changes) => {
    const id = await pending();
    await store.notifications.record(attempt(id, changes));
    expect(await store.notifications.replay(MERCHANT_ID, id, NOW_MS + 9_000)).toBe(true);
    expect(await standing(id)).toEqual(['pending', 1, NOW_MS + 9_000]);
  });

  test('knows only the notifications of its merchant', async () => {
    const id = await pending();
    expect(await store.notifications.replay('1000000000000002', id, NOW_MS)).toBe(false);
    expect(await store.notifications.replay(MERCHANT_ID, 'none', NOW_MS)).toBe(false);
  });
});
