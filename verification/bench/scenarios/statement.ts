import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { migrate } from '../../../gateway/src/storage/migrate.ts';
import { camt053 } from '../../../simulators/src/bank/camt.ts';
import type { AccountEntry } from '../../../simulators/src/bank/records.ts';
import { startChild } from '../child.ts';
import { startBenchServer } from '../database-server.ts';
import { atMost, median } from '../figures.ts';
import { shown, table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';
import type { StatementRun, StatementRunReport } from '../statement-reader.ts';

/**
 * The end of a day: a camt.053 of a hundred thousand entries, taken as the gateway's job takes it: looked through to its end,
 * then compared with books of as many credits, with some differences that must all be found.
 */

export interface StatementOptions {
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

const ENTRIES = 100_000;
/** What the bank has and we have not, the other way round, and what both have differently. */
const MISSING_HERE = 10;
const MISSING_THERE = 7;
const AMOUNT_DIFFERS = 3;
const TARGET_SECONDS = 20;
const TARGET_MIB = 300;
const ACCOUNT_ID = 'bank-bench';
const SETTLEMENT_ACCOUNT = '6226090000000001';
const DAY = '2026-04-12';
const AMOUNT_FEN = 7_622;
const MEGABYTE = 1e6;
/** What `heliu serve` gives its own process. */
const AS_HELIU_SERVE = { NODE_OPTIONS: '--max-semi-space-size=8' } as const;

export async function measureStatement(options: StatementOptions): Promise<ScenarioReport> {
  const folder = await mkdtemp(join(tmpdir(), 'heliu-statement-'));
  const server = await startBenchServer();
  try {
    const path = join(folder, 'statement.xml');
    await writeStatement(path);
    const megabytes = (await stat(path)).size / MEGABYTE;
    options.progress(`${ENTRIES} entries, ${shown(megabytes, 0)} MB`);
    const runs: StatementRunReport[] = [];
    const errors: string[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      const database_url = await server.freshDatabase('statement');
      await fillBooks(database_url);
      await server.checkpoint();
      const run = await readOnce({
        database_url,
        path,
        account_id: ACCOUNT_ID,
        settlement_account: SETTLEMENT_ACCOUNT,
      });
      errors.push(...wrong(run));
      runs.push(run);
      options.progress(`round ${round}: ${shown(run.seconds, 1)} s, ${shown(run.peak_mib, 0)} MiB at most`);
    }
    return report(runs, megabytes, errors);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** In a process of its own, whose memory is nobody else's. */
async function readOnce(command: StatementRun): Promise<StatementRunReport> {
  const reader = await startChild(new URL('../statement-reader.ts', import.meta.url), AS_HELIU_SERVE);
  try {
    return await reader.call<StatementRunReport>('run', command);
  } finally {
    await reader.stop();
  }
}

function* entries(): Generator<AccountEntry, void, void> {
  const began_ms = Date.parse(`${DAY}T00:00:01+08:00`);
  for (let number = 1; number <= ENTRIES; number += 1) {
    yield {
      reference: `B${DAY.replaceAll('-', '')}${String(number).padStart(12, '0')}`,
      direction: 'CRDT',
      reversal: false,
      return_reason: null,
      fund_acc: `9902${String(number * 2).padStart(12, '0')}`,
      amount: AMOUNT_FEN,
      currency: 'CNY',
      party: {
        name: `广州第${number}贸易有限公司`,
        account: `622202${String(number).padStart(10, '0')}`,
        bank: '中国工商银行广州分行',
      },
      booked_at_ms: began_ms + number * 800,
      end_to_end_id: `E2E${number}`,
      remittance: `货款 第 ${number} 号合同`,
      original_reference: null,
    };
  }
}

async function writeStatement(path: string): Promise<void> {
  const context = {
    version: '08',
    message_id: 'BENCH1',
    created_at_ms: Date.parse(`${DAY}T23:30:00+08:00`),
    settlement_account: SETTLEMENT_ACCOUNT,
    fund_acc_name: '合流',
  } as const;
  const totals = { credits: ENTRIES, credits_fen: ENTRIES * AMOUNT_FEN, debits: 0, debits_fen: 0 };
  const pieces = camt053(context, { id: 'BENCH1', day: DAY, opening_fen: 0, totals }, entries());
  await pipeline(Readable.from(pieces, { objectMode: true }), createWriteStream(path));
}

/** Our books of that day: as many credits as the bank has, but for the differences. */
async function fillBooks(database_url: string): Promise<void> {
  await migrate(database_url);
  const client = new pg.Client({ connectionString: database_url });
  await client.connect();
  try {
    const day = DAY.replaceAll('-', '');
    await client.query(
      `INSERT INTO bank_credits (account_id, reference, number, amount_fen, currency, booked_on, heard_by, heard_at_ms, state, updated_at_ms)
       SELECT $1, 'B${day}' || lpad(n::text, 12, '0'), '9902' || lpad((n * 2)::text, 12, '0'),
         CASE WHEN n <= $3 THEN ${AMOUNT_FEN + 1} ELSE ${AMOUNT_FEN} END, 'CNY', '${DAY}', 'push', n, 'paid', n
       FROM generate_series(1, $2::integer) AS n`,
      [ACCOUNT_ID, ENTRIES - MISSING_HERE, AMOUNT_DIFFERS],
    );
    await client.query(
      `INSERT INTO bank_credits (account_id, reference, number, amount_fen, currency, booked_on, heard_by, heard_at_ms, state, updated_at_ms)
       SELECT $1, 'OURS' || n, '9902000000000002', ${AMOUNT_FEN}, 'CNY', '${DAY}', 'push', n, 'paid', n
       FROM generate_series(1, $2::integer) AS n`,
      [ACCOUNT_ID, MISSING_THERE],
    );
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}

function wrong({ outcome, entries: read, counts }: StatementRunReport): string[] {
  const expected = { missing_here: MISSING_HERE, missing_there: MISSING_THERE, amount_differs: AMOUNT_DIFFERS };
  if (outcome !== 'done' || read !== ENTRIES) return [`${outcome}: ${read} of ${ENTRIES} entries were read`];
  const same = isDeepStrictEqual(counts, expected);
  return same ? [] : [`found ${JSON.stringify(counts)} instead of ${JSON.stringify(expected)}`];
}

function report(runs: readonly StatementRunReport[], megabytes: number, errors: readonly string[]): ScenarioReport {
  const seconds = median(runs.map((run) => run.seconds));
  const peak_mib = median(runs.map((run) => run.peak_mib));
  const before_mib = median(runs.map((run) => run.before_mib));
  return {
    scenario: 'statement',
    figures: { entries: ENTRIES, megabytes, seconds, peak_mib, before_mib, runs },
    table: table(
      ['a day of 100,000 entries', ''],
      [
        ['file, MB', shown(megabytes, 0)],
        ['seconds', shown(seconds, 1)],
        ['entries/s', shown(ENTRIES / seconds, 0)],
        ['memory before, MiB', shown(before_mib, 0)],
        ['memory at most, MiB', shown(peak_mib, 0)],
      ],
    ),
    verdicts: [atMost('seconds', seconds, TARGET_SECONDS), atMost('memory, MiB', peak_mib, TARGET_MIB)],
    errors,
  };
}
