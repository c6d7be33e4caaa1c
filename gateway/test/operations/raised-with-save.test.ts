/** A matter for a person is raised by the very statement that saves what it is about: neither without the other. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Order } from '../../src/domain/order.ts';
import type { Refund } from '../../src/domain/refund.ts';
import { applyToOrder } from '../../src/operations/apply-channel-result.ts';
import { applyToRefund } from '../../src/operations/apply-refund-result.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import type { Store } from '../../src/storage/store.ts';
import { facts } from '../domain/samples.ts';
import {
  insertOrder,
  MERCHANT_ID,
  newOrder,
  newRefund,
  NOW_MS,
  openStore,
  readOrder,
  refundSaveOf,
  saveOf,
  type OpenedStore,
} from '../storage/opened-store.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

/** A node that dies when it comes to raise a matter by a statement of its own. */
function gatewayThatDiesRaising(): Gateway {
  const dies = () => Promise.reject(new Error('the node died'));
  const store: Store = { ...opened.store, exceptions: { ...opened.store.exceptions, raise: dies, raiseOnce: dies } };
  const counter = { inc: () => undefined };
  return {
    store,
    ports: {
      clock: { now_ms: () => NOW_MS },
      random: { bytes: randomBytes },
    },
    directory: {
      merchant: () => Promise.resolve({ merchant: { late_payment: 'refund' } }),
      account: () => Promise.resolve({ client: { expectedIdentity: () => ({}) } }),
    },
    metrics: { exceptions: counter },
    log: { warn: () => undefined },
    wakeJobs: () => undefined,
  } as unknown as Gateway;
}

const matters = (trade_id: string) =>
  opened.sql<{ kind: string; occurrences: number; raw: string | null }>(
    `SELECT kind, occurrences, convert_from(raw_body, 'UTF8') AS raw FROM exceptions WHERE trade_id = $1 ORDER BY kind`,
    [trade_id],
  );

/** An order that is paid, and a refund of it that Heliu makes on its own. */
async function aRefundOfOurOwn(): Promise<{ order: Order; refund: Refund }> {
  const { trade_id } = await insertOrder(opened.store);
  const placed = await readOrder(opened.store, trade_id);
  const told = facts({ amount_fen: placed.total_fen });
  expect(await opened.store.orders.save(saveOf(placed, { state: 'paid', facts: told }))).toBe(true);
  const refund = newRefund(await readOrder(opened.store, trade_id), { mch_refund_id: null, notify_url: null });
  expect(await opened.store.refunds.reserve(await readOrder(opened.store, trade_id), refund)).toBe('reserved');
  const stored = await opened.store.refunds.byId(MERCHANT_ID, refund.refund_id);
  if (!stored) throw new Error('no refund');
  return { order: await readOrder(opened.store, trade_id), refund: stored };
}

