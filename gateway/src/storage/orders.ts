import type { Nonce } from '../domain/nonce.ts';
import type { Order } from '../domain/order.ts';
import { createBatcher } from './batch.ts';
import type { Database, Statement } from './database.ts';
import { toJson } from './json.ts';
import { saveRows, statementAlone, type NewEvent, type OrderSave } from './save-orders.ts';

/** What is known of a new order before the channel is called. */
export type NewOrder = Pick<
  Order,
  | 'merchant_id'
  | 'trade_id'
  | 'mch_trade_id'
  | 'pay_type'
  | 'initial_trade_state'
  | 'channel'
  | 'account_id'
  | 'merchant_params'
  | 'total_fen'
  | 'request'
  | 'request_hash'
  | 'notify_url'
  | 'created_at_ms'
  | 'expires_at_ms'
  | 'placing_until_ms'
> & {
  readonly nonce_str: string | null;
  /** Whose key signed the request, when that is not the merchant's own. */
  readonly signer_id?: string;
  readonly first_check_at_ms: number;
  /** Absent: the channel is called at once. `never`: the payer's confirmation places it (wechat.jsurl). */
  readonly placement?: 'never';
  readonly preorder_id?: string;
  readonly payer_key?: string;
};

export type InsertOutcome = 'inserted' | 'nonce_repeated' | 'number_repeated';

/**
 * One statement for nonce, order, first event and job. Either unique key may be met first, and an error would not say
 * which: so `ON CONFLICT DO NOTHING … RETURNING` on both, and the two are told apart by what came back: every row whose
 * nonce was new, and every row that became an order.
 */
const INSERT: Statement = {
  name: 'insert_orders',
  text: `
WITH input AS (
  SELECT * FROM json_to_recordset($1::json) AS i(
    merchant_id text, trade_id text, mch_trade_id text, nonce_str text, signer_id text, pay_type text, initial_trade_state smallint,
    channel text, account_id text, merchant_params jsonb, total_fen bigint, request jsonb, request_hash text,
    notify_url text, created_at_ms bigint, expires_at_ms bigint, placement text, placing_until_ms bigint, first_check_at_ms bigint)
), new_nonce AS (
  INSERT INTO nonces (merchant_id, nonce_str)
  SELECT coalesce(signer_id, merchant_id), nonce_str FROM input WHERE nonce_str IS NOT NULL
  ON CONFLICT DO NOTHING RETURNING merchant_id, nonce_str
), admitted AS (
  SELECT i.* FROM input i WHERE i.nonce_str IS NULL OR (coalesce(i.signer_id, i.merchant_id), i.nonce_str) IN (SELECT merchant_id, nonce_str FROM new_nonce)
), new_order AS (
  INSERT INTO orders (merchant_id, trade_id, mch_trade_id, pay_type, initial_trade_state, channel, account_id,
    merchant_params, total_fen, request, request_hash, notify_url, created_at_ms, expires_at_ms, state, placement,
    placing_until_ms, updated_at_ms)
  SELECT merchant_id, trade_id, mch_trade_id, pay_type, initial_trade_state, channel, account_id, merchant_params,
    total_fen, request, request_hash, notify_url, created_at_ms, expires_at_ms, 'undecided', coalesce(placement, 'calling'),
    placing_until_ms, created_at_ms
  FROM admitted
  ON CONFLICT (merchant_id, mch_trade_id) DO NOTHING RETURNING merchant_id, trade_id, account_id, created_at_ms
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT merchant_id, trade_id, created_at_ms, 'pay', 'created', json_build_object('account_id', account_id) FROM new_order
), new_job AS (
  INSERT INTO jobs (kind, merchant_id, subject_id, run_at_ms)
  SELECT 'order', n.merchant_id, n.trade_id, i.first_check_at_ms FROM new_order n JOIN input i ON i.trade_id = n.trade_id
)
SELECT trade_id, true AS order_new FROM new_order
UNION ALL
SELECT trade_id, false AS order_new FROM admitted`,
};

const BY_NUMBER: Statement = {
  name: 'order_by_number',
  text: 'SELECT * FROM orders WHERE merchant_id = $1 AND mch_trade_id = $2',
};

