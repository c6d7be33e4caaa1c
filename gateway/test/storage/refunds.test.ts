import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { Order } from '../../src/domain/order.ts';
import type { Refund } from '../../src/domain/refund.ts';
import type { NewRefund } from '../../src/storage/refunds.ts';
import type { Store } from '../../src/storage/store.ts';
import {
  insertOrder,
  MERCHANT_ID,
  newId,
  newNotification,
  newRefund,
  NOW_MS,
  openStore,
  readOrder,
  refundSaveOf,
} from './opened-store.ts';
import type { OpenedStore } from './opened-store.ts';

let opened: OpenedStore;
let store: Store;

beforeAll(async () => {
  opened = await openStore();
  store = opened.store;
});

afterAll(() => opened.close());

async function readRefund(refund_id: string): Promise<Refund> {
  const refund = await store.refunds.byId(MERCHANT_ID, refund_id);
  if (!refund) throw new Error(`no refund ${refund_id}`);
  return refund;
}

/** Reserves a refund of an order of 100 fen. */
async function reserved(changes: Partial<NewRefund> = {}): Promise<{ order: Order; refund: Refund }> {
  const order = await insertOrder(store);
  const created = newRefund(order, changes);
  if ((await store.refunds.reserve(order, created)) !== 'reserved') throw new Error('not reserved');
  return { order, refund: await readRefund(created.refund_id) };
}

async function sums(trade_id: string): Promise<number[]> {
  const order = await readOrder(store, trade_id);
  return [order.refunded_fen, order.refund_reserved_fen];
}

async function jobOf(refund_id: string): Promise<unknown[]> {
  return opened.sql(`SELECT run_at_ms FROM jobs WHERE kind = 'refund' AND subject_id = $1`, [refund_id]);
}

describe('reserve', () => {
  test('writes refund, event and job and reserves the amount', async () => {
    const { order, refund } = await reserved();
    expect(refund).toMatchObject({ version: 1, state: 'undecided', refund_fen: 40, decided_at_ms: null });
    expect(await readOrder(store, order.trade_id)).toMatchObject({
      version: 2,
      refund_reserved_fen: 40,
      refund_count: 1,
    });
    expect(await jobOf(refund.refund_id)).toEqual([{ run_at_ms: NOW_MS + 20_000 }]);
    const timeline = await store.orders.timeline(MERCHANT_ID, order.trade_id, 0, 10);
    expect(timeline.at(-1)).toMatchObject({
      source: 'refund',
      kind: 'refund_created',
      detail: { refund_id: refund.refund_id, refund_fee: 40 },
    });
  });

  test('of reservations on one reading of an order, on one node or several, one succeeds', async () => {
    const other = opened.another();
    const order = await insertOrder(store);
    const nodes = [store, other, store, other];
    const outcomes = await Promise.all(nodes.map((node) => node.refunds.reserve(order, newRefund(order))));
    expect(outcomes.toSorted()).toEqual(['conflict', 'conflict', 'conflict', 'reserved']);
    expect(await sums(order.trade_id)).toEqual([0, 40]);
  });

  test('a conflict leaves no refund, event or job behind', async () => {
    const { order } = await reserved();
    const late = newRefund(order);
    expect(await store.refunds.reserve(order, late)).toBe('conflict');
    expect(await store.refunds.byId(MERCHANT_ID, late.refund_id)).toBeNull();
    expect(await jobOf(late.refund_id)).toEqual([]);
    expect(await store.orders.timeline(MERCHANT_ID, order.trade_id, 0, 10)).toHaveLength(2);
  });

  test('a number that is taken reserves nothing, also on another order', async () => {
    const { order, refund } = await reserved();
    for (const target of [await readOrder(store, order.trade_id), await insertOrder(store)]) {
      const again = newRefund(target, { mch_refund_id: refund.mch_refund_id });
      expect(await store.refunds.reserve(target, again)).toBe('number_taken');
      expect(await readOrder(store, target.trade_id)).toEqual(target);
    }
  });

  test('the database itself refuses more than was paid, less than nothing, and writes nothing', async () => {
    for (const amount of [101, 0, -1]) {
      const order = await insertOrder(store);
      const refund = newRefund(order, { refund_fen: amount as NewRefund['refund_fen'] });
      await expect(store.refunds.reserve(order, refund)).rejects.toThrow(/violates check constraint/);
      expect(await readOrder(store, order.trade_id)).toEqual(order);
      expect(await store.refunds.byId(MERCHANT_ID, refund.refund_id)).toBeNull();
    }
  });
});

