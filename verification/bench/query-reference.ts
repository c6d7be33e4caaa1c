import { createPrivateKey, createPublicKey } from 'node:crypto';
import pg from 'pg';
import { serveCommands } from './child.ts';
import { MicroBatch } from './micro-batch.ts';
import { newId, readToken, serveTokens, signToken } from './reference-http.ts';

/**
 * The measure of a query: the smallest honest program that answers one about a paid order. Verify the merchant's RS256, one
 * select of the order's row by its index, sign the answer. It keeps no nonces and knows no order but a paid one; what it does
 * it does as well as we know how: keys parsed once, signatures on the thread pool, a named statement in micro-batches,
 * keep-alive.
 */

export interface QueryReferenceSettings {
  readonly database_url: string;
  readonly merchant_id: string;
  readonly merchant_public_key: string;
  readonly platform_private_key: string;
}

/** As in the other reference program: more only lengthens the queue. */
const QUERIES_IN_FLIGHT = 32;
const CONNECTIONS = 4;

interface Row {
  readonly mch_trade_id: string;
  readonly trade_id: string;
  readonly pay_type: string;
  readonly total_fen: string;
  readonly trade_state: number;
  readonly trade_info: string;
  readonly transaction_id: string;
  readonly bank_type: string;
  readonly code_url: string;
  readonly body: string;
  readonly attach: string;
  readonly notify_url: string;
  readonly created_at_ms: string;
  readonly expires_at_ms: string;
  readonly updated_at_ms: string;
  readonly paid_at_ms: string;
}

async function start(settings: QueryReferenceSettings): Promise<{ readonly url: string }> {
  const { merchant_id } = settings;
  const pool = new pg.Pool({ connectionString: settings.database_url, max: CONNECTIONS });
  const merchant_key = createPublicKey(settings.merchant_public_key);
  const platform_key = createPrivateKey(settings.platform_private_key);
  const selects = new MicroBatch((numbers: readonly string[]) => readRows(pool, merchant_id, numbers));
  const url = await serveTokens(QUERIES_IN_FLIGHT, async (path, token) => {
    const started_ms = performance.now();
    if (path !== `/v2/pay/query?merchant_id=${merchant_id}`) throw new Error('no such merchant');
    const { mch_trade_id } = readToken(merchant_key, token) as { readonly mch_trade_id: string };
    const row = await selects.add(mch_trade_id);
    if (row === null) throw new Error('no such order');
    const data = { merchant_id, mch_trade_id, ...shown(row) };
    const time_elapsed = Math.round((performance.now() - started_ms) * 10) / 10_000;
    return signToken(platform_key, { code: 0, msg: 'success', data, nonce_str: newId(Date.now()), time_elapsed });
  });
  return { url };
}

async function readRows(
  pool: pg.Pool,
  merchant_id: string,
  mch_trade_ids: readonly string[],
): Promise<readonly (Row | null)[]> {
  const { rows } = await pool.query<Row>({
    name: 'orders-by-numbers',
    text: 'SELECT * FROM orders WHERE merchant_id = $1 AND mch_trade_id = ANY ($2)',
    values: [merchant_id, mch_trade_ids],
  });
  const by_number = new Map(rows.map((row) => [row.mch_trade_id, row]));
  return mch_trade_ids.map((number) => by_number.get(number) ?? null);
}

function shown(row: Row): Record<string, unknown> {
  return {
    trade_id: row.trade_id,
    pay_type: row.pay_type,
    total_fee: Number(row.total_fen),
    trade_state: row.trade_state,
    trade_info: row.trade_info,
    out_trade_id: row.transaction_id,
    bank_type: row.bank_type,
    code_url: row.code_url,
    body: row.body,
    attach: row.attach,
    notify_url: row.notify_url,
    time_expire: second(row.expires_at_ms),
    created_at: second(row.created_at_ms),
    updated_at: second(row.updated_at_ms),
    paid_at: second(row.paid_at_ms),
  };
}

function second(milliseconds: string): number {
  return Math.floor(Number(milliseconds) / 1000);
}

serveCommands({ start });
