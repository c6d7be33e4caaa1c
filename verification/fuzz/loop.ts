/** The coverage-guided loop: change a message of the corpus, run it, and keep it when it reached what nothing had reached before. */
import { createHash } from 'node:crypto';
import { SeededRandom } from '../simulation/random.ts';
import { Coverage } from './coverage.ts';
import { mutated, type Mutation } from './mutations.ts';
import type { Target } from './target.ts';

export interface Finding {
  readonly target: string;
  /** The error and where it was thrown: findings with the same one are the same. */
  readonly signature: string;
  readonly problem: string;
  readonly input: Buffer;
}

export interface Progress {
  readonly executions: number;
  readonly elapsed_ms: number;
  readonly blocks: number;
  readonly corpus: number;
  readonly findings: number;
}

export interface LoopOptions {
  readonly seed: string;
  readonly seconds: number;
  /** Inputs to start from, beside the target's own seeds. */
  readonly corpus: readonly Buffer[];
  /** Told of each input before it runs, so that a hang can be pinned on it. */
  before(input: Buffer): void;
  progress(progress: Progress): void;
}

const PROGRESS_EVERY_MS = 2_000;
const MOST_MUTATIONS = 6;
const MINIMISING_TRIES = 600;

/** What an input throws, or null. */
export async function problemOf(target: Target, input: Buffer): Promise<{ signature: string; problem: string } | null> {
  try {
    await target.run(input);
    return null;
  } catch (error) {
    const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    const place = /at [^\n]*(?:gateway|sdk|simulators|fuzz)\/[^\n]*/.exec(stack)?.[0] ?? '';
    return { signature: `${name} ${message.replaceAll(/\d+|"[^"]*"/g, '#').slice(0, 80)} ${place}`, problem: stack };
  }
}

/** The shortest input found, by leaving parts out, that fails in the same way. */
export async function minimised(target: Target, input: Buffer, signature: string): Promise<Buffer> {
  let best = input;
  let tries = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1 && tries < MINIMISING_TRIES; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length && tries < MINIMISING_TRIES; tries += 1) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      const same = (await problemOf(target, shorter))?.signature === signature;
      if (same) best = shorter;
      else at += size;
    }
  }
  return best;
}

/** A name for an input: the same for the same bytes. */
export function nameOf(input: Buffer): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 12);
}

/** Runs until the time is over. The same seed tries the same inputs in the same order. */
export async function fuzz(target: Target, options: LoopOptions): Promise<{ findings: Finding[]; corpus: Buffer[] }> {
  const random = new SeededRandom(`${options.seed} ${target.name}`);
  const coverage = new Coverage(target.watched);
  const findings = new Map<string, Finding>();
  const corpus: Buffer[] = [];
  const started_ms = performance.now();
  const elapsed = (): number => performance.now() - started_ms;
  let executions = 0;
  let told_ms = 0;
  const attempt = async (input: Buffer, keep: boolean): Promise<void> => {
    options.before(input);
    executions += 1;
    const problem = await problemOf(target, input);
    if (problem && !findings.has(problem.signature)) {
      const smallest = await minimised(target, input, problem.signature);
      findings.set(problem.signature, { target: target.name, ...problem, input: smallest });
      coverage.skip();
    } else if (coverage.gain() > 0 || keep) corpus.push(input);
    if (elapsed() - told_ms < PROGRESS_EVERY_MS) return;
    told_ms = elapsed();
    options.progress(progress());
  };
  const progress = (): Progress => ({
    executions,
    elapsed_ms: elapsed(),
    blocks: coverage.size,
    corpus: corpus.length,
    findings: findings.size,
  });
  for (const seed of [...target.seeds, ...options.corpus]) await attempt(seed, true);
  while (elapsed() < options.seconds * 1000) {
    const from = pick(corpus, random);
    const mutations = Array.from({ length: random.integer(1, MOST_MUTATIONS) }, (): Mutation => ({
      kind: random.next(),
      place: random.next(),
      size: random.next(),
      word: random.next(),
    }));
    await attempt(mutated(from, mutations, { words: target.words, other: pick(corpus, random) }), false);
  }
  options.progress(progress());
  coverage.close();
  return { findings: [...findings.values()], corpus };
}

/** Half of the time one of the latest: what reached new ground most recently is nearest to more of it. */
function pick(corpus: readonly Buffer[], random: SeededRandom): Buffer {
  const latest = random.chance(0.5) ? Math.max(0, corpus.length - 16) : 0;
  return corpus[random.integer(latest, Math.max(latest, corpus.length - 1))] ?? Buffer.alloc(0);
}
