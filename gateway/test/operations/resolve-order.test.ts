/** What the resolver does about an undecided order: it asks, and ends only what its channel lets it end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChannelClient, CloseReport, PaymentReport } from '../../src/channels/channel.ts';
import type { Ending, Order } from '../../src/domain/order.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { resolveOrder } from '../../src/operations/resolve-order.ts';
import { newOrder, NOW_MS, openStore, readOrder, saveOf, type OpenedStore } from '../storage/opened-store.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

const WAITING: PaymentReport = { outcome: 'waiting', message: 'NOTPAY', raw: '' };
const CLOSED: CloseReport = { outcome: 'closed', message: 'closed', raw: '' };
const REFUSED: CloseReport = {
  outcome: 'declined',
  code: 'RULE_LIMIT',
  message: 'not now',
  raw: '{"code":"RULE_LIMIT"}',
};

interface Upstream {
  readonly gateway: Gateway;
  /** What was asked of the channel, in turn. */
  readonly calls: string[];
}

/** A gateway at `now_ms` whose channel gives these answers. */
function gatewayAt(now_ms: number, query: PaymentReport, close: CloseReport): Upstream {
  const calls: string[] = [];
  const client = {
    expectedIdentity: () => ({}),
    query: () => (calls.push('query'), Promise.resolve(query)),
    close: () => (calls.push('close'), Promise.resolve(close)),
  } as unknown as ChannelClient;
  const counter = { inc: () => undefined };
  const gateway = {
    store: opened.store,
    ports: {
      clock: { now_ms: () => now_ms },
      random: { bytes: (length: number) => Buffer.alloc(length, Math.random() * 256) },
    },
    directory: {
      merchant: () => Promise.resolve(null),
      account: (account_id: string) => Promise.resolve({ account_id, client }),
    },
    breakers: { record: () => undefined },
    metrics: { channel_calls: counter, exceptions: counter },
    log: { warn: () => undefined, error: () => undefined },
    wakeJobs: () => undefined,
  };
  return { gateway: gateway as unknown as Gateway, calls };
}

async function anAcceptedOrder(ending: Ending | null = null): Promise<Order> {
  const order = newOrder();
  await opened.store.orders.insert(order);
  const stored = await readOrder(opened.store, order.trade_id);
  await opened.store.orders.save(saveOf(stored, { placement: 'accepted', placing_until_ms: 0, ending }));
  return readOrder(opened.store, order.trade_id);
}

async function mattersOf(order: Order) {
  const matters = await opened.store.exceptions.list('open', '', 1_000);
  return matters.filter(({ trade_id }) => trade_id === order.trade_id);
}

describe('an order that nobody has paid', () => {
  test('is left open until its time is up', async () => {
    const order = await anAcceptedOrder();
    const { gateway, calls } = gatewayAt(order.expires_at_ms - 1, WAITING, CLOSED);
    expect(await resolveOrder(gateway, order, 'resolver')).toMatchObject({ state: 'undecided', ending: null });
    expect(calls).toEqual(['query']);
  });

  test('is closed at its channel, after it was asked, when its time is up', async () => {
    const order = await anAcceptedOrder();
    const { gateway, calls } = gatewayAt(order.expires_at_ms, WAITING, CLOSED);
    expect(await resolveOrder(gateway, order, 'resolver')).toMatchObject({ state: 'closed' });
    expect(calls).toEqual(['query', 'close']);
  });

  test.each<PaymentReport>([
    { outcome: 'unknown', reason: 'timeout' },
    { outcome: 'not_sent', reason: 'connection_refused' },
  ])('is not closed when the question was not answered (%j), however late it is', async (report) => {
    const order = await anAcceptedOrder();
    const { gateway, calls } = gatewayAt(order.expires_at_ms + 86_400_000, report, CLOSED);
    expect(await resolveOrder(gateway, order, 'resolver')).toMatchObject({ state: 'undecided' });
    expect(calls).toEqual(['query']);
  });
});

describe('an end that the channel refuses', () => {
  test.each(['close', 'reverse'] as const)(
    'after its merchant was promised it (%s) is put before a person, once',
    async (ending) => {
      const order = await anAcceptedOrder(ending);
      const { gateway } = gatewayAt(NOW_MS + 60_000, WAITING, REFUSED);
      const after = await resolveOrder(gateway, order, 'resolver');
      expect(after).toMatchObject({ state: 'undecided', ending: null });
      expect(await mattersOf(order)).toMatchObject([
        { kind: 'ending_refused', detail: { wanted: ending, code: 'RULE_LIMIT', message: 'not now' }, occurrences: 1 },
      ]);
    },
  );

  test('and that nobody was promised is no matter for a person', async () => {
    const order = await anAcceptedOrder();
    const { gateway, calls } = gatewayAt(order.expires_at_ms, WAITING, REFUSED);
    expect(await resolveOrder(gateway, order, 'resolver')).toMatchObject({ state: 'undecided' });
    expect(calls).toEqual(['query', 'close']);
    expect(await mattersOf(order)).toEqual([]);
  });
});
