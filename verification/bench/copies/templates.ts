import { text } from 'node:stream/consumers';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Fate, SampleOrder } from './samples.ts';

/** The rows of a sample order, as lines for COPY with gaps where a copy has numbers and times of its own. */

/** Every table in which an order leaves rows, with the question for those of one order, in an order that foreign keys allow. */
export const COPIED_TABLES = {
  orders: 't.trade_id = $1',
  order_events: 't.trade_id = $1',
  refunds: 't.trade_id = $1',
  notifications: 't.trade_id = $1',
  notification_attempts: 't.notification_id IN (SELECT notification_id FROM notifications WHERE trade_id = $1)',
  jobs: 't.subject_id = $1',
} as const;

export type CopiedTable = keyof typeof COPIED_TABLES;

export type Gap =
  | { readonly kind: 'merchant_id' | 'trade_id' | 'mch_trade_id' | 'job_due' }
  /** Another 24 hex characters: a notification, a refund, a nonce. The same index is the same one. */
  | { readonly kind: 'id'; readonly index: number }
  /** A number of the channel: so many digits. */
  | { readonly kind: 'digits'; readonly index: number; readonly length: number }
  /** A time, by its distance from the order's creation. */
  | { readonly kind: 'time'; readonly after_ms: number };

export interface LineTemplate {
  /** One more than the gaps, which lie between them. */
  readonly pieces: readonly string[];
  readonly gaps: readonly Gap[];
}

export interface OrderTemplate {
  readonly fate: Fate;
  readonly lines: Readonly<Record<CopiedTable, readonly LineTemplate[]>>;
}

/** The columns of each table that COPY writes: all but those that the database numbers itself. */
export type Columns = Readonly<Record<CopiedTable, readonly string[]>>;

const TABLES = Object.keys(COPIED_TABLES) as readonly CopiedTable[];

/** Times farther from the creation than this are none of the order's. */
const LIFETIME_MS = 86_400_000 * 30;

/** Reads what the gateway wrote about the sample orders. */
export async function readTemplates(
  database_url: string,
  samples: readonly SampleOrder[],
): Promise<{ readonly columns: Columns; readonly templates: readonly OrderTemplate[] }> {
  const client = new pg.Client({ connectionString: database_url });
  await client.connect();
  try {
    const columns = await eachTable((table) => columnsOf(client, table));
    const templates: OrderTemplate[] = [];
    for (const sample of samples) {
      const lines = await eachTable((table) => linesOf(client, table, columns[table], sample));
      templates.push(template(sample, lines));
    }
    return { columns, templates };
  } finally {
    await client.end();
  }
}

/** One after the other: they share a connection. */
async function eachTable<Value>(
  read: (table: CopiedTable) => Promise<Value>,
): Promise<Readonly<Record<CopiedTable, Value>>> {
  const entries: [CopiedTable, Value][] = [];
  for (const table of TABLES) entries.push([table, await read(table)]);
  return Object.fromEntries(entries) as Record<CopiedTable, Value>;
}

async function columnsOf(client: pg.Client, table: CopiedTable): Promise<readonly string[]> {
  const { rows } = await client.query<{ column_name: string }>(
    `SELECT column_name FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'NO' AND is_generated = 'NEVER'
     ORDER BY ordinal_position`,
    [table],
  );
  return rows.map((row) => row.column_name);
}

async function linesOf(
  client: pg.Client,
  table: CopiedTable,
  columns: readonly string[],
  sample: SampleOrder,
): Promise<readonly string[]> {
  // COPY takes no parameters; the number is one of ours, 24 hex characters.
  if (!/^[0-9a-f]{24}$/.test(sample.trade_id)) throw new Error('a sample order has a number of another form');
  const where = COPIED_TABLES[table].replaceAll('$1', `'${sample.trade_id}'`);
  const select = `SELECT ${columns.map((column) => `t."${column}"`).join(', ')} FROM ${table} t WHERE ${where}`;
  const lines = await text(client.query(copyTo(`COPY (${select}) TO STDOUT`)));
  return lines.split('\n').filter((line) => line !== '');
}

function template(sample: SampleOrder, lines: Readonly<Record<CopiedTable, readonly string[]>>): OrderTemplate {
  const indexes = new Map<string, number>();
  const read = (table: CopiedTable): readonly LineTemplate[] =>
    lines[table].map((line) => lineTemplate(sample, line, table === 'jobs', indexes));
  const made = Object.fromEntries(TABLES.map((table) => [table, read(table)]));
  return { fate: sample.fate, lines: made as Record<CopiedTable, readonly LineTemplate[]> };
}

/** What may have to be another in a copy: 24 hex characters, 16 or 28 digits, milliseconds, and the merchant's number. */
const TOKEN = /\b[0-9a-f]{24}\b|\b\d{28}\b|\b\d{16}\b|\b\d{13}\b|bench\.[0-9a-f]+\.\d+/g;

function lineTemplate(sample: SampleOrder, line: string, is_job: boolean, indexes: Map<string, number>): LineTemplate {
  const created_ms = Number.parseInt(sample.trade_id.slice(0, 8), 16) * 1000;
  const indexOf = (token: string): number => {
    const known = indexes.get(token) ?? indexes.size;
    indexes.set(token, known);
    return known;
  };
  const gapFor = (token: string): Gap | null => {
    if (token === sample.merchant_id) return { kind: 'merchant_id' };
    if (token === sample.trade_id) return { kind: 'trade_id' };
    if (token === sample.mch_trade_id) return { kind: 'mch_trade_id' };
    if (token.length === 24) return { kind: 'id', index: indexOf(token) };
    if (token.length === 28) return { kind: 'digits', index: indexOf(token), length: token.length };
    const after_ms = Number(token) - created_ms;
    if (token.length !== 13 || Math.abs(after_ms) > LIFETIME_MS) return null;
    return is_job ? { kind: 'job_due' } : { kind: 'time', after_ms };
  };
  const pieces: string[] = [];
  const gaps: Gap[] = [];
  let from = 0;
  for (const match of line.matchAll(TOKEN)) {
    const gap = gapFor(match[0]);
    if (gap === null) continue;
    pieces.push(line.slice(from, match.index));
    gaps.push(gap);
    from = match.index + match[0].length;
  }
  pieces.push(`${line.slice(from)}\n`);
  return { pieces, gaps };
}
