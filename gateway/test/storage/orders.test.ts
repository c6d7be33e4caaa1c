import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { Nonce } from '../../src/domain/nonce.ts';
import type { Order } from '../../src/domain/order.ts';
import type { InsertOutcome, NewOrder } from '../../src/storage/orders.ts';
import type { OrderSave } from '../../src/storage/save-orders.ts';
import type { Store } from '../../src/storage/store.ts';
import { facts } from '../domain/samples.ts';
import {
  insertOrder,
  MERCHANT_ID,
  newId,
  newNotification,
  newOrder,
  NOW_MS,
  openStore,
  readOrder,
  saveOf,
} from './opened-store.ts';
import type { OpenedStore } from './opened-store.ts';

let opened: OpenedStore;
let store: Store;

beforeAll(async () => {
  opened = await openStore();
  store = opened.store;
});

afterAll(() => opened.close());

/** How many rows of each table belong to an order. */
async function traces(trade_id: string): Promise<Record<string, number>> {
  const [row] = await opened.sql<Record<string, number>>(
    `SELECT (SELECT count(*) FROM orders WHERE trade_id = $1)::integer AS orders,
       (SELECT count(*) FROM order_events WHERE trade_id = $1)::integer AS events,
       (SELECT count(*) FROM jobs WHERE kind = 'order' AND subject_id = $1)::integer AS jobs,
       (SELECT count(*) FROM notifications WHERE trade_id = $1)::integer AS notifications,
       (SELECT count(*) FROM refunds WHERE trade_id = $1)::integer AS refunds,
       (SELECT count(*) FROM nonces WHERE nonce_str = 'nonce.' || $1)::integer AS nonces`,
    [trade_id],
  );
  return row ?? {};
}

