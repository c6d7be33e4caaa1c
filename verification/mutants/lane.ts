/** One place to plant bugs in: a copy of the repository, a database server, and one run at a time. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { startTemplateServer } from '../template-server.ts';
import { mutate, StaleMutant, type Mutant, type NamedTest } from './mutant.ts';
import { runTest, type TestOutcome } from './run-test.ts';
import { makeScratchCopy } from './scratch-copy.ts';

/** What became of a planted bug. `error`: the mutant proves nothing as it is, and has to be mended. */
export interface Verdict {
  readonly kind: 'caught' | 'survived' | 'error';
  readonly why: string;
}

/** What a test does without any bug. */
export interface Proof {
  /** Why its failure would prove nothing; null: it passes. */
  readonly problem: string | null;
  /** It sends statements on purpose that PostgreSQL cannot read. */
  readonly sends_bad_statements: boolean;
  readonly took_ms: number;
}

export interface Lane {
  /** The copy. */
  readonly folder: string;
  /** Runs a test on the source as it is. */
  prove(test: NamedTest): Promise<Proof>;
  /** Plants the bug, runs its test, and takes the bug out again. */
  judge(mutant: Mutant, proof: Proof): Promise<Verdict>;
  close(): Promise<void>;
}

/** A test on the source as it is gets what Vitest gives it elsewhere. */
const CLEAN_TIMEOUT_MS = 20_000;

/** A planted bug that hangs its test is given up after so many times what the run took without it, within these bounds. */
const PATIENCE = { times: 4, least_ms: 5_000, most_ms: 20_000 } as const;

const MIGRATIONS = 'gateway/src/storage/migrations/';

/**
 * Makes a lane.
 * @param folder where the copy is made; it must not exist
 */
export async function openLane(folder: string, signal: AbortSignal): Promise<Lane> {
  await makeScratchCopy(folder);
  const refused: string[] = [];
  const server = await startTemplateServer((line) => {
    if (/^42\w{3} /.test(line)) refused.push(line);
  });
  await nameSqlStates(server.template_url);

  const run = async (test: NamedTest, test_timeout_ms: number, template_url: string | null): Promise<TestOutcome> => {
    refused.length = 0;
    return runTest(test, { folder, template_url, test_timeout_ms, signal });
  };
  return {
    folder,
    async prove(test) {
      const started_ms = performance.now();
      const outcome = await run(test, CLEAN_TIMEOUT_MS, server.template_url);
      const took_ms = performance.now() - started_ms;
      return { problem: problemOf(outcome), sends_bad_statements: refused.length > 0, took_ms };
    },
    async judge(mutant, proof) {
      return planted(folder, mutant, async () => {
        const patience_ms = Math.round(
          Math.min(PATIENCE.most_ms, Math.max(PATIENCE.least_ms, PATIENCE.times * proof.took_ms)),
        );
        const template_url = mutant.file.startsWith(MIGRATIONS) ? null : server.template_url;
        const outcome = await run(mutant.caught_by.test, patience_ms, template_url);
        // Every test fails when a statement cannot be: that says nothing about the guard.
        const [bad_statement] = proof.sends_bad_statements ? [] : refused;
        if (bad_statement !== undefined) return { kind: 'error', why: `PostgreSQL cannot read it: ${bad_statement}` };
        return verdictOf(outcome);
      });
    },
    close: () => server.stop(),
  };
}

function problemOf(outcome: TestOutcome): string | null {
  if (outcome.kind === 'passed') return null;
  return outcome.kind === 'broken'
    ? `its test does not run: ${outcome.problem}`
    : `its test fails without it: ${outcome.message}`;
}

/** One test, however many mutants name it. */
export function keyOf(test: NamedTest): string {
  return `${test.file} ${test.row ?? test.name}`;
}

function verdictOf(outcome: TestOutcome): Verdict {
  switch (outcome.kind) {
    case 'failed':
      return { kind: 'caught', why: outcome.message };
    case 'passed':
      return { kind: 'survived', why: 'its test passes' };
    case 'broken':
      return { kind: 'error', why: `it does not run: ${outcome.problem}` };
  }
}

async function planted(folder: string, mutant: Mutant, look: () => Promise<Verdict>): Promise<Verdict> {
  const path = join(folder, mutant.file);
  const text = await readFile(path, 'utf8');
  try {
    await writeFile(path, mutate(mutant, text));
    return await look();
  } catch (error) {
    if (!(error instanceof StaleMutant)) throw error;
    return { kind: 'error', why: error.message };
  } finally {
    await writeFile(path, text);
  }
}

/** Lets the server begin its lines with the SQLSTATE, by which a statement that cannot be is told from one that was refused. */
async function nameSqlStates(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("ALTER SYSTEM SET log_line_prefix = '%e '");
    await client.query('SELECT pg_reload_conf()');
  } finally {
    await client.end();
  }
}