const BY_TRADE_ID: Statement = {
  name: 'order_by_trade_id',
  text: 'SELECT * FROM orders WHERE merchant_id = $1 AND trade_id = $2',
};

const RECORD_NONCE: Statement = {
  name: 'record_nonce',
  text: 'INSERT INTO nonces (merchant_id, nonce_str) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING nonce_str',
};

/** What queries ask, many in one statement: is the nonce new, and the order. `position` tells which answer is whose. */
const BY_NUMBERS_ONCE: Statement = {
  name: 'orders_by_numbers_once',
  text: `
WITH input AS (
  SELECT * FROM json_to_recordset($1::json) AS i(position integer, merchant_id text, mch_trade_id text, signer_id text, nonce_str text)
), new_nonce AS (
  INSERT INTO nonces (merchant_id, nonce_str) SELECT signer_id, nonce_str FROM input
  ON CONFLICT DO NOTHING RETURNING merchant_id, nonce_str
)
SELECT i.position, (i.signer_id, i.nonce_str) IN (SELECT merchant_id, nonce_str FROM new_nonce) AS nonce_new, o.*
FROM input i LEFT JOIN orders o ON o.merchant_id = i.merchant_id AND o.mch_trade_id = i.mch_trade_id`,
};

/** Another account for an order of which it is certain that the one before placed nothing. */
const REROUTE: Statement = {
  name: 'reroute_order',
  text: `
WITH moved AS (
  UPDATE orders SET account_id = $4, merchant_params = $5, placement = 'calling', placing_until_ms = $6,
    version = version + 1, updated_at_ms = $7
  WHERE merchant_id = $1 AND trade_id = $2 AND version = $3 AND state = 'undecided'
  RETURNING merchant_id, trade_id
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT merchant_id, trade_id, $7, 'pay', 'rerouted', $8 FROM moved
)
SELECT trade_id FROM moved`,
};

const EVENTS: Statement = {
  name: 'order_events',
  text: `SELECT event_no, at_ms, source, kind, detail FROM order_events
WHERE merchant_id = $1 AND trade_id = $2 AND event_no > $3 ORDER BY event_no LIMIT $4`,
};

const APPEND_EVENT: Statement = {
  name: 'append_order_event',
  text: `INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail) VALUES ($1, $2, $3, $4, $5, $6)`,
};

export interface Reroute {
  readonly order: Order;
  readonly account_id: string;
  readonly merchant_params: Readonly<Record<string, string>>;
  readonly placing_until_ms: number;
  readonly at_ms: number;
  /** From where, and why nothing was placed there. */
  readonly detail: Readonly<Record<string, string>>;
}

