import { openDatabase } from '../../gateway/src/storage/database.ts';
import { createJobStore } from '../../gateway/src/storage/jobs.ts';
import type { Bench } from './bench.ts';
import { loadErrors } from './bench.ts';
import { paidNumbers } from './copies/copy-orders.ts';
import type { CopyPlan } from './copies/copy-orders.ts';
import { runSql } from './database-server.ts';
import { Durations } from './figures.ts';
import type { DurationSummary } from './figures.ts';
import type { BenchGateway } from './gateway-program.ts';
import type { LoadReport } from './load.ts';

/** One round on one database: what orders, queries and claims take on it. */

export interface RoundOptions {
  readonly in_flight: number;
  readonly seconds: number;
  readonly warm_up_seconds: number;
  readonly gateway: BenchGateway;
}

/** Orders that are asked for, by turns. */
export const ASKED_FOR = 2_000;
/** Calls a second that the stocks are made for; a run that uses its share up ends earlier. */
const EXPECTED_RATE = 2_000;
/** As the resolver claims. */
const CLAIM = { limit: 8, lease_ms: 30_000 } as const;

/** Tables whose rows grow with the orders. */
export const GROWING: ReadonlySet<string> = new Set([
  'orders',
  'order_events',
  'nonces',
  'refunds',
  'notifications',
  'notification_attempts',
  'jobs',
]);

export type Work = 'orders' | 'queries' | 'claims';
export type Measured = Readonly<Record<Work, DurationSummary & { readonly per_second: number }>>;

/** One of the two databases. */
export interface Side {
  readonly name: 'empty' | 'full';
  readonly plan: CopyPlan;
  /** A database as it is before each round. */
  readonly database: () => Promise<string>;
}

/** The jobs as they were filled in, kept so that every round begins with them. */
export async function keepJobs(database_url: string): Promise<void> {
  await runSql(database_url, 'CREATE TABLE jobs_as_filled AS TABLE jobs');
}

/** Puts them back: no claim, and none of orders that were placed since. */
export async function resetJobs(database_url: string): Promise<void> {
  await runSql(database_url, 'TRUNCATE jobs');
  await runSql(database_url, 'INSERT INTO jobs SELECT * FROM jobs_as_filled');
  await runSql(database_url, 'VACUUM (ANALYZE) jobs');
}

/** Orders and queries through a gateway of its own, then the claims without one. */
export async function measureSide(
  bench: Bench,
  options: RoundOptions,
  side: Side,
  round: number,
  errors: string[],
): Promise<Measured> {
  const { gateway, in_flight, seconds, warm_up_seconds } = options;
  const share = Math.ceil((warm_up_seconds + seconds) * EXPECTED_RATE);
  await bench.discard('scale queries');
  // The full database keeps what earlier rounds placed, so that every round has orders of its own.
  await bench.prepare('scale orders', round * share, gateway.merchant);
  const mch_trade_ids = paidNumbers(side.plan, ASKED_FOR);
  const queries = Math.max(share, 2 * mch_trade_ids.length);
  await bench.prepare('scale queries', queries, gateway.merchant, { kind: 'queries', mch_trade_ids });
  const database_url = await side.database();
  await resetJobs(database_url);
  const program = await gateway.start('all', database_url);
  const closedLoop = async (stock: string, skip: number, duration_s: number): Promise<LoadReport> => {
    await bench.settle(program);
    const { url, platform_public_key } = program;
    const load = await bench.closedLoop({ stock, url, skip, seconds: duration_s, in_flight, platform_public_key });
    errors.push(...loadErrors(`${side.name}, ${stock}`, load));
    return load;
  };
  let orders: LoadReport;
  let asked: LoadReport;
  const before = await readWhole(database_url);
  try {
    const first = (round - 1) * share;
    const warm = await closedLoop('scale orders', first, warm_up_seconds);
    orders = await closedLoop('scale orders', first + warm.sent, seconds);
    const seen = await closedLoop('scale queries', 0, warm_up_seconds);
    asked = await closedLoop('scale queries', seen.sent, seconds);
  } finally {
    await program.stop();
  }
  errors.push(...scanProblems(side.name, before, await readWhole(database_url)));
  const claims = await measureClaims(database_url, side.plan.jobs_due_ms, seconds, errors);
  return { orders: figures(orders), queries: figures(asked), claims };
}

function figures(load: LoadReport): DurationSummary & { readonly per_second: number } {
  const { p50_ms, p99_ms, max_ms } = load;
  return { p50_ms, p99_ms, max_ms, per_second: load.succeeded / load.seconds };
}

/** The resolver's own statement, until the time is over: whenever nothing is left the leases have run out. */
async function measureClaims(
  database_url: string,
  due_ms: number,
  seconds: number,
  errors: string[],
): Promise<DurationSummary & { readonly per_second: number }> {
  await resetJobs(database_url);
  const database = openDatabase({ url: database_url, max_connections: 1 });
  try {
    const jobs = createJobStore(database);
    const durations = new Durations();
    let now_ms = due_ms;
    let claimed = 0;
    const started_ms = performance.now();
    while (performance.now() - started_ms < seconds * 1000) {
      const from_ms = performance.now();
      const found = await jobs.claim('order', now_ms, CLAIM.lease_ms, CLAIM.limit);
      durations.add(performance.now() - from_ms);
      claimed += found.length;
      if (found.length < CLAIM.limit) now_ms += CLAIM.lease_ms;
    }
    if (claimed === 0) errors.push('claims: no job was due');
    return { ...durations.summary(), per_second: durations.count / ((performance.now() - started_ms) / 1000) };
  } finally {
    await database.close();
  }
}

/** How often each table has been read from its first row to its last, by anybody. */
export async function readWhole(database_url: string): Promise<ReadonlyMap<string, number>> {
  const rows = await runSql(database_url, 'SELECT relname, seq_scan::integer AS scans FROM pg_stat_user_tables');
  return new Map(rows.map((row) => [String(row['relname']), Number(row['scans'])]));
}

/** What was read whole between two counts, in a line each. */
export function scanProblems(
  side: Side['name'],
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): readonly string[] {
  return [...GROWING].flatMap((name) => {
    const scans = (after.get(name) ?? 0) - (before.get(name) ?? 0);
    return scans === 0 ? [] : [`${side}: ${name} was read whole ${scans} times while requests were served`];
  });
}
