import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { Order } from '../../src/domain/order.ts';
import type { Preorder } from '../../src/domain/preorder.ts';
import type { NewPreorder } from '../../src/storage/preorders.ts';
import type { Store } from '../../src/storage/store.ts';
import { facts } from '../domain/samples.ts';
import { MERCHANT_ID, newId, newOrder, NOW_MS, openStore, readOrder, saveOf } from './opened-store.ts';
import type { OpenedStore } from './opened-store.ts';

let opened: OpenedStore;
let store: Store;
let other: Store;

beforeAll(async () => {
  opened = await openStore();
  store = opened.store;
  other = opened.another();
}, 60_000);

afterAll(() => opened.close());

function newPreorder(): NewPreorder {
  const preorder_id = newId();
  return {
    merchant_id: MERCHANT_ID,
    preorder_id,
    mch_pre_id: `pre.${preorder_id}`,
    total_fen: fen(100),
    request: { body: 'goods' },
    request_hash: 'hash',
    notify_url: null,
    created_at_ms: NOW_MS,
    expires_at_ms: NOW_MS + 3_600_000,
    updated_at_ms: NOW_MS,
  };
}

async function readPreorder({ preorder_id }: { readonly preorder_id: string }): Promise<Preorder> {
  const preorder = await store.preorders.byId(MERCHANT_ID, preorder_id);
  if (!preorder) throw new Error('no preorder');
  return preorder;
}

async function insertPreorder(): Promise<Preorder> {
  const preorder = newPreorder();
  expect(await store.preorders.insert(preorder, null)).toBe('inserted');
  return readPreorder(preorder);
}

/** Begins a try and reads it. */
async function begin(preorder: Preorder): Promise<Order> {
  const order = newOrder({ mch_trade_id: `${preorder.mch_pre_id}.${preorder.tries + 1}` });
  expect(await store.preorders.beginTry(preorder, order, 'anna')).toBe('begun');
  return readOrder(store, order.trade_id);
}

async function end(order: Order): Promise<Order> {
  expect(await store.orders.save(saveOf(order, { state: 'closed' }))).toBe(true);
  return readOrder(store, order.trade_id);
}

const paidSave = (order: Order, state: Order['state'] = 'paid') =>
  saveOf(order, { state, facts: facts() }, { takes_preorder: true, job: 'delete' });

describe('a preorder', () => {
  test('is inserted once by its number, and a nonce is spent by the first', async () => {
    const preorder = newPreorder();
    const nonce = { signer_id: MERCHANT_ID, nonce_str: randomBytes(8).toString('hex') };
    expect(await store.preorders.insert(preorder, nonce)).toBe('inserted');
    expect(await store.preorders.insert({ ...newPreorder(), mch_pre_id: preorder.mch_pre_id }, null)).toBe(
      'number_repeated',
    );
    expect(await store.preorders.insert(newPreorder(), nonce)).toBe('nonce_repeated');
    expect(await readPreorder(preorder)).toMatchObject({ ...preorder, version: 1, state: 'open', tries: 0 });
  });

  test('begins one try at a time, however many nodes want one', async () => {
    const preorder = await insertPreorder();
    const begun = await Promise.all(
      [store, other, store, other].map((one) => one.preorders.beginTry(preorder, newOrder(), 'anna')),
    );
    expect(begun.filter((one) => one === 'begun')).toHaveLength(1);
    expect((await readPreorder(preorder)).tries).toBe(1);
  });

  test('never has two undecided tries: the database refuses the second', async () => {
    const preorder = await insertPreorder();
    await begin(preorder);
    const second = newOrder();
    expect(await store.preorders.beginTry(await readPreorder(preorder), second, 'ben')).toBe('number_taken');
    expect(await store.orders.byTradeId(MERCHANT_ID, second.trade_id)).toBeNull();
  });

  test('is not closed while a try is undecided, nor by somebody who has read an older version', async () => {
    const preorder = await insertPreorder();
    const order = await begin(preorder);
    expect(await store.preorders.close(preorder, NOW_MS)).toBe(false);
    expect(await store.preorders.close(await readPreorder(preorder), NOW_MS)).toBe(false);
    await end(order);
    expect(await store.preorders.close(await readPreorder(preorder), NOW_MS)).toBe(true);
    expect(await store.preorders.beginTry(await readPreorder(preorder), newOrder(), 'anna')).toBe('changed');
  });

  test('lists its tries in the order of their numbers', async () => {
    const preorder = await insertPreorder();
    for (let number = 1; number <= 11; number += 1) await end(await begin(await readPreorder(preorder)));
    const numbers = Array.from({ length: 11 }, (_one, at) => `${preorder.mch_pre_id}.${at + 1}`);
    expect(await store.preorders.tries(MERCHANT_ID, preorder.preorder_id)).toEqual(numbers);
  });
});

describe('the first success', () => {
  test('takes the preorder in the statement that makes its order paid', async () => {
    const preorder = await insertPreorder();
    const order = await begin(preorder);
    expect(await store.orders.save(paidSave(order))).toBe(true);
    expect(await readPreorder(preorder)).toMatchObject({ state: 'paid', paid_trade_id: order.trade_id });
  });

  test('is one, when two tries are paid at the same moment on two nodes', async () => {
    for (let round = 0; round < 25; round += 1) {
      const preorder = await insertPreorder();
      const closed = await end(await begin(preorder));
      const open = await begin(await readPreorder(preorder));
      const saved = await Promise.all([store.orders.save(paidSave(closed)), other.orders.save(paidSave(open))]);
      expect(saved.toSorted()).toEqual([false, true]);
      const winner = saved[0] ? closed : open;
      const loser = saved[0] ? open : closed;
      expect(await readPreorder(preorder)).toMatchObject({ state: 'paid', paid_trade_id: winner.trade_id });
      expect(await readOrder(store, loser.trade_id)).toEqual(loser);
    }
  });

  test('of an order that somebody else has changed takes nothing', async () => {
    const preorder = await insertPreorder();
    const order = await begin(preorder);
    await Promise.all([
      store.orders.save(saveOf(order, { channel_message: 'changed' })),
      other.orders.save(saveOf(order, { channel_message: 'changed' })),
    ]);
    expect(await store.orders.save(paidSave(order))).toBe(false);
    expect(await readPreorder(preorder)).toMatchObject({ state: 'open', paid_trade_id: null });
  });
});
