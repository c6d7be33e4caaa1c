/** Preorders, their tries, and the orders of payment links. States and steps: domain/preorder.ts. */
import type { Nonce } from '../domain/nonce.ts';
import type { Order } from '../domain/order.ts';
import type { Preorder } from '../domain/preorder.ts';
import type { Database, Statement } from './database.ts';
import { toJson } from './json.ts';
import type { InsertOutcome, NewOrder } from './orders.ts';

export type NewPreorder = Omit<Preorder, 'version' | 'state' | 'tries' | 'current_trade_id' | 'paid_trade_id'>;

/** Nonce and preorder in one statement; what came back tells the two conflicts apart, as with orders. */
const INSERT: Statement = {
  name: 'insert_preorder',
  text: `
WITH new_nonce AS (
  INSERT INTO nonces (merchant_id, nonce_str) SELECT $12, $11::text WHERE $11::text IS NOT NULL
  ON CONFLICT DO NOTHING RETURNING nonce_str
), admitted AS (
  SELECT 1 AS one WHERE $11::text IS NULL OR EXISTS (SELECT 1 FROM new_nonce)
), new_preorder AS (
  INSERT INTO preorders (merchant_id, preorder_id, mch_pre_id, total_fen, request, request_hash, notify_url, created_at_ms,
    expires_at_ms, updated_at_ms)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM admitted
  ON CONFLICT (merchant_id, mch_pre_id) DO NOTHING RETURNING preorder_id
)
SELECT EXISTS (SELECT 1 FROM admitted) AS nonce_new, EXISTS (SELECT 1 FROM new_preorder) AS preorder_new`,
};

const BY_NUMBER: Statement = {
  name: 'preorder_by_number',
  text: 'SELECT * FROM preorders WHERE merchant_id = $1 AND mch_pre_id = $2',
};

const BY_ID: Statement = {
  name: 'preorder_by_id',
  text: 'SELECT * FROM preorders WHERE merchant_id = $1 AND preorder_id = $2',
};

/** Shorter numbers first: `.2` before `.10`. */
const TRIES: Statement = {
  name: 'orders_of_preorder',
  text: `SELECT mch_trade_id FROM orders WHERE merchant_id = $1 AND preorder_id = $2
ORDER BY length(mch_trade_id), mch_trade_id LIMIT 100`,
};

/**
 * Numbers the next try and inserts its order with first event and job, if nobody has changed the preorder since it was read.
 * A number that is taken by an order of the merchant's own is used up all the same: the next try gets the one after it.
 */
const BEGIN_TRY: Statement = {
  name: 'begin_preorder_try',
  text: `
WITH input AS (
  SELECT * FROM json_to_record($1::json) AS i(
    merchant_id text, preorder_id text, version integer, payer_key text,
    trade_id text, mch_trade_id text, pay_type text, initial_trade_state smallint,
    channel text, account_id text, merchant_params jsonb, total_fen bigint, request jsonb, request_hash text,
    notify_url text, created_at_ms bigint, expires_at_ms bigint, placing_until_ms bigint, first_check_at_ms bigint)
), claimed AS (
  UPDATE preorders p SET version = p.version + 1, tries = p.tries + 1, current_trade_id = i.trade_id,
    updated_at_ms = i.created_at_ms
  FROM input i
  WHERE p.merchant_id = i.merchant_id AND p.preorder_id = i.preorder_id AND p.version = i.version AND p.state = 'open'
  RETURNING p.preorder_id
), new_order AS (
  INSERT INTO orders (merchant_id, trade_id, mch_trade_id, pay_type, initial_trade_state, channel, account_id,
    merchant_params, total_fen, request, request_hash, notify_url, created_at_ms, expires_at_ms, preorder_id, payer_key,
    state, placement, placing_until_ms, updated_at_ms)
  SELECT i.merchant_id, i.trade_id, i.mch_trade_id, i.pay_type, i.initial_trade_state, i.channel, i.account_id,
    i.merchant_params, i.total_fen, i.request, i.request_hash, i.notify_url, i.created_at_ms, i.expires_at_ms,
    i.preorder_id, i.payer_key, 'undecided', 'calling', i.placing_until_ms, i.created_at_ms
  FROM input i JOIN claimed c ON c.preorder_id = i.preorder_id
  ON CONFLICT DO NOTHING RETURNING merchant_id, trade_id, account_id, created_at_ms
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT merchant_id, trade_id, created_at_ms, 'pay', 'created', json_build_object('account_id', account_id) FROM new_order
), new_job AS (
  INSERT INTO jobs (kind, merchant_id, subject_id, run_at_ms)
  SELECT 'order', n.merchant_id, n.trade_id, i.first_check_at_ms FROM new_order n JOIN input i ON i.trade_id = n.trade_id
)
SELECT EXISTS (SELECT 1 FROM claimed) AS claimed, EXISTS (SELECT 1 FROM new_order) AS begun`,
};

/** Nothing can be paid under an undecided try's number once the preorder is closed, so that one must be decided first. */
const CLOSE: Statement = {
  name: 'close_preorder',
  text: `
UPDATE preorders p SET version = version + 1, state = 'closed', updated_at_ms = $4
WHERE p.merchant_id = $1 AND p.preorder_id = $2 AND p.version = $3 AND p.state = 'open' AND NOT EXISTS (
  SELECT 1 FROM orders o WHERE o.merchant_id = $1 AND o.preorder_id = $2 AND o.state = 'undecided')
RETURNING p.preorder_id`,
};

