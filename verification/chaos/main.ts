/** `npm run chaos`: see README.md beside this file. */
import { rm } from 'node:fs/promises';
import { readArguments, USAGE, UsageProblem, type ChaosArguments } from './arguments.ts';
import { randomFrom } from './random.ts';
import { resultLines, table, violationLines } from './report.ts';
import { runScenario, type Result } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Tally } from './tally.ts';
import { makeHome, startWorld, type World } from './world.ts';
import { outliveReader } from '../reader.ts';

outliveReader();

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The exit code of a run that was interrupted. */
const INTERRUPTED = 130;

/** Timelines shown of the orders of one scenario. */
const MOST_TIMELINES = 3;

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2));
  if (options.shows !== null) {
    say(options.shows === 'help' ? USAGE.trimEnd() : SCENARIOS.map((one) => `${one.name}: ${one.about}`).join('\n'));
    return 0;
  }
  say(`seed ${options.seed}`);
  const interrupted = interruption();
  const home = await makeHome();
  let keeps_logs = true;
  try {
    say('starting PostgreSQL, simulators and two nodes …');
    const world = await startWorld(home);
    let results: Result[] | null;
    try {
      results = await untilInterrupted(interrupted, () => runAll(world, options));
    } finally {
      await world.close();
    }
    if (results === null) {
      keeps_logs = options.keeps_logs;
      return INTERRUPTED;
    }
    say('', ...table(results));
    const violated = results.filter((one) => one.violations.length > 0);
    keeps_logs = options.keeps_logs || violated.length > 0;
    const again = violated.map(({ scenario }) => ` --scenario ${scenario}`).join('');
    say(violated.length === 0 ? 'nothing was violated' : `again: npm run chaos -- --seed ${options.seed}${again}`);
    return violated.length === 0 ? 0 : 1;
  } finally {
    if (keeps_logs) say(`logs: ${home}`);
    else await rm(home, { recursive: true, force: true });
  }
}

/** Resolves when somebody wants an end. What is being started then is started, so that it can be ended in order. */
async function interruption(): Promise<null> {
  const interrupted = Promise.withResolvers<null>();
  for (const signal of SIGNALS) process.once(signal, () => interrupted.resolve(null));
  await interrupted.promise;
  say('interrupted: cleaning up …');
  return null;
}

/** Null when interrupted; what runs is then left to itself, and ends with the world. */
async function untilInterrupted<Value>(interrupted: Promise<null>, run: () => Promise<Value>): Promise<Value | null> {
  const running = run();
  running.catch(() => undefined);
  return Promise.race([interrupted, running]);
}

async function runAll(world: World, options: ChaosArguments): Promise<Result[]> {
  const random = randomFrom(options.seed);
  const until_ms = performance.now() + (options.minutes ?? 0) * 60_000;
  const results: Result[] = [];
  const tallies: Tally[] = [];
  const reported = new Set<string>();
  let round = 0;
  do {
    for (const scenario of random.shuffled(options.scenarios)) {
      const number = results.length + 1;
      say(`… ${scenario.name}`);
      const run = { seed: options.seed + round, name: `chaos${number}`, before: tallies };
      results.push(await runOne(world, scenario, run, tallies, reported));
    }
    round += 1;
  } while (performance.now() < until_ms);
  return results;
}

async function runOne(
  world: World,
  scenario: Scenario,
  run: Parameters<typeof runScenario>[2],
  tallies: Tally[],
  /** What earlier scenarios have brought to light stays true in the later ones: it is told once. */
  reported: Set<string>,
): Promise<Result> {
  const { result: whole, tally } = await runScenario(world, scenario, run);
  const result = { ...whole, violations: whole.violations.filter(({ text }) => !reported.has(text)) };
  for (const { text } of result.violations) reported.add(text);
  tallies.push(tally);
  say(...resultLines(result), ...violationLines(result.violations));
  const concerned = new Set(result.violations.flatMap(({ trade_id }) => trade_id ?? []));
  for (const trade_id of [...concerned].slice(0, MOST_TIMELINES)) {
    say(await world.heliu('order', 'show', trade_id, '--merchant', world.merchant.merchant_id));
  }
  return result;
}

function say(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

try {
  process.exitCode = await main();
  // A scenario that was interrupted waits for what will never come.
  if (process.exitCode === INTERRUPTED) process.exit();
} catch (problem) {
  if (problem instanceof UsageProblem) process.stderr.write(`${problem.message}\n\n${USAGE}`);
  else process.stderr.write(`${problem instanceof Error ? (problem.stack ?? problem.message) : String(problem)}\n`);
  process.exitCode = 2;
}
