import { createHash } from 'node:crypto';
import type { Database, Statement } from './database.ts';
import { toJson } from './json.ts';

export interface NewException {
  readonly exception_id: string;
  readonly kind: string;
  /** The same matter raised again counts up instead of filling the queue. */
  readonly dedupe_key: string;
  readonly merchant_id: string | null;
  readonly trade_id: string | null;
  readonly channel: string | null;
  readonly account_id: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly raw_headers: Readonly<Record<string, string>> | null;
  readonly raw_body: string | null;
}

export interface StoredException extends Omit<NewException, 'raw_body'> {
  readonly state: 'open' | 'resolved';
  readonly occurrences: number;
  readonly resolution: string | null;
  readonly resolved_by: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

/** A matter that comes up again is open again, and counted. */
const RAISED_AGAIN = `ON CONFLICT (dedupe_key) DO UPDATE SET state = 'open', resolution = NULL, resolved_by = NULL,
  occurrences = e.occurrences + 1, updated_at_ms = excluded.updated_at_ms`;

/** The columns in which the row of a save carries what it raises. */
export const RAISED_COLUMNS = `exception_id text, exception_kind text, dedupe_key text, exception_channel text,
    exception_account_id text, exception_detail jsonb, exception_raw text`;

/** The part of a save's statement that raises what its row carries: with the change, or not at all. */
export function raisedFrom(rows: string): string {
  return `
  INSERT INTO exceptions AS e (exception_id, kind, dedupe_key, merchant_id, trade_id, channel, account_id, detail, raw_body,
    created_at_ms, updated_at_ms)
  SELECT exception_id, exception_kind, dedupe_key, merchant_id, trade_id, exception_channel, exception_account_id,
    exception_detail, convert_to(exception_raw, 'UTF8'), at_ms, at_ms
  FROM ${rows} WHERE exception_id IS NOT NULL
  ${RAISED_AGAIN}`;
}

/** What RAISED_COLUMNS hold of a matter. */
export function raisedRow(exception: NewException): Record<string, unknown> {
  return {
    exception_id: exception.exception_id,
    exception_kind: exception.kind,
    dedupe_key: storableKey(exception.dedupe_key),
    exception_channel: exception.channel,
    exception_account_id: exception.account_id,
    exception_detail: exception.detail,
    exception_raw: exception.raw_body,
  };
}

const RAISE: Statement = {
  name: 'raise_exception',
  text: `
INSERT INTO exceptions AS e (exception_id, kind, dedupe_key, merchant_id, trade_id, channel, account_id, detail, raw_headers,
  raw_body, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, convert_to($10, 'UTF8'), $11, $11)
${RAISED_AGAIN}`,
};

/** For what is told again and again although nothing new happened: a matter that is closed stays closed. */
const RAISE_ONCE: Statement = {
  name: 'raise_exception_once',
  text: `
INSERT INTO exceptions (exception_id, kind, dedupe_key, merchant_id, trade_id, channel, account_id, detail, raw_headers,
  raw_body, created_at_ms, updated_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, convert_to($10, 'UTF8'), $11, $11)
ON CONFLICT (dedupe_key) DO NOTHING RETURNING exception_id`,
};

const COLUMNS = `exception_id, kind, dedupe_key, merchant_id, trade_id, channel, account_id, detail, raw_headers, state,
  occurrences, resolution, resolved_by, created_at_ms, updated_at_ms`;

const LIST: Statement = {
  name: 'list_exceptions',
  text: `SELECT ${COLUMNS} FROM exceptions WHERE state = $1 AND exception_id > $2 ORDER BY exception_id LIMIT $3`,
};

const BY_ID: Statement = {
  name: 'exception_by_id',
  text: `SELECT ${COLUMNS} FROM exceptions WHERE exception_id = $1`,
};

const RAW: Statement = {
  name: 'exception_raw_body',
  text: `SELECT convert_from(raw_body, 'UTF8') AS raw_body FROM exceptions WHERE exception_id = $1`,
};

const RESOLVE: Statement = {
  name: 'resolve_exception',
  text: `UPDATE exceptions SET state = 'resolved', resolution = $2, resolved_by = $3, updated_at_ms = $4
WHERE exception_id = $1 AND state = 'open' RETURNING exception_id`,
};

/** Bounded: the gauge needs "how many, at most", not an exact number over a table that grows. */
const COUNT_OPEN: Statement = {
  name: 'count_open_exceptions',
  text: `SELECT count(*)::integer AS open FROM (SELECT 1 FROM exceptions WHERE state = 'open' LIMIT 1000) AS counted`,
};

export interface ExceptionStore {
  raise(exception: NewException, now_ms: number): Promise<void>;
  /** Answers false when it is in the queue already, open or closed. */
  raiseOnce(exception: NewException, now_ms: number): Promise<boolean>;
  list(state: 'open' | 'resolved', after_id: string, limit: number): Promise<StoredException[]>;
  byId(exception_id: string): Promise<StoredException | null>;
  /** The callback's bytes as they came, for the operator who has to judge them. */
  rawBody(exception_id: string): Promise<string | null>;
  /** Answers false when there is no open exception of that id. */
  resolve(exception_id: string, resolution: string, resolved_by: string, now_ms: number): Promise<boolean>;
  countOpen(): Promise<number>;
}

/** Opens the exception statements over a database. */
export function createExceptionStore(database: Database): ExceptionStore {
  return {
    async raise(exception, now_ms) {
      await database.query(RAISE, raised(exception, now_ms));
    },
    async raiseOnce(exception, now_ms) {
      return (await database.query(RAISE_ONCE, raised(exception, now_ms))).length === 1;
    },
    list: (state, after_id, limit) => database.query<StoredException>(LIST, [state, after_id, limit]),
    async byId(exception_id) {
      return (await database.query<StoredException>(BY_ID, [exception_id]))[0] ?? null;
    },
    async rawBody(exception_id) {
      return (await database.query<{ raw_body: string | null }>(RAW, [exception_id]))[0]?.raw_body ?? null;
    },
    async resolve(exception_id, resolution, resolved_by, now_ms) {
      return (await database.query(RESOLVE, [exception_id, resolution, resolved_by, now_ms])).length === 1;
    },
    async countOpen() {
      return (await database.query<{ open: number }>(COUNT_OPEN, []))[0]?.open ?? 0;
    },
  };
}

/** An index of PostgreSQL takes 2704 bytes, and no NUL. */
const MAX_KEY_CHARACTERS = 400;

/** Numbers of channels stand in keys: what could not be stored is told apart by its digest. */
function storableKey(key: string): string {
  if (key.length <= MAX_KEY_CHARACTERS && !key.includes('\0')) return key;
  const digest = createHash('sha256').update(key).digest('hex');
  return `${key.slice(0, MAX_KEY_CHARACTERS).replaceAll('\0', '\uFFFD')} ${digest}`;
}

function raised(exception: NewException, now_ms: number): unknown[] {
  return [
    exception.exception_id,
    exception.kind,
    storableKey(exception.dedupe_key),
    exception.merchant_id,
    exception.trade_id,
    exception.channel,
    exception.account_id,
    toJson(exception.detail),
    exception.raw_headers === null ? null : toJson(exception.raw_headers),
    exception.raw_body?.replaceAll('\0', '\uFFFD') ?? null,
    now_ms,
  ];
}