describe('insert', () => {
  test('writes nonce, order, first event and job, and reads back what it was given', async () => {
    const order = newOrder({ request: { body: '商品 "a"\\b\u2028', total_fee: 100 }, notify_url: null });
    expect(await store.orders.insert(order)).toBe('inserted');
    const { nonce_str: _nonce, first_check_at_ms: _check, ...given } = order;
    expect(await readOrder(store, order.trade_id)).toEqual({
      ...given,
      preorder_id: null,
      payer_key: null,
      version: 1,
      state: 'undecided',
      placement: 'calling',
      finished: false,
      ending: null,
      reply: null,
      reply_message: '',
      channel_message: '',
      facts: null,
      late_facts: null,
      refunded_fen: 0,
      refund_reserved_fen: 0,
      refund_count: 0,
      checked_at_ms: 0,
      check_count: 0,
      decided_at_ms: null,
      updated_at_ms: NOW_MS,
    });
    expect(await traces(order.trade_id)).toEqual({
      orders: 1,
      events: 1,
      jobs: 1,
      notifications: 0,
      refunds: 0,
      nonces: 1,
    });
  });

  const first = newOrder({ mch_trade_id: 'told.1', nonce_str: 'told.nonce.1' });
  const repeats: readonly [string, Partial<NewOrder>, InsertOutcome][] = [
    ['another number, another nonce', { mch_trade_id: 'told.2', nonce_str: 'told.nonce.2' }, 'inserted'],
    ['the number again under a new nonce', { mch_trade_id: 'told.1', nonce_str: 'told.nonce.3' }, 'number_repeated'],
    ['the nonce again for a new number', { mch_trade_id: 'told.4', nonce_str: 'told.nonce.1' }, 'nonce_repeated'],
    ['both again', { mch_trade_id: 'told.1', nonce_str: 'told.nonce.1' }, 'nonce_repeated'],
    ['the number again without a nonce', { mch_trade_id: 'told.1', nonce_str: null }, 'number_repeated'],
    ['no nonce', { mch_trade_id: 'told.7', nonce_str: null }, 'inserted'],
    [
      'the same of another merchant',
      { merchant_id: '1000000000000002', mch_trade_id: 'told.1', nonce_str: 'told.nonce.1' },
      'inserted',
    ],
  ];

  test('tells a repeated nonce from a repeated number, row by row', async () => {
    expect(await store.orders.insert(first)).toBe('inserted');
    for (const [, changes, outcome] of repeats) {
      expect(await store.orders.insert(newOrder(changes))).toBe(outcome);
    }
  });

  test('tells them apart among rows that travel together', async () => {
    const known = newOrder();
    await store.orders.insert(known);
    const outcomes = await Promise.all([
      store.orders.insert(newOrder()),
      store.orders.insert(newOrder({ mch_trade_id: known.mch_trade_id })),
      store.orders.insert(newOrder({ nonce_str: known.nonce_str })),
      store.orders.insert(newOrder({ mch_trade_id: known.mch_trade_id, nonce_str: null })),
      store.orders.insert(newOrder()),
    ]);
    expect(outcomes).toEqual(['inserted', 'number_repeated', 'nonce_repeated', 'number_repeated', 'inserted']);
  });

  test('of equal numbers given together, on one node or several, one is inserted', async () => {
    const other = opened.another();
    for (let round = 0; round < 5; round += 1) {
      const mch_trade_id = `race.${round}`;
      const nodes = [store, other, store, other, store, other];
      const outcomes = await Promise.all(nodes.map((node) => node.orders.insert(newOrder({ mch_trade_id }))));
      expect(outcomes.toSorted()).toEqual(['inserted', ...Array<string>(5).fill('number_repeated')]);
    }
  });

  test('of equal nonces given together, on one node or several, one is taken', async () => {
    const other = opened.another();
    for (let round = 0; round < 5; round += 1) {
      const nonce_str = `race.nonce.${round}`;
      const orders = Array.from({ length: 6 }, () => newOrder({ nonce_str }));
      const outcomes = await Promise.all(
        orders.map((order, index) => (index % 2 === 0 ? store : other).orders.insert(order)),
      );
      expect(outcomes.toSorted()).toEqual(['inserted', ...Array<string>(5).fill('nonce_repeated')]);
      const stored = await Promise.all(orders.map((order) => traces(order.trade_id)));
      expect(stored.filter((one) => one['orders'] === 1)).toHaveLength(1);
    }
  });

  test('two nodes that insert the same numbers in opposite order both come to an end', async () => {
    const other = opened.another();
    const numbers = Array.from({ length: 40 }, (_unused, index) => `opposite.${index}`);
    const [here, there] = await Promise.all([
      Promise.all(numbers.map((mch_trade_id) => store.orders.insert(newOrder({ mch_trade_id })))),
      Promise.all(numbers.toReversed().map((mch_trade_id) => other.orders.insert(newOrder({ mch_trade_id })))),
    ]);
    const inserted = [...here, ...there].filter((outcome) => outcome === 'inserted');
    expect(inserted).toHaveLength(numbers.length);
  });

  test('a row that PostgreSQL refuses harms itself alone', async () => {
    const good = [newOrder(), newOrder(), newOrder()] as const;
    const bad = newOrder({ total_fen: fen(0) });
    const results = await Promise.allSettled(
      [...good.slice(0, 2), bad, good[2]].map((row) => store.orders.insert(row)),
    );
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'refused'))).toEqual([
      'inserted',
      'inserted',
      'refused',
      'inserted',
    ]);
    expect(await traces(bad.trade_id)).toEqual({
      orders: 0,
      events: 0,
      jobs: 0,
      notifications: 0,
      refunds: 0,
      nonces: 0,
    });
    for (const row of good) expect((await traces(row.trade_id))['orders']).toBe(1);
  });

  test('text that PostgreSQL cannot keep is stored with U+FFFD in its place', async () => {
    const order = newOrder({ request: { body: 'a\0b\uD800c', attach: '\\u0000' } });
    expect(await store.orders.insert(order)).toBe('inserted');
    expect((await readOrder(store, order.trade_id)).request).toEqual({ body: 'a\uFFFDb\uFFFDc', attach: '\\u0000' });
  });
});

