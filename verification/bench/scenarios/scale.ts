import type { Bench } from '../bench.ts';
import { copyOrders, paidNumbers } from '../copies/copy-orders.ts';
import type { Copied, CopyPlan } from '../copies/copy-orders.ts';
import { makeOriginals } from '../copies/filler.ts';
import type { Originals } from '../copies/filler.ts';
import { runSql } from '../database-server.ts';
import { atMost, median } from '../figures.ts';
import { shown, table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';
import { explainRequests } from '../request-plans.ts';
import type { StatementPlan } from '../request-plans.ts';
import { ASKED_FOR, GROWING, keepJobs, measureSide, resetJobs } from '../scale-round.ts';
import type { Measured, RoundOptions, Side, Work } from '../scale-round.ts';

/**
 * What millions of stored orders cost: orders, queries and the claims of the resolver on a full database, beside the same on
 * one that holds next to nothing. Both have the same number of undecided orders with their jobs.
 */

export interface ScaleOptions extends RoundOptions {
  /** Stored orders. */
  readonly rows: number;
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

const DAY_MS = 86_400_000;
/** Orders whose payer takes his time: as many as a day of full work leaves, however long the history is. */
const MOST_UNDECIDED = 10_000;
const PROGRESS_EVERY_MS = 10_000;

/** No statement of a request or a claim has to take more rows than this from anywhere. */
const MOST_ROWS = 2_000;

interface Round {
  readonly empty: Measured;
  readonly full: Measured;
}

export async function measureScale(bench: Bench, options: ScaleOptions): Promise<ScenarioReport> {
  const { gateway } = options;
  const originals = await makeOriginals(bench, gateway);
  const full_plan = fullPlan(options);
  const full_url = await gateway.freshDatabase('filled');
  const copied = await fill(full_url, originals, full_plan, options.progress);
  await bench.server.checkpoint();
  const bytes = Number((await runSql(full_url, 'SELECT pg_database_size(current_database()) AS bytes'))[0]?.['bytes']);
  const empty_plan = emptyPlan(full_plan);
  const sides: readonly Side[] = [
    {
      name: 'empty',
      plan: empty_plan,
      database: async () => {
        const url = await gateway.freshDatabase('gateway');
        await copyOrders(url, originals, empty_plan, () => undefined);
        await keepJobs(url);
        return url;
      },
    },
    { name: 'full', plan: full_plan, database: () => Promise.resolve(full_url) },
  ];
  await keepJobs(full_url);
  const errors: string[] = [];
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const measured: Partial<Record<Side['name'], Measured>> = {};
    for (const side of sides) {
      measured[side.name] = await measureSide(bench, options, side, round, errors);
      options.progress(`round ${round}, ${side.name}: ${describe(measured[side.name])}`);
    }
    if (measured.empty && measured.full) rounds.push({ empty: measured.empty, full: measured.full });
  }
  await resetJobs(full_url);
  const paid = paidNumbers(full_plan, 1)[0] ?? '';
  const plans = await explainRequests(bench, gateway, full_url, paid, full_plan.jobs_due_ms);
  errors.push(...planProblems(plans));
  return report(options, { copied, bytes, rounds, plans, errors });
}

/** Shares as a shop has them: a quarter of the codes is never paid, one payment in twenty goes back. */
function fullPlan({ rows, gateway }: ScaleOptions): CopyPlan {
  const now_ms = Date.now();
  const undecided = Math.min(MOST_UNDECIDED, Math.max(1, Math.floor(rows / 100)));
  return {
    orders: rows - undecided,
    shares: { paid: 0.71, refunded: 0.04, closed: 0.25 },
    undecided,
    // Nobody resolves them while orders and queries are measured; a claim is told that this time has come.
    jobs_due_ms: now_ms + 10 * DAY_MS,
    merchant_id: gateway.merchant.merchant_id,
    merchant_every: 20,
    // Within the year for refunds: a payment older than that is asked for as finished, not as paid.
    first_ms: now_ms - 360 * DAY_MS,
    last_ms: now_ms - DAY_MS,
  };
}

/** What has to be there for the same work: the orders that are asked for, and the undecided ones. */
function emptyPlan(full: CopyPlan): CopyPlan {
  const orders = Math.min(ASKED_FOR, paidNumbers(full, ASKED_FOR).length);
  return { ...full, orders, shares: { paid: 1 }, merchant_every: 1 };
}

async function fill(
  database_url: string,
  originals: Originals,
  plan: CopyPlan,
  progress: (line: string) => void,
): Promise<Copied> {
  const started_ms = performance.now();
  let said_ms = started_ms;
  const copied = await copyOrders(database_url, originals, plan, (name, rows, of) => {
    const now_ms = performance.now();
    if (now_ms - said_ms < PROGRESS_EVERY_MS) return;
    said_ms = now_ms;
    const rate = rows / ((now_ms - started_ms) / 1000);
    const left_s = Math.max(0, of - rows) / rate;
    progress(
      `filling ${name}: ${millions(rows)} of ${millions(of)} rows, ${shown(rate, 0)}/s, ${shown(left_s, 0)} s left`,
    );
  });
  progress(`${millions(copied.rows)} rows in ${shown(copied.seconds, 0)} s`);
  return copied;
}

function millions(rows: number): string {
  return rows < 1e6 ? String(rows) : `${(rows / 1e6).toFixed(1)} million`;
}

/** What is wrong with the plans, in a line each. */
export function planProblems(plans: readonly StatementPlan[]): readonly string[] {
  return plans.flatMap(({ statement, read_whole, most_rows_read }) => [
    ...read_whole.filter((name) => GROWING.has(name)).map((name) => `${statement} reads ${name} whole`),
    ...(most_rows_read > MOST_ROWS ? [`${statement} takes ${most_rows_read} rows in one step`] : []),
  ]);
}

function describe(measured: Measured | undefined): string {
  if (measured === undefined) return '';
  return Object.entries(measured)
    .map(([work, one]) => `${work} p50 ${shown(one.p50_ms, 1)} p99 ${shown(one.p99_ms, 1)} ms`)
    .join(', ');
}

interface Found {
  readonly copied: Copied;
  readonly bytes: number;
  readonly rounds: readonly Round[];
  readonly plans: readonly StatementPlan[];
  readonly errors: readonly string[];
}

function report(options: ScaleOptions, { copied, bytes, rounds, plans, errors }: Found): ScenarioReport {
  const works: readonly Work[] = ['orders', 'queries', 'claims'];
  const rows = works.map((work) => {
    const of = (side: 'empty' | 'full', figure: 'p50_ms' | 'p99_ms'): number =>
      median(rounds.map((round) => round[side][work][figure]));
    const ratio = (figure: 'p50_ms' | 'p99_ms'): number =>
      median(rounds.map((round) => round.full[work][figure] / round.empty[work][figure]));
    return {
      work,
      empty: { p50_ms: of('empty', 'p50_ms'), p99_ms: of('empty', 'p99_ms') },
      full: { p50_ms: of('full', 'p50_ms'), p99_ms: of('full', 'p99_ms') },
      p50_ratio: ratio('p50_ms'),
      p99_ratio: ratio('p99_ms'),
    };
  });
  return {
    scenario: 'scale',
    figures: { rows: options.rows, copied, bytes, in_flight: options.in_flight, medians: rows, rounds, plans },
    table: [
      `${options.rows.toLocaleString('en')} orders, ${millions(copied.rows)} rows, ${shown(bytes / 1e9, 1)} GB, filled in ${shown(copied.seconds, 0)} s`,
      ...table(
        ['', 'p50 empty', 'p50 full', 'p99 empty', 'p99 full', 'p50 ratio', 'p99 ratio'],
        rows.map((row) => [
          row.work,
          shown(row.empty.p50_ms, 2),
          shown(row.full.p50_ms, 2),
          shown(row.empty.p99_ms, 2),
          shown(row.full.p99_ms, 2),
          shown(row.p50_ratio, 2),
          shown(row.p99_ratio, 2),
        ]),
      ),
      '',
      ...table(
        ['statement', 'most rows', 'indexes'],
        plans.map((plan) => [plan.statement, String(plan.most_rows_read), plan.indexes.join(' ')]),
      ),
    ],
    verdicts: rows.map((row) => atMost(`p99 of ${row.work}, full by empty`, row.p99_ratio, 1.3)),
    errors,
  };
}
