/** A gateway over a real store whose channel gives the answers of a test, at the time of a test. */
import { randomBytes } from 'node:crypto';
import type {
  BeginReport,
  ChannelClient,
  CloseReport,
  PaymentReport,
  RefundReport,
  ReverseReport,
} from '../../src/channels/channel.ts';
import { fen } from '../../src/domain/money.ts';
import type { Order } from '../../src/domain/order.ts';
import type { Refund } from '../../src/domain/refund.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { facts } from '../domain/samples.ts';
import { newOrder, newRefund, NOW_MS, readOrder, saveOf, type OpenedStore } from '../storage/opened-store.ts';

export const WAITING: PaymentReport = { outcome: 'waiting', message: 'NOTPAY', raw: '' };
export const CLOSED: CloseReport = { outcome: 'closed', message: 'closed', raw: '' };

/** What the channel answers to each kind of call, one after the other; the last answer stays. */
export interface Answers {
  readonly begin?: readonly BeginReport[];
  readonly query?: readonly PaymentReport[];
  readonly close?: readonly CloseReport[];
  readonly reverse?: readonly ReverseReport[];
  readonly refund?: readonly RefundReport[];
  readonly query_refund?: readonly RefundReport[];
}

export interface AskingGateway {
  readonly gateway: Gateway;
  /** What was asked of the channel, in turn. */
  readonly calls: string[];
  /** The clock. */
  now_ms: number;
  /** Whether the circuit of every account is closed. */
  admits: boolean;
}

type Opened = Pick<OpenedStore, 'store'>;

/** Makes one. Metrics and log lines go nowhere. */
export function askingGateway({ store }: Opened, now_ms: number, answers: Answers = {}): AskingGateway {
  const calls: (keyof Answers)[] = [];
  const answer = <Report>(kind: keyof Answers, reports: readonly Report[] | undefined): Promise<Report> => {
    const given = calls.filter((call) => call === kind).length;
    calls.push(kind);
    const report = reports?.[Math.min(given, reports.length - 1)];
    return report === undefined ? Promise.reject(new Error(`nobody should ${kind}`)) : Promise.resolve(report);
  };
  const client = {
    expectedIdentity: () => ({}),
    prepareBegin: () => Promise.resolve({ send: () => answer('begin', answers.begin) }),
    query: () => answer('query', answers.query ?? [WAITING]),
    close: () => answer('close', answers.close ?? [CLOSED]),
    reverse: () => answer('reverse', answers.reverse),
    refund: () => answer('refund', answers.refund),
    queryRefund: () => answer('query_refund', answers.query_refund),
  } as unknown as ChannelClient;
  const counter = { inc: () => undefined };
  const asking = { calls, now_ms, admits: true };
  const gateway = {
    store,
    ports: {
      clock: { now_ms: () => asking.now_ms },
      random: { bytes: randomBytes },
    },
    directory: {
      merchant: () => Promise.resolve(null),
      account: (account_id: string) => Promise.resolve({ account_id, client }),
    },
    breakers: { record: () => undefined, admits: () => asking.admits, pauseLeftMs: () => 5_000 },
    metrics: { channel_calls: counter, exceptions: counter, jobs_failed: counter },
    log: { warn: () => undefined, error: () => undefined },
    wakeJobs: () => undefined,
  };
  return Object.assign(asking, { gateway: gateway as unknown as Gateway });
}

/** An order that its channel has accepted, and that nobody has paid. */
export async function anAcceptedOrder({ store }: Opened, changes: Partial<Order> = {}): Promise<Order> {
  const order = newOrder();
  await store.orders.insert(order);
  const stored = await readOrder(store, order.trade_id);
  await store.orders.save(saveOf(stored, { placement: 'accepted', placing_until_ms: 0, ...changes }));
  return readOrder(store, order.trade_id);
}

/** A refund of a paid order that was sent, and of which nothing was heard. */
export async function anUnansweredRefund(opened: Opened): Promise<{ readonly order: Order; readonly refund: Refund }> {
  const { store } = opened;
  const paid = await anAcceptedOrder(opened, { state: 'paid', facts: facts(), decided_at_ms: NOW_MS });
  const reserved = newRefund(paid, { calling_until_ms: 0, refund_fen: fen(40) });
  if ((await store.refunds.reserve(paid, reserved)) !== 'reserved') throw new Error('the refund was not reserved');
  const refund = await store.refunds.byId(paid.merchant_id, reserved.refund_id);
  if (!refund) throw new Error('the refund is not there');
  return { order: await readOrder(store, paid.trade_id), refund };
}

/** What of an order waits for a person. */
export async function mattersOf({ store }: Opened, order: Order) {
  const matters = await store.exceptions.list('open', '', 1_000);
  return matters.filter(({ trade_id }) => trade_id === order.trade_id);
}
