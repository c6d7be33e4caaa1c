import { runSql } from './database-server.ts';

/** The one table of the query reference: its columns are what an answer shows. */
const SCHEMA = `
CREATE TABLE orders (
  merchant_id text NOT NULL, mch_trade_id text NOT NULL, trade_id text NOT NULL, pay_type text NOT NULL,
  total_fen bigint NOT NULL, trade_state smallint NOT NULL, trade_info text NOT NULL, transaction_id text NOT NULL,
  bank_type text NOT NULL, code_url text NOT NULL, body text NOT NULL, attach text NOT NULL, notify_url text NOT NULL,
  created_at_ms bigint NOT NULL, expires_at_ms bigint NOT NULL, updated_at_ms bigint NOT NULL, paid_at_ms bigint NOT NULL,
  PRIMARY KEY (merchant_id, mch_trade_id))`;

const READ = `
SELECT merchant_id, mch_trade_id, trade_id, pay_type, total_fen, 0 AS trade_state,
  '支付成功, ' || channel_message AS trade_info, facts->>'transaction_id' AS transaction_id,
  facts->'details'->>'bank_type' AS bank_type, reply->>'code_url' AS code_url, request->>'body' AS body,
  request->>'attach' AS attach, notify_url, created_at_ms, expires_at_ms, updated_at_ms,
  (facts->>'paid_at_ms')::bigint AS paid_at_ms
FROM orders WHERE state = 'paid'`;

/** Gives the query reference, in an empty database, the very same paid orders that a gateway's database holds. */
export async function fillQueryReference(gateway_url: string, reference_url: string): Promise<void> {
  const rows = JSON.stringify(await runSql(gateway_url, READ));
  await runSql(reference_url, SCHEMA);
  await runSql(reference_url, 'INSERT INTO orders SELECT o.* FROM json_populate_recordset(NULL::orders, $1::json) o', [
    rows,
  ]);
}
