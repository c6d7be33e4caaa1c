import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../src/storage/store.ts';
import { insertOrder, MERCHANT_ID, newId, newNotification, NOW_MS, openStore, saveOf } from './opened-store.ts';
import type { OpenedStore } from './opened-store.ts';

const LEASE_MS = 30_000;

let opened: OpenedStore;
let store: Store;

beforeAll(async () => {
  opened = await openStore();
  store = opened.store;
});

afterAll(() => opened.close());

beforeEach(async () => {
  await opened.sql('DELETE FROM jobs');
});

/** Plans jobs, the first due at NOW_MS and each next one a second later; answers their subjects in that order. */
async function plan(count: number, kind = 'order'): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId());
  await opened.sql(
    `INSERT INTO jobs (kind, merchant_id, subject_id, run_at_ms)
     SELECT $1, $2, id, $3::bigint + 1000 * (number - 1) FROM unnest($4::text[]) WITH ORDINALITY AS t(id, number)`,
    [kind, MERCHANT_ID, NOW_MS, ids],
  );
  return ids;
}

const subjects = (jobs: readonly { subject_id: string }[]): string[] => jobs.map((job) => job.subject_id);

describe('claim', () => {
  test('takes what is due, the longest due first, up to its limit, and nothing else', async () => {
    const [first = '', second = '', third] = await plan(4);
    await plan(1, 'refund');
    expect(await store.jobs.claim('order', NOW_MS - 1, LEASE_MS, 10)).toEqual([]);
    const claimed = await store.jobs.claim('order', NOW_MS + 5_000, LEASE_MS, 2);
    expect(subjects(claimed).toSorted()).toEqual([first, second].toSorted());
    expect(claimed[0]).toMatchObject({ merchant_id: MERCHANT_ID, attempt: 1 });
    expect(subjects(await store.jobs.claim('order', NOW_MS + 2_000, LEASE_MS, 2))).toEqual([third]);
  });

  test('leaves a claimed job alone until its lease has run out, then hands it out again', async () => {
    const [id] = await plan(1);
    const at = (now_ms: number) => store.jobs.claim('order', now_ms, LEASE_MS, 10);
    expect(await at(NOW_MS)).toMatchObject([{ subject_id: id, attempt: 1 }]);
    expect(await at(NOW_MS + LEASE_MS - 1)).toEqual([]);
    expect(await at(NOW_MS + LEASE_MS)).toMatchObject([{ subject_id: id, attempt: 2 }]);
  });

  test('nodes that claim side by side share the jobs, each job once', async () => {
    const ids = await plan(60);
    const other = opened.another();
    const nodes = [store, other, store, other, store, other];
    const claims = await Promise.all(nodes.map((node) => node.jobs.claim('order', NOW_MS + 60_000, LEASE_MS, 10)));
    const claimed = claims.flatMap(subjects);
    expect(new Set(claimed).size).toBe(claimed.length);
    const rest = await store.jobs.claim('order', NOW_MS + 60_000, LEASE_MS, 100);
    expect([...claimed, ...subjects(rest)].toSorted()).toEqual(ids.toSorted());
  });

  test('does not wait for a job that another node is claiming at this moment', async () => {
    const [held, free] = await plan(2);
    const other_node = new Client({ connectionString: opened.url });
    await other_node.connect();
    try {
      await other_node.query('BEGIN');
      await other_node.query('SELECT 1 FROM jobs WHERE subject_id = $1 FOR UPDATE', [held]);
      expect(subjects(await store.jobs.claim('order', NOW_MS + 5_000, LEASE_MS, 10))).toEqual([free]);
      // The node dies: its lock goes with it, and the job is due as before.
      await other_node.query('ROLLBACK');
      expect(subjects(await store.jobs.claim('order', NOW_MS + 5_000, LEASE_MS, 10))).toEqual([held]);
    } finally {
      await other_node.end();
    }
  });

  test('a notification comes with what its delivery needs, under its lease', async () => {
    const order = await insertOrder(store);
    const notification = newNotification({ payload: '{"code":0,"data":{"a":"é"}}' });
    await store.orders.save(saveOf(order, {}, { notification }));
    const at_ms = NOW_MS + 1_000;
    expect(await store.jobs.claimNotifications(at_ms, LEASE_MS, 10)).toEqual([
      {
        merchant_id: MERCHANT_ID,
        subject_id: notification.notification_id,
        attempt: 1,
        url: notification.url,
        payload: notification.payload,
        attempts_made: 0,
        trade_id: order.trade_id,
      },
    ]);
    expect(await store.jobs.claimNotifications(at_ms + LEASE_MS - 1, LEASE_MS, 10)).toEqual([]);
    expect(await store.jobs.claimNotifications(at_ms + LEASE_MS, LEASE_MS, 10)).toMatchObject([{ attempt: 2 }]);
  });
});

test('a job can be moved and removed, and says how late it is', async () => {
  const [id = ''] = await plan(1);
  await store.jobs.move('order', MERCHANT_ID, id, NOW_MS + 77);
  expect(await store.jobs.earliest()).toEqual([
    { kind: 'order', run_at_ms: NOW_MS + 77 },
    { kind: 'refund', run_at_ms: null },
    { kind: 'notification', run_at_ms: null },
  ]);
  expect(await store.jobs.countDue('order', NOW_MS + 76, 10)).toBe(0);
  expect(await store.jobs.countDue('order', NOW_MS + 77, 10)).toBe(1);
  await store.jobs.remove('order', MERCHANT_ID, id);
  expect(await store.jobs.countDue('order', NOW_MS + 77, 10)).toBe(0);
});
