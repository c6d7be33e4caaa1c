/**
 * `npm test [-- <vitest arguments>]`: runs Vitest and ends with one line, `N passed, N failed`, also when the run broke
 * down before or between tests. The exit code is 0 only when nothing failed. Before that line stand the demos that could
 * not be run because their language is not on this machine and could not be installed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installRuntimes } from '../verification/runtimes.ts';

const DEMOS_TEST = 'verification/test/demos.test.ts';

const filters = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const runs_demos = filters.length === 0 || filters.some((filter) => DEMOS_TEST.includes(filter.replace(/^\.\//, '')));
const missing = runs_demos ? installRuntimes() : [];

const folder = await mkdtemp(join(tmpdir(), 'heliu-test-report-'));
const report_file = join(folder, 'report.json');

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report_file}`];
const run = spawn(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' });
// Ctrl-C reaches Vitest by the terminal; we stay to tell the result.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => run.kill(signal));
await once(run, 'close');

const text = await readFile(report_file, 'utf8').catch(() => null);
const passed = countOf('numPassedTests');
const reported_failures = countOf('numFailedTests');
await rm(folder, { recursive: true });

const succeeded = run.exitCode === 0 && text !== null;
// An error outside of any test fails the run although no test failed: it counts as one.
const failed = succeeded ? reported_failures : Math.max(1, reported_failures);
for (const { demo, name, packages } of missing) {
  const why = packages.length === 0 ? 'is not in Debian' : `could not be installed (${packages.join(' ')})`;
  process.stdout.write(`not run: ${demo}, because ${name} is not on this machine and ${why}\n`);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = succeeded ? 0 : 1;

/** A figure of Vitest's JSON report; 0 when there is no report. */
function countOf(name: string): number {
  const report: unknown = text === null ? {} : JSON.parse(text);
  const value: unknown = typeof report === 'object' && report !== null ? Reflect.get(report, name) : 0;
  return typeof value === 'number' ? value : 0;
}