describe('an order', () => {
  const refunded = (order: Order) =>
    ({
      kind: 'paid',
      facts: facts({ amount_fen: order.total_fen, identity: {}, refunded: true }),
      finished: false,
    }) as const;

  test('that is found paid and refunded elsewhere is put before a person as it becomes paid', async () => {
    const order = await insertOrder(opened.store);
    const evidence = { source: 'callback', raw: '{"a":"\0"}' } as const;
    await applyToOrder(gatewayThatDiesRaising(), order, refunded(order), evidence);
    expect((await readOrder(opened.store, order.trade_id)).state).toBe('paid');
    expect(await matters(order.trade_id)).toEqual([
      { kind: 'refunded_elsewhere', occurrences: 1, raw: '{"a":"\uFFFD"}' },
    ]);
  });

  test('the same for the one success of a preorder', async () => {
    const preorder_id = newOrder().trade_id;
    await opened.sql(
      `INSERT INTO preorders (merchant_id, preorder_id, mch_pre_id, request, request_hash, total_fen, notify_url, created_at_ms, expires_at_ms, state, updated_at_ms)
       VALUES ($1, $2, $2, '{}', 'hash', 100, NULL, $3, $3, 'open', $3)`,
      [MERCHANT_ID, preorder_id, NOW_MS],
    );
    const order = await insertOrder(opened.store);
    await opened.sql('UPDATE orders SET preorder_id = $2 WHERE trade_id = $1', [order.trade_id, preorder_id]);
    const of_preorder = await readOrder(opened.store, order.trade_id);
    await applyToOrder(gatewayThatDiesRaising(), of_preorder, refunded(order), { source: 'callback' });
    expect((await readOrder(opened.store, order.trade_id)).state).toBe('paid');
    expect(await matters(order.trade_id)).toMatchObject([{ kind: 'refunded_elsewhere' }]);
  });

  test('whose number at the channel no key could hold is booked all the same', async () => {
    const order = await insertOrder(opened.store);
    const { facts: told, ...paid } = refunded(order);
    // Nothing of it repeats, so that PostgreSQL cannot make it shorter.
    const transaction_id = randomBytes(3_000).toString('hex');
    const event = { ...paid, facts: { ...told, transaction_id } };
    await applyToOrder(gatewayThatDiesRaising(), order, event, { source: 'callback' });
    expect((await readOrder(opened.store, order.trade_id)).state).toBe('paid');
    expect(await matters(order.trade_id)).toMatchObject([{ kind: 'refunded_elsewhere' }]);
  });

  test('whose end its merchant was promised is put before a person as the channel’s refusal is saved', async () => {
    const { trade_id } = await insertOrder(opened.store);
    const placed = await readOrder(opened.store, trade_id);
    expect(await opened.store.orders.save(saveOf(placed, { placement: 'accepted', ending: 'reverse' }))).toBe(true);
    const refused = { kind: 'ending_refused', ending: 'reverse', code: 'RULE_LIMIT', message: 'no' } as const;
    const evidence = { source: 'reverse', promised: true } as const;
    await applyToOrder(gatewayThatDiesRaising(), await readOrder(opened.store, trade_id), refused, evidence);
    expect((await readOrder(opened.store, trade_id)).ending).toBeNull();
    expect(await matters(trade_id)).toMatchObject([{ kind: 'ending_refused', occurrences: 1 }]);
  });
});

describe('a refund of our own', () => {
  const refused = { kind: 'refused', code: 'NOT_ENOUGH', message: '' } as const;

  test('that is refused is put before a person as it becomes refused', async () => {
    const { order, refund } = await aRefundOfOurOwn();
    const after = await applyToRefund(gatewayThatDiesRaising(), order, refund, refused, { source: 'resolver' });
    expect(after.state).toBe('refused');
    expect(await matters(order.trade_id)).toMatchObject([{ kind: 'late_payment_not_refunded', occurrences: 1 }]);
  });

  test('whose refusal is older than its success is put before nobody', async () => {
    const { order, refund } = await aRefundOfOurOwn();
    const done = refundSaveOf(refund, { state: 'succeeded' }, { money: 'refunded' });
    expect(await opened.store.refunds.save(done)).toBe(true);
    const after = await applyToRefund(gatewayThatDiesRaising(), order, refund, refused, { source: 'resolver' });
    expect(after.state).toBe('succeeded');
    expect(await matters(order.trade_id)).toEqual([]);
  });

  test('that succeeds after it was refused and sent again is no contradiction', async () => {
    const { order, refund } = await aRefundOfOurOwn();
    await opened.store.refunds.save(refundSaveOf(refund, { state: 'refused' }, { money: 'released' }));
    const read = await opened.store.refunds.byId(MERCHANT_ID, refund.refund_id);
    if (!read) throw new Error('no refund');
    await opened.store.refunds.save(refundSaveOf(read, { state: 'undecided' }, { money: 'reserve' }));
    const said = { kind: 'succeeded', channel_refund_id: null } as const;
    const after = await applyToRefund(gatewayThatDiesRaising(), order, read, said, { source: 'callback' });
    expect(after.state).toBe('succeeded');
    expect(await matters(order.trade_id)).toEqual([]);
  });
});
