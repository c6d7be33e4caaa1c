/** Both sides' books as they stand at the end: what the gateway stored, what the channels did, what the merchant was told. */
import type { LedgerEntry } from '../../simulators/src/kernel/ledger.ts';
import type { Received } from '../merchant.ts';
import type { Tally } from './tally.ts';
import type { World } from './world.ts';

export interface OrderRow {
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly state: string;
  readonly total_fen: number;
  readonly refunded_fen: number;
  readonly refund_reserved_fen: number;
  readonly facts: { readonly transaction_id: string } | null;
  readonly late_facts: { readonly transaction_id: string } | null;
  /** How often its timeline says that it was paid. */
  readonly times_paid: number;
}

export interface RefundRow {
  readonly refund_id: string;
  readonly mch_refund_id: string | null;
  readonly trade_id: string;
  readonly state: string;
  readonly refund_fen: number;
  readonly channel_refund_no: string;
}

export interface NotificationRow {
  readonly notification_id: string;
  readonly trade_id: string;
  readonly refund_id: string | null;
  readonly payload: string;
  readonly state: string;
  readonly last_reason: string | null;
}

export interface ExceptionRow {
  readonly kind: string;
  readonly trade_id: string | null;
  readonly detail: unknown;
}

export interface Books {
  readonly orders: readonly OrderRow[];
  readonly refunds: readonly RefundRow[];
  readonly notifications: readonly NotificationRow[];
  readonly exceptions: readonly ExceptionRow[];
  readonly jobs: number;
  readonly ledger: readonly LedgerEntry[];
  readonly heard: readonly Received[];
  readonly told: Pick<Tally, 'successes' | 'unexpected'>;
  readonly platform_public_key: string;
}

/** Reads everything; nothing may be under way meanwhile. */
export async function readBooks(world: World, told: Books['told']): Promise<Books> {
  const [ledger, jobs] = await Promise.all([
    world.simulators.control('GET', '/control/ledger'),
    world.sql<{ count: number }>('SELECT count(*)::integer AS count FROM jobs'),
  ]);
  return {
    orders: await world.sql<OrderRow>(
      `SELECT trade_id, mch_trade_id, state, total_fen::float8, refunded_fen::float8, refund_reserved_fen::float8, facts,
         late_facts, (SELECT count(*)::integer FROM order_events e
           WHERE e.merchant_id = o.merchant_id AND e.trade_id = o.trade_id
             AND e.kind IN ('paid', 'late_payment_accepted')) AS times_paid
       FROM orders o ORDER BY trade_id`,
    ),
    refunds: await world.sql<RefundRow>(
      `SELECT refund_id, mch_refund_id, trade_id, state, refund_fen::float8, channel_refund_no FROM refunds ORDER BY refund_id`,
    ),
    notifications: await world.sql<NotificationRow>(
      `SELECT notification_id, trade_id, refund_id, payload, state, last_reason FROM notifications ORDER BY notification_id`,
    ),
    exceptions: await world.sql<ExceptionRow>('SELECT kind, trade_id, detail FROM exceptions ORDER BY exception_id'),
    jobs: jobs[0]?.count ?? 0,
    ledger: ledger['entries'] as LedgerEntry[],
    heard: world.notify.received,
    told,
    platform_public_key: world.platform_public_key,
  };
}
