/** A gateway over a real store whose channel gives the answers of a test, at the time of a test. */
import type { ChannelClient, CloseReport, PaymentReport } from '../../src/channels/channel.ts';
import type { Order } from '../../src/domain/order.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { newOrder, readOrder, saveOf, type OpenedStore } from '../storage/opened-store.ts';

export const WAITING: PaymentReport = { outcome: 'waiting', message: 'NOTPAY', raw: '' };
export const CLOSED: CloseReport = { outcome: 'closed', message: 'closed', raw: '' };

export interface AskingGateway {
  readonly gateway: Gateway;
  /** What was asked of the channel, in turn. */
  readonly calls: string[];
  /** Sets the clock. */
  now_ms: number;
  /** Whether the circuit of every account is closed. */
  admits: boolean;
}

/** Makes one. Metrics and log lines go nowhere. */
export function askingGateway(
  { store }: Pick<OpenedStore, 'store'>,
  now_ms: number,
  query: PaymentReport = WAITING,
  close: CloseReport = CLOSED,
): AskingGateway {
  const calls: string[] = [];
  const client = {
    expectedIdentity: () => ({}),
    query: () => (calls.push('query'), Promise.resolve(query)),
    close: () => (calls.push('close'), Promise.resolve(close)),
  } as unknown as ChannelClient;
  const counter = { inc: () => undefined };
  const asking = { calls, now_ms, admits: true };
  const gateway = {
    store,
    ports: {
      clock: { now_ms: () => asking.now_ms },
      random: { bytes: (length: number) => Buffer.alloc(length, Math.random() * 256) },
    },
    directory: {
      merchant: () => Promise.resolve(null),
      account: (account_id: string) => Promise.resolve({ account_id, client }),
    },
    breakers: { record: () => undefined, admits: () => asking.admits },
    metrics: { channel_calls: counter, exceptions: counter, jobs_failed: counter },
    log: { warn: () => undefined, error: () => undefined },
    wakeJobs: () => undefined,
  };
  return Object.assign(asking, { gateway: gateway as unknown as Gateway });
}

/** An order that its channel has accepted, and that nobody has paid. */
export async function anAcceptedOrder(
  { store }: Pick<OpenedStore, 'store'>,
  changes: Partial<Order> = {},
): Promise<Order> {
  const order = newOrder();
  await store.orders.insert(order);
  const stored = await readOrder(store, order.trade_id);
  await store.orders.save(saveOf(stored, { placement: 'accepted', placing_until_ms: 0, ...changes }));
  return readOrder(store, order.trade_id);
}

/** What of an order waits for a person. */
export async function mattersOf({ store }: Pick<OpenedStore, 'store'>, order: Order) {
  const matters = await store.exceptions.list('open', '', 1_000);
  return matters.filter(({ trade_id }) => trade_id === order.trade_id);
}
