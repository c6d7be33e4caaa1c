import type { Order } from '../domain/order.ts';
import type { Refund } from '../domain/refund.ts';
import type { Database, Statement } from './database.ts';
import { sqlState, UNIQUE_VIOLATION } from './database.ts';
import type { NewEvent, NewNotification } from './save-orders.ts';
import { RAISED_COLUMNS, raisedFrom, raisedRow, type NewException } from './exceptions.ts';
import { toJson } from './json.ts';

export type NewRefund = Pick<
  Refund,
  | 'merchant_id'
  | 'refund_id'
  | 'trade_id'
  | 'mch_refund_id'
  | 'refund_fen'
  | 'refund_desc'
  | 'notify_url'
  | 'request_hash'
  | 'created_at_ms'
  | 'channel_refund_no'
  | 'calling_until_ms'
> & { readonly check_at_ms: number };

export interface RefundSave {
  readonly refund: Refund;
  readonly at_ms: number;
  /** What happens to the reserved amount on the order. */
  readonly money: 'keep' | 'refunded' | 'released' | 'reserve';
  /** The payment of a reversed order does not go back after all: the order is paid again. */
  readonly order_paid_again: boolean;
  readonly event: NewEvent | null;
  readonly job: null | 'delete' | number;
  readonly notification: NewNotification | null;
  /** What a person must see of this change. */
  readonly raises?: NewException | null;
}

const CHECK_VIOLATION = '23514';

/** Reserves under the order's row lock: the version says that what was left has not changed since it was looked at. */
const RESERVE: Statement = {
  name: 'reserve_refund',
  text: `
WITH input AS (
  SELECT * FROM json_to_record($1::json) AS i(
    merchant_id text, refund_id text, trade_id text, mch_refund_id text, refund_fen bigint, refund_desc text,
    notify_url text, request_hash text, created_at_ms bigint, channel_refund_no text, calling_until_ms bigint,
    check_at_ms bigint)
), reserved AS (
  UPDATE orders o SET refund_reserved_fen = o.refund_reserved_fen + i.refund_fen, refund_count = o.refund_count + 1,
    version = o.version + 1, updated_at_ms = i.created_at_ms
  FROM input i WHERE o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id AND o.version = $2
  RETURNING o.trade_id
), new_refund AS (
  INSERT INTO refunds (merchant_id, refund_id, trade_id, mch_refund_id, refund_fen, refund_desc, notify_url, request_hash,
    created_at_ms, state, channel_refund_no, calling_until_ms, updated_at_ms)
  SELECT i.merchant_id, i.refund_id, i.trade_id, i.mch_refund_id, i.refund_fen, i.refund_desc, i.notify_url, i.request_hash,
    i.created_at_ms, 'undecided', i.channel_refund_no, i.calling_until_ms, i.created_at_ms
  FROM input i JOIN reserved r ON r.trade_id = i.trade_id
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT i.merchant_id, i.trade_id, i.created_at_ms, 'refund', 'refund_created',
    json_build_object('refund_id', i.refund_id, 'refund_fee', i.refund_fen)
  FROM input i JOIN reserved r ON r.trade_id = i.trade_id
), new_job AS (
  INSERT INTO jobs (kind, merchant_id, subject_id, run_at_ms)
  SELECT 'refund', i.merchant_id, i.refund_id, i.check_at_ms FROM input i JOIN reserved r ON r.trade_id = i.trade_id
)
SELECT trade_id FROM reserved`,
};

/**
 * Compare-and-set on the refund's version; the order's sums move by the same amount in the same commit. The order is locked
 * first, as by RESERVE: the other way round, a save and a reserve of the same refund number would wait for each other.
 */
const SAVE: Statement = {
  name: 'save_refund',
  text: `
WITH input AS (
  SELECT * FROM json_to_record($1::json) AS i(
    merchant_id text, refund_id text, trade_id text, version integer, at_ms bigint, state text, channel_refund_no text,
    channel_refund_id text, channel_message text, calling_until_ms bigint, check_count integer, decided_at_ms bigint,
    refund_fen bigint, money text, order_paid_again boolean, event_source text, event_kind text, event_detail jsonb, job text, job_at_ms bigint,
    notification_id text, subject text, notified_refund_id text, url text, payload text,
    ${RAISED_COLUMNS})
), locked AS (
  SELECT o.trade_id FROM orders o JOIN input i ON o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id
  FOR NO KEY UPDATE OF o
), saved AS (
  UPDATE refunds r SET version = r.version + 1, state = i.state, channel_refund_no = i.channel_refund_no,
    channel_refund_id = i.channel_refund_id, channel_message = i.channel_message, calling_until_ms = i.calling_until_ms,
    check_count = i.check_count, decided_at_ms = i.decided_at_ms, updated_at_ms = i.at_ms
  FROM input i JOIN locked l ON l.trade_id = i.trade_id
  WHERE r.merchant_id = i.merchant_id AND r.refund_id = i.refund_id AND r.version = i.version
  RETURNING r.refund_id
), effective AS (
  SELECT i.* FROM input i JOIN saved s ON s.refund_id = i.refund_id
), sums AS (
  UPDATE orders o SET
    refund_reserved_fen = o.refund_reserved_fen + CASE e.money WHEN 'reserve' THEN e.refund_fen ELSE -e.refund_fen END,
    refunded_fen = o.refunded_fen + CASE e.money WHEN 'refunded' THEN e.refund_fen ELSE 0 END,
    state = CASE WHEN e.order_paid_again AND o.state = 'reversed' THEN 'paid' ELSE o.state END,
    version = o.version + 1, updated_at_ms = e.at_ms
  FROM effective e WHERE e.money <> 'keep' AND o.merchant_id = e.merchant_id AND o.trade_id = e.trade_id
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT merchant_id, trade_id, at_ms, event_source, event_kind, event_detail FROM effective WHERE event_kind IS NOT NULL
), ended_job AS (
  DELETE FROM jobs j USING effective e
  WHERE e.job = 'delete' AND j.kind = 'refund' AND j.merchant_id = e.merchant_id AND j.subject_id = e.refund_id
), moved_job AS (
  INSERT INTO jobs AS j (kind, merchant_id, subject_id, run_at_ms)
  SELECT 'refund', merchant_id, refund_id, job_at_ms FROM effective WHERE job = 'move'
  ON CONFLICT (kind, merchant_id, subject_id) DO UPDATE SET run_at_ms = excluded.run_at_ms
), new_notification AS (
  INSERT INTO notifications (merchant_id, notification_id, subject, trade_id, refund_id, url, payload, created_at_ms, updated_at_ms)
  SELECT merchant_id, notification_id, subject, trade_id, notified_refund_id, url, payload, at_ms, at_ms
  FROM effective WHERE notification_id IS NOT NULL
), new_job AS (
  INSERT INTO jobs (kind, merchant_id, subject_id, run_at_ms)
  SELECT 'notification', merchant_id, notification_id, at_ms FROM effective WHERE notification_id IS NOT NULL
), raised AS (${raisedFrom('effective')}
)
SELECT refund_id FROM saved`,
};

