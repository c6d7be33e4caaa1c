/** What was said before an order was reversed, or by an account that it has left, must not undo what is known now. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChannelClient, PaymentReport } from '../../src/channels/channel.ts';
import { PAYMENT_CODE_PAY_TYPE, type Order } from '../../src/domain/order.ts';
import type { PaymentFacts } from '../../src/domain/payment-facts.ts';
import { applyToOrder } from '../../src/operations/apply-channel-result.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { facts } from '../domain/samples.ts';
import { newOrder, NOW_MS, openStore, readOrder, type OpenedStore } from '../storage/opened-store.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

/** A gateway whose channel answers every question with `report`. */
function gatewayThatHears(report: PaymentReport | null): Gateway & { readonly asked: () => number } {
  let asked = 0;
  const client = {
    expectedIdentity: () => ({}),
    query: () => {
      asked += 1;
      if (report === null) throw new Error('nobody should ask');
      return Promise.resolve(report);
    },
  } as unknown as ChannelClient;
  return {
    asked: () => asked,
    store: opened.store,
    ports: {
      clock: { now_ms: () => NOW_MS },
      random: { bytes: randomBytes },
    },
    directory: {
      merchant: () => Promise.resolve({ merchant: { late_payment: 'accept' } }),
      account: (account_id: string) => Promise.resolve({ account_id, client }),
    },
    breakers: { record: () => undefined },
    metrics: {
      channel_calls: { inc: () => undefined },
      exceptions: { inc: () => undefined },
      open_exceptions: { inc: () => undefined },
    },
    log: { warn: () => undefined, error: () => undefined },
    wakeJobs: () => undefined,
  } as unknown as Gateway & { readonly asked: () => number };
}

async function aCode(): Promise<Order> {
  const order = newOrder({
    pay_type: PAYMENT_CODE_PAY_TYPE,
    initial_trade_state: 6,
    request: { auth_code: '130000000000000000' },
  });
  await opened.store.orders.insert(order);
  return readOrder(opened.store, order.trade_id);
}

const paid = (order: Order, changes: Partial<PaymentFacts> = {}) => {
  const told = facts({ amount_fen: order.total_fen, identity: {}, ...changes });
  return { kind: 'paid', facts: told, finished: false } as const;
};

describe('a payment code that was reversed', () => {
  async function reversed(): Promise<{ before: Order; order: Order }> {
    const before = await aCode();
    const gateway = gatewayThatHears(null);
    await applyToOrder(gateway, before, { kind: 'reversed', message: '' }, { source: 'reverse' });
    return { before, order: await readOrder(opened.store, before.trade_id) };
  }

  test('is not paid by the slow answer of its own request: the channel is asked, and says that it is reversed', async () => {
    const { before } = await reversed();
    const gateway = gatewayThatHears({ outcome: 'reversed', message: '', raw: '' });
    // The answer was decided on the order as it was before the reverse, and meets the reversed one.
    const after = await applyToOrder(gateway, before, paid(before), { source: 'pay' });
    expect(gateway.asked()).toBe(1);
    expect(after.state).toBe('reversed');
    expect(await opened.sql('SELECT 1 FROM notifications WHERE trade_id = $1', [before.trade_id])).toEqual([]);
  });

  test('whose channel then does not answer is put before a person, and stays reversed', async () => {
    const { before } = await reversed();
    const gateway = gatewayThatHears({ outcome: 'unknown', reason: 'timeout' });
    expect((await applyToOrder(gateway, before, paid(before), { source: 'pay' })).state).toBe('reversed');
    expect(await opened.sql('SELECT kind FROM exceptions WHERE trade_id = $1', [before.trade_id])).toEqual([
      { kind: 'contradiction' },
    ]);
  });

  test('that its channel says was paid all the same is a late payment', async () => {
    const { before } = await reversed();
    const event = paid(before);
    const gateway = gatewayThatHears({ outcome: 'paid', facts: event.facts, raw: '' });
    expect((await applyToOrder(gateway, before, event, { source: 'pay' })).state).toBe('paid');
  });
});

test('an account that an order has left says nothing about it any more', async () => {
  const before = await aCode();
  const moved = {
    order: before,
    account_id: 'other',
    merchant_params: {},
    placing_until_ms: NOW_MS + 30_000,
    at_ms: NOW_MS,
  };
  expect(await opened.store.orders.reroute({ ...moved, detail: { reason: 'connection_refused' } })).toBe(true);
  const gateway = gatewayThatHears(null);
  for (const event of [
    { kind: 'closed', message: '' },
    { kind: 'not_found', message: '' },
    { kind: 'reversed', message: '' },
    { kind: 'unknown', reason: 'timeout' },
  ] as const) {
    const after = await applyToOrder(gateway, before, event, { source: 'resolver' });
    expect(after).toMatchObject({ state: 'undecided', account_id: 'other', placement: 'calling' });
  }
  await applyToOrder(gateway, before, paid(before), { source: 'query' });
  expect(await readOrder(opened.store, before.trade_id)).toMatchObject({ state: 'undecided', account_id: 'other' });
  expect(await opened.sql('SELECT kind FROM exceptions WHERE trade_id = $1', [before.trade_id])).toEqual([
    { kind: 'contradiction' },
  ]);
});