describe('save', () => {
  // Two statements: an order that is accepted is saved by the leaner one.
  const statements = [
    ['with its event alone', {}],
    ['with its job', { job: NOW_MS + 60_000 }],
  ] as const;

  test.each(statements)('is refused when the order has changed since it was read (%s)', async (_which, extra) => {
    const order = await insertOrder(store);
    expect(await store.orders.save(saveOf(order, { channel_message: 'first' }, extra))).toBe(true);
    expect(await store.orders.save(saveOf(order, { channel_message: 'second' }, extra))).toBe(false);
    expect(await readOrder(store, order.trade_id)).toMatchObject({ version: 2, channel_message: 'first' });
  });

  test.each(statements)('of saves of one reading, on one node or several, one succeeds (%s)', async (_which, extra) => {
    const other = opened.another();
    for (let round = 0; round < 5; round += 1) {
      const order = await insertOrder(store);
      const saves = [store, other, store, other].map((node, index) =>
        node.orders.save(saveOf(order, { channel_message: String(index) }, extra)),
      );
      const outcomes = await Promise.all(saves);
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      const winner = outcomes.indexOf(true);
      expect(await readOrder(store, order.trade_id)).toMatchObject({ version: 2, channel_message: String(winner) });
    }
  });

  test('a refused save leaves no event, notification, refund or job behind', async () => {
    const order = await insertOrder(store);
    const before = await traces(order.trade_id);
    await store.orders.save(saveOf(order));
    expect(await store.orders.save(paid(order))).toBe(false);
    expect(await traces(order.trade_id)).toEqual(before);
  });

  /** A save that causes everything a save can cause. */
  function paid(order: Order, more: Partial<OrderSave> = {}): OrderSave {
    return saveOf(
      order,
      { state: 'closed', late_facts: facts(), decided_at_ms: NOW_MS },
      {
        event: { source: 'callback', kind: 'late_payment', detail: { transaction_id: 'T1' } },
        job: 'delete',
        notification: newNotification(),
        late_refund: { refund_id: newId(), refund_fen: 100, refund_desc: 'late', check_at_ms: NOW_MS },
        ...more,
      },
    );
  }

  test('writes what it causes in the same commit', async () => {
    const order = await insertOrder(store);
    const save = paid(order);
    expect(await store.orders.save(save)).toBe(true);
    expect(await traces(order.trade_id)).toEqual({
      orders: 1,
      events: 2,
      jobs: 0,
      notifications: 1,
      refunds: 1,
      nonces: 1,
    });
    expect(await readOrder(store, order.trade_id)).toMatchObject({
      version: 2,
      state: 'closed',
      late_facts: facts(),
      refund_reserved_fen: 100,
      refund_count: 1,
      updated_at_ms: save.at_ms,
    });
    const jobs = await opened.sql<{ kind: string; subject_id: string }>(
      'SELECT kind, subject_id FROM jobs WHERE subject_id = ANY ($1) ORDER BY kind',
      [[save.notification?.notification_id, save.late_refund?.refund_id]],
    );
    expect(jobs).toEqual([
      { kind: 'notification', subject_id: save.notification?.notification_id },
      { kind: 'refund', subject_id: save.late_refund?.refund_id },
    ]);
    const timeline = await store.orders.timeline(MERCHANT_ID, order.trade_id, 0, 10);
    expect(timeline.map((event) => [event.source, event.kind])).toEqual([
      ['pay', 'created'],
      ['callback', 'late_payment'],
    ]);
  });

  const failures: readonly [string, (order: Order) => Promise<Partial<OrderSave>>][] = [
    ['the event', async () => ({ event: { source: null as unknown as string, kind: 'late_payment', detail: {} } })],
    [
      'the notification',
      async (order) => {
        const taken = newNotification();
        await store.orders.save(saveOf(await insertOrder(store), {}, { notification: taken }));
        return { notification: { ...newNotification(), notification_id: taken.notification_id, url: order.trade_id } };
      },
    ],
    [
      'the refund',
      async () => ({ late_refund: { refund_id: newId(), refund_fen: 101, refund_desc: '', check_at_ms: NOW_MS } }),
    ],
  ];

  test.each(failures)('writes nothing when %s cannot be written', async (_what, broken) => {
    const order = await insertOrder(store);
    const before = [await readOrder(store, order.trade_id), await traces(order.trade_id)];
    await expect(store.orders.save(paid(order, await broken(order)))).rejects.toThrow(/violates/);
    expect([await readOrder(store, order.trade_id), await traces(order.trade_id)]).toEqual(before);
  });

  test('moves the job of an order, and makes it anew when it is gone', async () => {
    const order = await insertOrder(store);
    const due = (): Promise<unknown[]> =>
      opened.sql(`SELECT run_at_ms FROM jobs WHERE kind = 'order' AND subject_id = $1`, [order.trade_id]);
    await store.orders.save(saveOf(order, {}, { job: NOW_MS + 5 }));
    expect(await due()).toEqual([{ run_at_ms: NOW_MS + 5 }]);
    await store.orders.save(saveOf({ ...order, version: 2 }, {}, { job: 'delete' }));
    expect(await due()).toEqual([]);
    await store.orders.save(saveOf({ ...order, version: 3 }, {}, { job: NOW_MS + 7 }));
    expect(await due()).toEqual([{ run_at_ms: NOW_MS + 7 }]);
  });

  test.each(statements)(
    'an order of another merchant is not touched, whatever its number (%s)',
    async (_which, extra) => {
      const order = await insertOrder(store);
      expect(await store.orders.save(saveOf({ ...order, merchant_id: '1000000000000002' }, {}, extra))).toBe(false);
      expect(await readOrder(store, order.trade_id)).toEqual(order);
    },
  );
});

