/** The loop that asks about undecided orders. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Order } from '../../src/domain/order.ts';
import { resolveOrders } from '../../src/jobs/resolve-orders.ts';
import {
  anAcceptedOrder,
  askingGateway,
  mattersOf,
  WAITING,
  type AskingGateway,
} from '../operations/asking-gateway.ts';
import { NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';

const DAY_MS = 86_400_000;

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

beforeEach(() => opened.sql('DELETE FROM jobs'));

afterAll(() => opened.close());

/** Runs what is due now to its end. */
async function runDue({ gateway }: AskingGateway): Promise<void> {
  const running: Promise<void>[] = [];
  await resolveOrders().runBatch(gateway, 100, (run) => void running.push(run()));
  await Promise.all(running);
}

async function dueIn(order: Order, now_ms: number): Promise<number | null> {
  const [job] = await opened.sql<{ run_at_ms: number }>('SELECT run_at_ms FROM jobs WHERE subject_id = $1', [
    order.trade_id,
  ]);
  return job ? job.run_at_ms - now_ms : null;
}

/** Makes an order due at that moment. */
async function due(order: Order, at_ms: number): Promise<void> {
  await opened.sql(
    `INSERT INTO jobs (kind, merchant_id, subject_id, run_at_ms) VALUES ('order', $1, $2, $3)
    ON CONFLICT (kind, merchant_id, subject_id) DO UPDATE SET run_at_ms = excluded.run_at_ms`,
    [order.merchant_id, order.trade_id, at_ms],
  );
}

describe('an order that stays undecided', () => {
  const unanswered = { outcome: 'unknown', reason: 'timeout' } as const;

  test('is put before a person a day after its time was up, once, and asked about on', async () => {
    const order = await anAcceptedOrder(opened);
    const asking = askingGateway(opened, order.expires_at_ms + DAY_MS, { query: [unanswered] });
    await due(order, asking.now_ms);
    await runDue(asking);
    expect(await mattersOf(opened, order)).toEqual([]);

    for (let again = 0; again < 2; again += 1) {
      asking.now_ms += 60_000;
      await due(order, asking.now_ms);
      await runDue(asking);
    }
    expect(await mattersOf(opened, order)).toMatchObject([{ kind: 'order_undecided_too_long', occurrences: 2 }]);
    expect(asking.calls).toEqual(['query', 'query', 'query']);
    expect(await dueIn(order, asking.now_ms)).toBeGreaterThan(0);
  });

  test('at an account that does not answer waits, and nobody is asked', async () => {
    const order = await anAcceptedOrder(opened);
    const asking = askingGateway(opened, NOW_MS + 60_000);
    asking.admits = false;
    await due(order, asking.now_ms);
    await runDue(asking);
    expect(asking.calls).toEqual([]);
    expect(await dueIn(order, asking.now_ms)).toBe(5_000);
  });
});

test('an order that has ended and has a job is asked about once more: until its channel has said how it stands', async () => {
  const order = await anAcceptedOrder(opened, { state: 'closed' });
  const unanswered = { outcome: 'unknown', reason: 'timeout' } as const;
  const asking = askingGateway(opened, NOW_MS + 60_000, { query: [unanswered, WAITING] });
  await due(order, asking.now_ms);
  await runDue(asking);
  expect(await dueIn(order, asking.now_ms)).toBeGreaterThan(0);

  await due(order, asking.now_ms);
  await runDue(asking);
  expect(asking.calls).toEqual(['query', 'query']);
  expect(await dueIn(order, asking.now_ms)).toBeNull();
});