describe('save', () => {
  test.each([
    ['keep', [0, 40]],
    ['refunded', [40, 0]],
    ['released', [0, 0]],
    ['reserve', [0, 80]],
  ] as const)('%s moves the sums of the order to %j', async (money, expected) => {
    const { order, refund } = await reserved();
    expect(await store.refunds.save(refundSaveOf(refund, {}, { money }))).toBe(true);
    expect(await sums(order.trade_id)).toEqual(expected);
  });

  test('is refused when the refund has changed since it was read, and moves nothing then', async () => {
    const { order, refund } = await reserved();
    const succeeded = refundSaveOf(refund, { state: 'succeeded' }, { money: 'refunded' });
    expect(await store.refunds.save(succeeded)).toBe(true);
    expect(await store.refunds.save(succeeded)).toBe(false);
    expect(
      await store.refunds.save(
        refundSaveOf(
          refund,
          { state: 'refused' },
          {
            money: 'released',
            event: { source: 'query', kind: 'refund_refused', detail: {} },
            job: NOW_MS,
            notification: newNotification({ subject: 'refund', refund_id: refund.refund_id }),
          },
        ),
      ),
    ).toBe(false);
    expect(await sums(order.trade_id)).toEqual([40, 0]);
    expect(await store.notifications.ofOrder(MERCHANT_ID, order.trade_id)).toEqual([]);
    expect(await jobOf(refund.refund_id)).toEqual([{ run_at_ms: NOW_MS + 20_000 }]);
    expect(await store.orders.timeline(MERCHANT_ID, order.trade_id, 0, 10)).toHaveLength(2);
  });

  test('of two decisions at once, on two nodes, one counts and the sums move once', async () => {
    const other = opened.another();
    for (let round = 0; round < 5; round += 1) {
      const { order, refund } = await reserved();
      const outcomes = await Promise.all([
        store.refunds.save(refundSaveOf(refund, { state: 'succeeded' }, { money: 'refunded' })),
        other.refunds.save(refundSaveOf(refund, { state: 'refused' }, { money: 'released' })),
      ]);
      expect(outcomes.toSorted()).toEqual([false, true]);
      expect(await sums(order.trade_id)).toEqual(outcomes[0] ? [40, 0] : [0, 0]);
    }
  });

  test('writes event, job and notification in the same commit', async () => {
    const { order, refund } = await reserved();
    const notification = newNotification({ subject: 'refund', refund_id: refund.refund_id });
    const save = refundSaveOf(
      refund,
      { state: 'succeeded', channel_refund_id: 'R1', decided_at_ms: NOW_MS },
      {
        money: 'refunded',
        event: { source: 'callback', kind: 'refund_succeeded', detail: { raw: '\0' } },
        job: 'delete',
        notification,
      },
    );
    expect(await store.refunds.save(save)).toBe(true);
    expect(await readRefund(refund.refund_id)).toMatchObject({
      version: 2,
      state: 'succeeded',
      channel_refund_id: 'R1',
      decided_at_ms: NOW_MS,
    });
    expect(await jobOf(refund.refund_id)).toEqual([]);
    expect(await store.notifications.ofOrder(MERCHANT_ID, order.trade_id)).toMatchObject([
      { notification_id: notification.notification_id, refund_id: refund.refund_id, state: 'pending' },
    ]);
    expect((await store.orders.timeline(MERCHANT_ID, order.trade_id, 0, 10)).at(-1)).toMatchObject({
      kind: 'refund_succeeded',
      detail: { raw: '\uFFFD' },
    });
  });

  test('is refused when another refund took what it is to reserve anew, and writes nothing', async () => {
    const order = await insertOrder(store);
    const first = newRefund(order, { refund_fen: fen(60) });
    await store.refunds.reserve(order, first);
    const refused = await readRefund(first.refund_id);
    await store.refunds.save(refundSaveOf(refused, { state: 'refused' }, { money: 'released' }));
    const second = newRefund(order, { refund_fen: fen(60) });
    await store.refunds.reserve(await readOrder(store, order.trade_id), second);
    const again = await readRefund(first.refund_id);
    const resubmission = refundSaveOf(again, { state: 'undecided' }, { money: 'reserve', job: NOW_MS });
    expect(await store.refunds.save(resubmission)).toBe(false);
    expect(await readRefund(first.refund_id)).toEqual(again);
    expect(await sums(order.trade_id)).toEqual([0, 60]);
  });
});

test('a refund is found by each of its numbers, at its own merchant only', async () => {
  const { order, refund } = await reserved({ channel_refund_no: newId() });
  const { refunds } = store;
  expect(await refunds.byNumber(MERCHANT_ID, refund.mch_refund_id ?? '')).toEqual(refund);
  expect(await refunds.byChannelNumber(MERCHANT_ID, refund.channel_refund_no)).toEqual(refund);
  expect(await refunds.ofOrder(MERCHANT_ID, order.trade_id)).toEqual([refund]);
  const stranger = '1000000000000002';
  expect(await refunds.byNumber(stranger, refund.mch_refund_id ?? '')).toBeNull();
  expect(await refunds.byId(stranger, refund.refund_id)).toBeNull();
  expect(await refunds.byChannelNumber(stranger, refund.channel_refund_no)).toBeNull();
  expect(await refunds.ofOrder(stranger, order.trade_id)).toEqual([]);
});
