/** `npm run simulate`: runs seeds, tells how fast, what they reached, and what broke. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BadArgument, HELP, readArguments, type Wanted } from './arguments.ts';
import { Coverage } from './reach/coverage.ts';
import { openGround, startGround } from './ground.ts';
import { createWorldKeys } from './keys.ts';
import { describeFailure, describeReached, replayCommand } from './report.ts';
import { runSeed, type Failure, type Verdict } from './trial/run-seed.ts';
import { shrink } from './trial/shrink.ts';
import { outliveReader } from '../reader.ts';

outliveReader();

/** What a process tells of one seed. */
interface Told {
  readonly seed: number;
  readonly steps: number;
  readonly failure: Failure | null;
  readonly reached: readonly (readonly [string, number])[];
}

interface Share {
  readonly url: string;
  readonly name: string;
  readonly wanted: Omit<Wanted, 'without'>;
  readonly seeds: readonly number[];
}

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

if (process.send) await workOff();
else process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  let wanted: Wanted | null;
  try {
    wanted = readArguments(words);
  } catch (error) {
    if (!(error instanceof BadArgument)) throw error;
    process.stderr.write(`${error.message}\nnpm run simulate -- --help lists the options\n`);
    return 2;
  }
  if (!wanted) {
    process.stdout.write(HELP);
    return 0;
  }
  const ground = await startGround();
  try {
    return wanted.seeds === 1 || wanted.shrink ? await runOne(ground.url, wanted) : await runMany(ground.url, wanted);
  } finally {
    await ground.close();
  }
}

/** One seed in this process: to read its trace, or to make a failure smaller. */
async function runOne(url: string, wanted: Wanted): Promise<number> {
  const keys = await createWorldKeys();
  const sessions = await openGround(url, 'world', keys);
  const run = (seed: number, without: ReadonlySet<number>, steps: number): Promise<Verdict> =>
    runSeed({ seed: String(seed), steps, keys, sessions, without });
  try {
    for (let seed = wanted.seed; seed < wanted.seed + wanted.seeds; seed += 1) {
      const verdict = await run(seed, wanted.without, wanted.steps);
      if (wanted.trace) say(verdict.trace);
      say(`seed ${seed}: ${verdict.steps} steps, digest ${verdict.digest}`);
      if (!verdict.failure) continue;
      say(describeFailure(verdict, wanted));
      if (!wanted.shrink) return 1;
      const again = (without: ReadonlySet<number>, steps: number): Promise<Verdict> => run(seed, without, steps);
      const small = await shrink(verdict, wanted.steps, again);
      say(`\nmade smaller in ${small.tries} tries: ${small.verdict.deeds.length - small.without.size} deeds are left`);
      say(describeFailure(small.verdict, { ...wanted, ...small }));
      return 1;
    }
    return 0;
  } finally {
    await sessions.close();
  }
}

/** Many seeds, shared out over processes. */
async function runMany(url: string, wanted: Wanted): Promise<number> {
  const { seed, seeds, jobs, steps } = wanted;
  say(`${seeds} seeds from ${seed}, ${steps} steps each, in ${jobs} processes`);
  const began_ms = performance.now();
  const total = new Coverage();
  const failed: Told[] = [];
  let done = 0;
  let all_steps = 0;
  const take = (told: Told): void => {
    done += 1;
    all_steps += told.steps;
    total.add(told.reached);
    if (told.failure) {
      failed.push(told);
      say(`seed ${told.seed} FAILED at step ${told.failure.step}: ${told.failure.invariant}: ${told.failure.sentence}`);
      for (const line of told.failure.timeline) say(`  ${line}`);
      say(`  replay: ${replayCommand(told.seed, wanted)}`);
    } else if (done % 50 === 0) say(`${done} of ${seeds} seeds, ${failed.length} failed`);
  };
  const cpu_s = await Promise.all(
    Array.from({ length: jobs }, (_unused, job) => {
      const mine = Array.from({ length: seeds }, (_one, index) => seed + index).filter((one) => one % jobs === job);
      return runShare({ url, name: `world_${job}`, wanted, seeds: mine }, take);
    }),
  );
  const took_s = (performance.now() - began_ms) / 1_000;
  const node_s = cpu_s.reduce((sum, one) => sum + one, 0);
  const per_core = (count: number): number => count / took_s / jobs;
  say(
    `${done} seeds in ${took_s.toFixed(1)} s: ${per_core(done).toFixed(2)} seeds a second and core, each until all was quiet again`,
  );
  say(
    `${all_steps} steps, ${Math.round(per_core(all_steps))} a second and core (as many as ${(per_core(all_steps) / 300).toFixed(1)} times 300); ` +
      `${(node_s / done).toFixed(2)} s of CPU a seed, the database's not counted`,
  );
  const { text, missing } = describeReached(total);
  say(text);
  if (wanted.json !== null)
    await writeFile(wanted.json, `${JSON.stringify(Object.fromEntries(total.counts), null, 2)}\n`);
  say(`${done - failed.length} passed, ${failed.length} failed`);
  return failed.length > 0 || done < seeds || (wanted.complete && missing > 0) ? 1 : 0;
}

/** @returns the process's CPU time, seconds */
async function runShare(share: Share, take: (told: Told) => void): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), { serialization: 'advanced' });
  let cpu_s = 0;
  child.on('message', (message: Told | { readonly cpu_s: number }) => {
    if ('cpu_s' in message) ({ cpu_s } = message);
    else take(message);
  });
  child.send(share);
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`a process of the simulation ended with ${String(code)}`);
  return cpu_s;
}

/** In such a process. */
async function workOff(): Promise<void> {
  const tell = (message: Told | { readonly cpu_s: number }): Promise<unknown> =>
    new Promise((resolve) => process.send?.(message, resolve));
  const [share] = (await once(process, 'message')) as [Share];
  const keys = await createWorldKeys();
  const sessions = await openGround(share.url, share.name, keys);
  const before = process.cpuUsage();
  for (const seed of share.seeds) {
    const { steps } = share.wanted;
    const verdict = await runSeed({ seed: String(seed), steps, keys, sessions });
    const { failure } = verdict;
    await tell({ seed, steps: verdict.steps, failure, reached: [...verdict.coverage.counts] });
    if (failure && share.wanted.stop) break;
  }
  const { user, system } = process.cpuUsage(before);
  await tell({ cpu_s: (user + system) / 1_000_000 });
  await sessions.close();
  process.disconnect();
}