const BY_NUMBER: Statement = {
  name: 'refund_by_number',
  text: 'SELECT * FROM refunds WHERE merchant_id = $1 AND mch_refund_id = $2',
};

const BY_ID: Statement = {
  name: 'refund_by_id',
  text: 'SELECT * FROM refunds WHERE merchant_id = $1 AND refund_id = $2',
};

const BY_CHANNEL_NUMBER: Statement = {
  name: 'refund_by_channel_number',
  text: 'SELECT * FROM refunds WHERE merchant_id = $1 AND channel_refund_no = $2 LIMIT 1',
};

/** An order has at most 50 refunds of its merchant's, and a few of ours: the limit is never met, it bounds the answer. */
const OF_ORDER: Statement = {
  name: 'refunds_of_order',
  text: 'SELECT * FROM refunds WHERE merchant_id = $1 AND trade_id = $2 ORDER BY refund_id LIMIT 100',
};

export interface RefundStore {
  /** `conflict`: the order changed since it was read; `number_taken`: another request took this refund number meanwhile. */
  reserve(order: Order, refund: NewRefund): Promise<'reserved' | 'conflict' | 'number_taken'>;
  /** Answers false when somebody changed the refund, or took what it is to reserve anew, since it was read. */
  save(save: RefundSave): Promise<boolean>;
  byNumber(merchant_id: string, mch_refund_id: string): Promise<Refund | null>;
  byId(merchant_id: string, refund_id: string): Promise<Refund | null>;
  byChannelNumber(merchant_id: string, channel_refund_no: string): Promise<Refund | null>;
  ofOrder(merchant_id: string, trade_id: string): Promise<Refund[]>;
}

/** Opens the refund statements over a database. */
export function createRefundStore(database: Database): RefundStore {
  const first = async (statement: Statement, values: readonly unknown[]): Promise<Refund | null> =>
    (await database.query<Refund>(statement, values))[0] ?? null;
  return {
    async reserve(order, refund) {
      try {
        const rows = await database.query(RESERVE, [toJson(refund), order.version]);
        return rows.length === 1 ? 'reserved' : 'conflict';
      } catch (error) {
        if (sqlState(error) === UNIQUE_VIOLATION) return 'number_taken';
        throw error;
      }
    },
    async save(save) {
      try {
        return (await database.query(SAVE, [toJson(saveRow(save))])).length === 1;
      } catch (error) {
        // refunds_never_exceed_payment: another refund of this order was faster.
        if (save.money === 'reserve' && sqlState(error) === CHECK_VIOLATION) return false;
        throw error;
      }
    },
    byNumber: (merchant_id, mch_refund_id) => first(BY_NUMBER, [merchant_id, mch_refund_id]),
    byId: (merchant_id, refund_id) => first(BY_ID, [merchant_id, refund_id]),
    byChannelNumber: (merchant_id, number) => first(BY_CHANNEL_NUMBER, [merchant_id, number]),
    ofOrder: (merchant_id, trade_id) => database.query<Refund>(OF_ORDER, [merchant_id, trade_id]),
  };
}

function saveRow({
  refund,
  at_ms,
  money,
  order_paid_again,
  event,
  job,
  notification,
  raises,
}: RefundSave): Record<string, unknown> {
  return {
    merchant_id: refund.merchant_id,
    refund_id: refund.refund_id,
    trade_id: refund.trade_id,
    version: refund.version,
    at_ms,
    state: refund.state,
    channel_refund_no: refund.channel_refund_no,
    channel_refund_id: refund.channel_refund_id,
    channel_message: refund.channel_message,
    calling_until_ms: refund.calling_until_ms,
    check_count: refund.check_count,
    decided_at_ms: refund.decided_at_ms,
    refund_fen: refund.refund_fen,
    money,
    order_paid_again,
    ...(event && { event_source: event.source, event_kind: event.kind, event_detail: event.detail }),
    ...(job === 'delete' && { job: 'delete' }),
    ...(typeof job === 'number' && { job: 'move', job_at_ms: job }),
    ...(notification && {
      notification_id: notification.notification_id,
      subject: notification.subject,
      notified_refund_id: notification.refund_id,
      url: notification.url,
      payload: notification.payload,
    }),
    ...(raises && raisedRow(raises)),
  };
}