/** The payer of a payment link's order is known now, and it is placed for them. */
const GIVE_TO_PAYER: Statement = {
  name: 'give_order_to_payer',
  text: `
WITH given AS (
  UPDATE orders SET request = request || $4::jsonb, payer_key = $5, account_id = $6, merchant_params = $7,
    placement = 'calling', placing_until_ms = $8, version = version + 1, updated_at_ms = $9
  WHERE merchant_id = $1 AND trade_id = $2 AND version = $3 AND state = 'undecided' AND placement = 'never'
  RETURNING merchant_id, trade_id, account_id
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT merchant_id, trade_id, $9, 'pay', 'confirmed_by_payer', json_build_object('account_id', account_id) FROM given
), moved_job AS (
  INSERT INTO jobs AS j (kind, merchant_id, subject_id, run_at_ms)
  SELECT 'order', merchant_id, trade_id, $10 FROM given
  ON CONFLICT (kind, merchant_id, subject_id) DO UPDATE SET run_at_ms = excluded.run_at_ms
)
SELECT trade_id FROM given`,
};

export type BeginTry = 'begun' | 'number_taken' | 'changed';

/** What is known of a payment link's order once its payer has confirmed. */
export interface GivenOrder {
  readonly order: Order;
  readonly payer_fields: Readonly<Record<string, string>>;
  readonly payer_key: string;
  readonly account_id: string;
  readonly merchant_params: Readonly<Record<string, string>>;
  readonly placing_until_ms: number;
  readonly at_ms: number;
  readonly check_at_ms: number;
}

export interface PreorderStore {
  insert(preorder: NewPreorder, nonce: Nonce | null): Promise<InsertOutcome>;
  byNumber(merchant_id: string, mch_pre_id: string): Promise<Preorder | null>;
  byId(merchant_id: string, preorder_id: string): Promise<Preorder | null>;
  /** The merchant's numbers of the tries, in their order. */
  tries(merchant_id: string, preorder_id: string): Promise<string[]>;
  beginTry(preorder: Preorder, order: NewOrder, payer_key: string): Promise<BeginTry>;
  /** False when somebody changed the preorder since it was read, or a try is undecided. */
  close(preorder: Preorder, at_ms: number): Promise<boolean>;
  /** False when somebody was faster. */
  giveToPayer(given: GivenOrder): Promise<boolean>;
}

/** Opens the preorder statements over a database. */
export function createPreorderStore(database: Database): PreorderStore {
  const first = async (statement: Statement, values: readonly unknown[]): Promise<Preorder | null> =>
    (await database.query<Preorder>(statement, values))[0] ?? null;
  return {
    insert: (preorder, nonce) => insert(database, preorder, nonce),
    byNumber: (merchant_id, mch_pre_id) => first(BY_NUMBER, [merchant_id, mch_pre_id]),
    byId: (merchant_id, preorder_id) => first(BY_ID, [merchant_id, preorder_id]),
    async tries(merchant_id, preorder_id) {
      const rows = await database.query<{ mch_trade_id: string }>(TRIES, [merchant_id, preorder_id]);
      return rows.map((row) => row.mch_trade_id);
    },
    async beginTry({ preorder_id, version }, order, payer_key) {
      const input = toJson({ ...order, preorder_id, version, payer_key });
      const [row] = await database.query<{ claimed: boolean; begun: boolean }>(BEGIN_TRY, [input]);
      if (!row?.claimed) return 'changed';
      return row.begun ? 'begun' : 'number_taken';
    },
    async close({ merchant_id, preorder_id, version }, at_ms) {
      return (await database.query(CLOSE, [merchant_id, preorder_id, version, at_ms])).length === 1;
    },
    giveToPayer: (given) => giveToPayer(database, given),
  };
}

async function insert(database: Database, preorder: NewPreorder, nonce: Nonce | null): Promise<InsertOutcome> {
  const [row] = await database.query<{ nonce_new: boolean; preorder_new: boolean }>(INSERT, [
    preorder.merchant_id,
    preorder.preorder_id,
    preorder.mch_pre_id,
    preorder.total_fen,
    toJson(preorder.request),
    preorder.request_hash,
    preorder.notify_url,
    preorder.created_at_ms,
    preorder.expires_at_ms,
    preorder.updated_at_ms,
    nonce?.nonce_str ?? null,
    nonce?.signer_id ?? null,
  ]);
  if (!row?.nonce_new) return 'nonce_repeated';
  return row.preorder_new ? 'inserted' : 'number_repeated';
}

async function giveToPayer(database: Database, given: GivenOrder): Promise<boolean> {
  const { order } = given;
  const rows = await database.query(GIVE_TO_PAYER, [
    order.merchant_id,
    order.trade_id,
    order.version,
    toJson(given.payer_fields),
    given.payer_key,
    given.account_id,
    toJson(given.merchant_params),
    given.placing_until_ms,
    given.at_ms,
    given.check_at_ms,
  ]);
  return rows.length === 1;
}
