/** Runs one named test in a scratch copy, and reads what Vitest says of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { NamedTest } from './mutant.ts';

/** What became of a named test. */
export type TestOutcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed'; readonly message: string }
  /** No test was judged: the file could not be loaded or set up, there is no such test, or the run did not end. */
  | { readonly kind: 'broken'; readonly problem: string };

export interface RunOptions {
  /** The scratch copy. */
  readonly folder: string;
  /** The database to clone; null: the run starts a server of its own, from the migrations of the copy. */
  readonly template_url: string | null;
  /** A test that hangs fails after this time. */
  readonly test_timeout_ms: number;
  /** Ends the run before its time. */
  readonly signal: AbortSignal;
}

/** A run that is not over by then is killed: its test did not even notice its own time limit. */
const RUN_TIMEOUT_MS = 90_000;

const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');

/** Runs every test of the file that has the name. */
export async function runTest(test: NamedTest, options: RunOptions): Promise<TestOutcome> {
  const report_file = join(options.folder, 'report.json');
  await rm(report_file, { force: true });
  const run = spawn(process.execPath, [VITEST, ...vitestArguments(test, options, report_file)], {
    cwd: options.folder,
    env: environment(options.template_url),
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own, so that what the test started ends with it.
    detached: true,
  });
  let complaints = '';
  run.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-2_000)));
  const ended = once(run, 'close');
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(RUN_TIMEOUT_MS)]);
  const kill = (): void => killGroup(run.pid);
  limit.addEventListener('abort', kill, { once: true });
  if (limit.aborted) kill();
  await ended;
  limit.removeEventListener('abort', kill);
  if (options.signal.aborted) return { kind: 'broken', problem: 'the run was ended before its time' };
  if (limit.aborted) return { kind: 'broken', problem: `the run did not end within ${RUN_TIMEOUT_MS / 1000} s` };
  const report = await readFile(report_file, 'utf8').catch(() => null);
  return report === null ? { kind: 'broken', problem: `no report: ${complaints.trim()}` } : readOutcome(report);
}

function vitestArguments(test: NamedTest, { test_timeout_ms }: RunOptions, report_file: string): string[] {
  const pattern = (test.row ?? test.name).replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return [
    'run',
    test.file,
    `--testNamePattern=${pattern}`,
    `--testTimeout=${test_timeout_ms}`,
    '--maxWorkers=1',
    '--reporter=json',
    `--outputFile=${report_file}`,
  ];
}

/** Ours, without what a Vitest around us has put there. */
function environment(template_url: string | null): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(
    ([name]) => !/^VITEST|^NODE_ENV$|^(?:DEV|PROD|SSR|MODE|TEST)$/.test(name),
  );
  return { ...Object.fromEntries(ours), ...(template_url !== null && { HELIU_TEST_TEMPLATE_URL: template_url }) };
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

const REPORT = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
});

/** What the code would say that cannot run at all: no assertion has looked at it. */
const NOT_RUNNING = /\b(?:SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND|is not a function|is not a constructor)\b/;

/** Reads Vitest's JSON report of one named test. */
export function readOutcome(report: string): TestOutcome {
  const { success, testResults } = REPORT.parse(JSON.parse(report));
  const tests = testResults.flatMap((file) => file.assertionResults);
  const failed = tests.find((test) => test.status === 'failed');
  if (failed) {
    const message = failed.failureMessages.join('\n');
    if (NOT_RUNNING.test(firstLine(message))) return { kind: 'broken', problem: firstLine(message) };
    return { kind: 'failed', message: firstLine(message) };
  }
  const problem = testResults.map((file) => file.message).find((message) => message !== '');
  if (problem !== undefined) return { kind: 'broken', problem: firstLine(problem) };
  if (!tests.some((test) => test.status === 'passed')) return { kind: 'broken', problem: 'no test has this name' };
  return success ? { kind: 'passed' } : { kind: 'broken', problem: 'an error outside of the test' };
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
}