const nonceOf = (nonce_str: string, signer_id = MERCHANT_ID): Nonce => ({ signer_id, nonce_str });

describe('byNumberOnce', () => {
  test('reads the order and takes the nonce, once', async () => {
    const order = await insertOrder(store);
    const ask = (nonce_str: string | null, number = order.mch_trade_id) =>
      store.orders.byNumberOnce(MERCHANT_ID, number, nonce_str === null ? null : nonceOf(nonce_str));
    expect(await ask('query.1')).toMatchObject({ nonce_new: true, order: { trade_id: order.trade_id } });
    expect(await ask('query.1')).toMatchObject({ nonce_new: false });
    expect(await ask('query.2', 'no such number')).toEqual({ nonce_new: true, order: null });
    expect(await ask('query.2')).toMatchObject({ nonce_new: false });
    expect(await ask(null)).toMatchObject({ nonce_new: true, order: { trade_id: order.trade_id } });
  });

  test('asked by many at once, gives everybody his own answer', async () => {
    const orders = await Promise.all(Array.from({ length: 20 }, () => insertOrder(store)));
    const ask = (order: Order, nonce_str: string, merchant_id = MERCHANT_ID) =>
      store.orders.byNumberOnce(merchant_id, order.mch_trade_id, nonceOf(nonce_str, merchant_id));
    // Every order twice, with nonces of their own; and two strangers who know a number.
    const asked = [...orders, ...orders.toReversed()];
    const [answers, strangers] = await Promise.all([
      Promise.all(asked.map((order, index) => ask(order, `many.${index}`))),
      Promise.all(orders.slice(0, 2).map((order) => ask(order, 'many.0', '1000000000000002'))),
    ]);
    expect(answers.map(({ nonce_new }) => nonce_new)).toEqual(asked.map(() => true));
    expect(answers.map(({ order }) => order?.trade_id)).toEqual(asked.map(({ trade_id }) => trade_id));
    expect(strangers.map(({ order }) => order)).toEqual([null, null]);
    expect(strangers.filter(({ nonce_new }) => nonce_new)).toHaveLength(1);
  });

  test('takes a nonce from its signer, whatever merchant it signs for', async () => {
    const order = await insertOrder(store);
    const nonce = nonceOf('platform.1', '1000000000000009');
    const asked = [MERCHANT_ID, '1000000000000003'].map((merchant_id) =>
      store.orders.byNumberOnce(merchant_id, order.mch_trade_id, nonce),
    );
    expect((await Promise.all(asked)).filter(({ nonce_new }) => nonce_new)).toHaveLength(1);
    const placed = newOrder({ nonce_str: 'platform.1', signer_id: '1000000000000009' });
    expect(await store.orders.insert(placed)).toBe('nonce_repeated');
    expect(await store.orders.insert({ ...placed, nonce_str: 'platform.2' })).toBe('inserted');
    expect(await store.orders.recordNonce(nonceOf('platform.2'))).toBe(true);
    expect(await store.orders.recordNonce(nonceOf('platform.2', '1000000000000009'))).toBe(false);
  });

  test('of two requests with one nonce at the same moment, lets one pass', async () => {
    const order = await insertOrder(store);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => store.orders.byNumberOnce(MERCHANT_ID, order.mch_trade_id, nonceOf('twin'))),
    );
    expect(answers.filter(({ nonce_new }) => nonce_new)).toHaveLength(1);
  });
});