export interface TimelineEvent {
  readonly event_no: number;
  readonly at_ms: number;
  readonly source: string;
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** An order, and whether the nonce of the request that asked for it had never been seen. */
export interface OnceRead {
  readonly nonce_new: boolean;
  readonly order: Order | null;
}

/** Every statement about orders. `relaxed` serves statements whose loss in a power cut does no harm (a query's nonce). */
export interface OrderStore {
  insert(order: NewOrder): Promise<InsertOutcome>;
  /** Answers false when somebody changed the order since it was read: read it again and decide anew. */
  save(save: OrderSave): Promise<boolean>;
  /** Answers false when somebody changed the order since it was read. */
  reroute(reroute: Reroute): Promise<boolean>;
  byNumber(merchant_id: string, mch_trade_id: string): Promise<Order | null>;
  byTradeId(merchant_id: string, trade_id: string): Promise<Order | null>;
  /** Records the request's nonce and reads the order in one round trip. */
  byNumberOnce(merchant_id: string, mch_trade_id: string, nonce: Nonce | null): Promise<OnceRead>;
  /** True when this nonce was never seen from this signer. */
  recordNonce(nonce: Nonce): Promise<boolean>;
  timeline(merchant_id: string, trade_id: string, after_event_no: number, limit: number): Promise<TimelineEvent[]>;
  appendEvent(merchant_id: string, trade_id: string, at_ms: number, event: NewEvent): Promise<void>;
}

/** One batch on its way at a time: the next one gathers meanwhile and is the larger for it. */
const BATCH = { max_rows: 64, max_in_flight: 1 } as const;

/** Opens the order statements over a database. */
export function createOrderStore(database: Database, relaxed: Database): OrderStore {
  const inserts = createBatcher<NewOrder, InsertOutcome>({
    ...BATCH,
    keys: (order) => [
      `${order.merchant_id} ${order.mch_trade_id}`,
      `${order.signer_id ?? order.merchant_id} nonce ${order.nonce_str ?? order.trade_id}`,
    ],
    run: (orders) => insertRows(database, orders),
  });
  const saves = createBatcher<OrderSave, boolean>({
    ...BATCH,
    keys: (save) => [save.order.trade_id],
    run: (rows) => saveRows(database, rows),
  });
  const questions = createBatcher<Question, OnceRead>({
    ...BATCH,
    keys: (question) => [`${question.signer_id} ${question.nonce_str}`],
    run: (rows) => readOnce(relaxed, rows),
  });
  const first = async (statement: Statement, values: readonly unknown[]): Promise<Order | null> =>
    (await database.query<Order>(statement, values))[0] ?? null;
  return {
    insert: (order) => inserts.add(order),
    async save(save) {
      const alone = statementAlone(save);
      return alone ? (await saveRows(database, [save], alone))[0] === true : saves.add(save);
    },
    reroute: (reroute) => rerouteOrder(database, reroute),
    byNumber: (merchant_id, mch_trade_id) => first(BY_NUMBER, [merchant_id, mch_trade_id]),
    byTradeId: (merchant_id, trade_id) => first(BY_TRADE_ID, [merchant_id, trade_id]),
    async byNumberOnce(merchant_id, mch_trade_id, nonce) {
      if (nonce === null) return { nonce_new: true, order: await first(BY_NUMBER, [merchant_id, mch_trade_id]) };
      return questions.add({ merchant_id, mch_trade_id, ...nonce });
    },
    async recordNonce({ signer_id, nonce_str }) {
      return (await database.query(RECORD_NONCE, [signer_id, nonce_str])).length === 1;
    },
    timeline: (merchant_id, trade_id, after_event_no, limit) =>
      database.query<TimelineEvent>(EVENTS, [merchant_id, trade_id, after_event_no, limit]),
    async appendEvent(merchant_id, trade_id, at_ms, event) {
      await database.query(APPEND_EVENT, [
        merchant_id,
        trade_id,
        at_ms,
        event.source,
        event.kind,
        toJson(event.detail),
      ]);
    },
  };
}

async function rerouteOrder(database: Database, reroute: Reroute): Promise<boolean> {
  const { order, account_id, merchant_params, placing_until_ms, at_ms, detail } = reroute;
  const rows = await database.query(REROUTE, [
    order.merchant_id,
    order.trade_id,
    order.version,
    account_id,
    toJson(merchant_params),
    placing_until_ms,
    at_ms,
    toJson(detail),
  ]);
  return rows.length === 1;
}

interface Question extends Nonce {
  readonly merchant_id: string;
  readonly mch_trade_id: string;
}

async function readOnce(relaxed: Database, questions: readonly Question[]): Promise<OnceRead[]> {
  const input = toJson(questions.map((question, position) => ({ position, ...question })));
  type Row = Order & { readonly position: number; readonly nonce_new: boolean; readonly trade_id: string | null };
  const rows = new Map((await relaxed.query<Row>(BY_NUMBERS_ONCE, [input])).map((row) => [row.position, row]));
  return questions.map((_question, position) => {
    const row = rows.get(position);
    return { nonce_new: row?.nonce_new ?? false, order: row && row.trade_id !== null ? row : null };
  });
}

async function insertRows(database: Database, orders: readonly NewOrder[]): Promise<InsertOutcome[]> {
  const rows = await database.query<{ trade_id: string; order_new: boolean }>(INSERT, [toJson(orders)]);
  const inserted = new Set<string>();
  const admitted = new Set<string>();
  for (const row of rows) (row.order_new ? inserted : admitted).add(row.trade_id);
  return orders.map(({ trade_id }) => {
    if (inserted.has(trade_id)) return 'inserted';
    return admitted.has(trade_id) ? 'number_repeated' : 'nonce_repeated';
  });
}
