/** `npm run fuzz`: every target in turn, each in a thread that is watched. */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readArguments, USAGE, UsageProblem, type FuzzArguments } from './arguments.ts';
import { writeInput } from './corpus.ts';
import { nameOf, problemOf, type Finding, type Progress } from './loop.ts';
import { MAX_INPUT_BYTES } from './mutations.ts';
import { openTarget, TARGET_NAMES } from './targets.ts';
import type { Assignment, Shared, WorkerMessage } from './worker.ts';
import { outliveReader } from '../reader.ts';

outliveReader();

/** Findings are kept here, for `--replay`; what was mended moves to corpus/. */
const FINDINGS = join(import.meta.dirname, '.heliu-findings');

/** No parser of ours takes a second for 16 kB. */
const HANGS_AFTER_MS = 10_000;

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2), TARGET_NAMES, String(randomInt(2 ** 31)));
  if (options.help) return say(USAGE);
  if (options.list) return list();
  if (options.replay !== null) return replay(options.targets[0] ?? '', options.replay);
  say(`seed ${options.seed}: npm run fuzz -- --seed ${options.seed} --seconds ${options.seconds}\n`);
  let found = 0;
  for (const target of options.targets) found += await fuzzTarget(target, options);
  say(found === 0 ? 'nothing found\n' : `${found} found\n`);
  return found === 0 ? 0 : 1;
}

function say(text: string): 0 {
  process.stdout.write(text);
  return 0;
}

async function list(): Promise<number> {
  for (const name of TARGET_NAMES) {
    const { about } = await openTarget(name);
    say(`${name.padEnd(22)} ${about}\n`);
  }
  return 0;
}

async function replay(name: string, path: string): Promise<number> {
  const found = await problemOf(await openTarget(name), await readFile(path));
  say(found ? `${found.problem}\n` : 'nothing wrong\n');
  return found ? 1 : 0;
}

async function fuzzTarget(target: string, { seed, seconds }: FuzzArguments): Promise<number> {
  const findings = await watched({ target, seed, seconds, shared: sharedMemory() });
  for (const finding of findings) {
    const path = await writeInput(join(FINDINGS, target), nameOf(finding.input), finding.input);
    say(
      `\n${target}: ${finding.problem}\n  npm run fuzz -- --target ${target} --replay ${relative(process.cwd(), path)}\n`,
    );
  }
  return findings.length;
}

function sharedMemory(): Shared {
  return {
    counters: new Int32Array(new SharedArrayBuffer(8)),
    input: new Uint8Array(new SharedArrayBuffer(MAX_INPUT_BYTES)),
  };
}

/** Runs a thread to its end, or ends it when one input takes too long. */
function watched(assignment: Assignment): Promise<readonly Finding[]> {
  const { target, shared } = assignment;
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: assignment });
  return new Promise((resolve, reject) => {
    let begun = 0;
    const timer = setInterval(() => {
      const now_begun = Atomics.load(shared.counters, 0);
      if (now_begun > 0 && now_begun === begun) finish(() => resolve([hang(target, shared)]));
      begun = now_begun;
    }, HANGS_AFTER_MS);
    const finish = (settle: () => void): void => {
      clearInterval(timer);
      void worker.terminate().then(settle);
    };
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'progress') report(target, message.progress);
      // Bytes lose their class on the way between threads.
      else finish(() => resolve(message.findings.map((one) => ({ ...one, input: Buffer.from(one.input) }))));
    });
    worker.once('error', (error: Error) => finish(() => reject(error)));
  });
}

function hang(target: string, { counters, input }: Shared): Finding {
  const bytes = Buffer.from(input.slice(0, Atomics.load(counters, 1)));
  return { target, signature: 'hang', problem: `does not end within ${HANGS_AFTER_MS / 1000} s`, input: bytes };
}

function report(target: string, progress: Progress): void {
  const { executions, elapsed_ms, blocks, corpus, findings } = progress;
  const rate = Math.round((executions / Math.max(1, elapsed_ms)) * 1000);
  const seconds = (elapsed_ms / 1000).toFixed(0).padStart(4);
  say(`${target.padEnd(22)}${seconds} s ${String(executions).padStart(8)} runs ${String(rate).padStart(6)}/s `);
  say(`${String(blocks).padStart(6)} blocks ${String(corpus).padStart(5)} kept ${findings} found\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageProblem)) throw error;
  process.stderr.write(`${error.message}\n${USAGE}`);
  process.exitCode = 2;
}
