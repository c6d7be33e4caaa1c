import pg from 'pg';
import { MicroBatch } from './micro-batch.ts';

/** The reference program's two tables and two statements: one commit to insert, one to update, each in micro-batches. */

export interface ReferenceOrder {
  readonly merchant_id: string;
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly nonce_str: string;
  readonly pay_type: string;
  readonly total_fen: number;
  readonly body: string;
  readonly attach: string;
  readonly notify_url: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
}

export interface ReferenceReply {
  readonly merchant_id: string;
  readonly trade_id: string;
  readonly reply: string;
}

export interface ReferenceStorage {
  insertOrder(order: ReferenceOrder): Promise<'inserted' | 'number repeated' | 'nonce repeated'>;
  recordReply(reply: ReferenceReply): Promise<void>;
  close(): Promise<void>;
}

/** Pages keep room for the update that follows each insert, so that it stays on its page and touches no index. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS nonces (
  merchant_id text NOT NULL, nonce_str text NOT NULL, created_at_ms bigint NOT NULL,
  PRIMARY KEY (merchant_id, nonce_str));
CREATE TABLE IF NOT EXISTS orders (
  merchant_id text NOT NULL, trade_id text NOT NULL, mch_trade_id text NOT NULL, pay_type text NOT NULL,
  total_fen bigint NOT NULL, body text NOT NULL, attach text NOT NULL, notify_url text NOT NULL,
  state text NOT NULL, reply text, created_at_ms bigint NOT NULL, expires_at_ms bigint NOT NULL,
  PRIMARY KEY (merchant_id, trade_id), UNIQUE (merchant_id, mch_trade_id)) WITH (fillfactor = 60);`;

const INSERT = `
WITH input AS (
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
    $9::text[], $10::bigint[], $11::bigint[]) AS input (merchant_id, trade_id, mch_trade_id, nonce_str, pay_type,
    total_fen, body, attach, notify_url, created_at_ms, expires_at_ms)
), fresh AS (
  INSERT INTO nonces (merchant_id, nonce_str, created_at_ms)
  SELECT merchant_id, nonce_str, created_at_ms FROM input
  ON CONFLICT DO NOTHING RETURNING merchant_id, nonce_str
), placed AS (
  INSERT INTO orders (merchant_id, trade_id, mch_trade_id, pay_type, total_fen, body, attach, notify_url, state,
    created_at_ms, expires_at_ms)
  SELECT merchant_id, trade_id, mch_trade_id, pay_type, total_fen, body, attach, notify_url, 'undecided', created_at_ms,
    expires_at_ms
  FROM input JOIN fresh USING (merchant_id, nonce_str)
  ON CONFLICT DO NOTHING RETURNING trade_id
)
SELECT nonce_str AS name, 'nonce' AS kind FROM fresh UNION ALL SELECT trade_id, 'order' FROM placed`;

const UPDATE = `
UPDATE orders SET state = 'waiting', reply = input.reply
FROM unnest($1::text[], $2::text[], $3::text[]) AS input (merchant_id, trade_id, reply)
WHERE orders.merchant_id = input.merchant_id AND orders.trade_id = input.trade_id AND orders.state = 'undecided'
RETURNING orders.trade_id`;

/** Opens the database, which holds nothing else, and makes the tables where they are missing. */
export async function openReferenceStorage(database_url: string): Promise<ReferenceStorage> {
  const pool = new pg.Pool({ connectionString: database_url, max: 4 });
  await pool.query(SCHEMA);
  const inserts = new MicroBatch((orders: readonly ReferenceOrder[]) => insertOrders(pool, orders));
  const updates = new MicroBatch((replies: readonly ReferenceReply[]) => recordReplies(pool, replies));
  return {
    insertOrder: (order) => inserts.add(order),
    recordReply: async (reply) => {
      if (!(await updates.add(reply))) throw new Error('the order is not there to be updated');
    },
    close: () => pool.end(),
  };
}

async function insertOrders(
  pool: pg.Pool,
  orders: readonly ReferenceOrder[],
): Promise<readonly ('inserted' | 'number repeated' | 'nonce repeated')[]> {
  const column = <Key extends keyof ReferenceOrder>(key: Key): ReferenceOrder[Key][] =>
    orders.map((order) => order[key]);
  const { rows } = await pool.query<{ name: string; kind: string }>({
    name: 'insert-orders',
    text: INSERT,
    values: [
      column('merchant_id'),
      column('trade_id'),
      column('mch_trade_id'),
      column('nonce_str'),
      column('pay_type'),
      column('total_fen'),
      column('body'),
      column('attach'),
      column('notify_url'),
      column('created_at_ms'),
      column('expires_at_ms'),
    ],
  });
  const nonces = new Set<string>();
  const placed = new Set<string>();
  for (const row of rows) (row.kind === 'nonce' ? nonces : placed).add(row.name);
  return orders.map((order) => {
    if (placed.has(order.trade_id)) return 'inserted';
    return nonces.has(order.nonce_str) ? 'number repeated' : 'nonce repeated';
  });
}

async function recordReplies(pool: pg.Pool, replies: readonly ReferenceReply[]): Promise<readonly boolean[]> {
  const { rows } = await pool.query<{ trade_id: string }>({
    name: 'record-replies',
    text: UPDATE,
    values: [
      replies.map((reply) => reply.merchant_id),
      replies.map((reply) => reply.trade_id),
      replies.map((reply) => reply.reply),
    ],
  });
  const updated = new Set(rows.map((row) => row.trade_id));
  return replies.map((reply) => updated.has(reply.trade_id));
}
