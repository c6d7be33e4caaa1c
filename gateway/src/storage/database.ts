import pg from 'pg';
import { DatabaseUnavailable } from '../domain/unavailable.ts';

/** One named statement: the name makes PostgreSQL keep its plan (measured: 7,600 against 6,000 commits/s). */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/**
 * The database as storage sees it: one statement, one round trip, one commit. Every write of Heliu is a single statement
 * whose parts succeed or fail together, so no transaction is ever open across anything else.
 */
export interface Database {
  query<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

const INT8_OID = 20;

/** Amounts and times are safe integers by construction (CHECKs, MAX_FEN), so bigint columns are read as numbers. */
const types = new pg.TypeOverrides();
types.setTypeParser(INT8_OID, (text: string) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('bigint column beyond the safe integer range');
  return value;
});

export interface DatabaseOptions {
  readonly url: string;
  readonly max_connections: number;
  /** For statements whose loss in a power cut does no harm (a query's nonce): do not wait for the disk. */
  readonly relaxed_durability?: boolean;
  readonly statement_timeout_ms?: number;
}

/**
 * Every statement of ours finds its rows by an index. A plan that PostgreSQL made and kept while a table was still empty would
 * say otherwise (scan it, hash it), and grow tenfold in cost within thousands of orders: so plans go by rule, not by statistics.
 */
const PLANNING = '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off';

const MAX_ATTEMPTS = 5;

/** Something that executes one named statement as a transaction of its own: a pool, or what stands in for one. */
export interface Connections {
  /** Throws what the driver throws. */
  execute(statement: Statement, values: readonly unknown[]): Promise<unknown[]>;
  close(): Promise<void>;
}

/** What every session of ours is told when it begins, as far as it decides what a statement does. */
export function sessionSettings(relaxed_durability = false): Pick<pg.ClientConfig, 'types' | 'options'> {
  return { types, options: relaxed_durability ? `${PLANNING} -c synchronous_commit=off` : PLANNING };
}

/** The database over connections: what PostgreSQL rolled back is sent again, and what is no error of a statement has one name. */
export function createDatabase(connections: Connections): Database {
  return {
    async query<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return (await connections.execute(statement, values)) as Row[];
        } catch (error) {
          // Rolled back whole, so that it may simply be sent again: each statement is a transaction of its own.
          if (attempt < MAX_ATTEMPTS && RETRYABLE_SQLSTATES.has(sqlState(error) ?? '')) continue;
          throw asDatabaseError(error);
        }
      }
    },
    close: () => connections.close(),
  };
}

/** Above the statement timeout: after it a connection counts as lost and is replaced. */
const SILENT_SERVER_MS = 20_000;

/** Opens a pool. Nothing is connected until the first query, so that start order does not matter. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max_connections,
    ...sessionSettings(options.relaxed_durability),
    connectionTimeoutMillis: 5_000,
    // The server's own limit ends a slow statement; this one ends the wait for a server that has gone silent.
    query_timeout: SILENT_SERVER_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: options.statement_timeout_ms ?? 15_000,
    idle_in_transaction_session_timeout: 15_000,
    application_name: 'heliu',
  });
  // An idle connection that breaks is replaced by the pool; without a listener the process would end.
  pool.on('error', () => undefined);
  return createDatabase({
    async execute({ name, text }, values) {
      return (await pool.query({ name, text, values: [...values] })).rows as unknown[];
    },
    close: () => pool.end(),
  });
}

/**
 * SQLSTATE classes 08 (connection), 57P0x (shutdown), 53 (no disk, memory or connection left), 58 (the system failed), and
 * everything that is no SQL error.
 */
function asDatabaseError(error: unknown): unknown {
  const code = sqlState(error);
  if (code === null) return new DatabaseUnavailable('the database cannot be reached', { cause: error });
  if (UNAVAILABLE_SQLSTATES.test(code)) {
    return new DatabaseUnavailable('the database is not available', { cause: error });
  }
  return error;
}

const UNAVAILABLE_SQLSTATES = /^(?:08|57P0|53|58)/;

/** The SQLSTATE of a PostgreSQL error, or null for any other error. */
export function sqlState(error: unknown): string | null {
  if (error instanceof pg.DatabaseError && typeof error.code === 'string') return error.code;
  return null;
}

/** SQLSTATE of a row whose key is taken. */
export const UNIQUE_VIOLATION = '23505';

/** Serialization failure and deadlock: two nodes wrote the same rows in another order, and PostgreSQL rolled one of them back. */
const RETRYABLE_SQLSTATES: ReadonlySet<string> = new Set(['40001', '40P01']);
