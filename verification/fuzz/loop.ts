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
/** Most often one or two: what is changed in many places is refused at the first. */
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

/** Looking at the counters takes longer than most inputs: they are looked at once for so many, and again only when there is something. */
const BATCH = 32;

/** Runs until the time is over. The same seed tries the same inputs in the same order. */
export async function fuzz(target: Target, options: LoopOptions): Promise<{ findings: Finding[]; corpus: Buffer[] }> {
  const random = new SeededRandom(`${options.seed} ${target.name}`);
  const run = new Run(target, options);
  for (const seed of [...target.seeds, ...options.corpus]) await run.explore(seed, true);
  while (run.elapsed_ms < options.seconds * 1000) {
    const inputs = Array.from({ length: BATCH }, () => changed(target, run.corpus, random));
    for (const input of inputs) await run.attempt(input);
    if (run.isNewGround()) for (const input of inputs) await run.explore(input, false);
  }
  return run.end();
}

/** What has come of the inputs so far. */
class Run {
  readonly corpus: Buffer[] = [];
  readonly #target: Target;
  readonly #options: LoopOptions;
  readonly #coverage: Coverage;
  readonly #findings = new Map<string, Finding>();
  readonly #started_ms = performance.now();
  #executions = 0;
  #told_ms = 0;

  constructor(target: Target, options: LoopOptions) {
    this.#target = target;
    this.#options = options;
    this.#coverage = new Coverage(target.watched);
  }

  get elapsed_ms(): number {
    return performance.now() - this.#started_ms;
  }

  isNewGround(): boolean {
    return this.#coverage.isNewGround();
  }

  /** Runs an input; answers whether it kept every promise. */
  async attempt(input: Buffer): Promise<boolean> {
    this.#options.before(input);
    this.#executions += 1;
    const problem = await problemOf(this.#target, input);
    if (problem && !this.#findings.has(problem.signature)) {
      const smallest = await minimised(this.#target, input, problem.signature);
      this.#findings.set(problem.signature, { target: this.#target.name, ...problem, input: smallest });
    }
    if (this.elapsed_ms - this.#told_ms >= PROGRESS_EVERY_MS) this.#tell();
    return problem === null;
  }

  /** Runs an input by itself, and keeps it when it reached new ground. */
  async explore(input: Buffer, keep: boolean): Promise<void> {
    const is_good = await this.attempt(input);
    if ((this.#coverage.gain() > 0 || keep) && is_good) this.corpus.push(input);
  }

  end(): { findings: Finding[]; corpus: Buffer[] } {
    this.#tell();
    this.#coverage.close();
    return { findings: [...this.#findings.values()], corpus: this.corpus };
  }

  #tell(): void {
    this.#told_ms = this.elapsed_ms;
    this.#options.progress({
      executions: this.#executions,
      elapsed_ms: this.elapsed_ms,
      blocks: this.#coverage.size,
      corpus: this.corpus.length,
      findings: this.#findings.size,
    });
  }
}

function changed(target: Target, corpus: readonly Buffer[], random: SeededRandom): Buffer {
  const mutations = Array.from(
    { length: random.chance(0.7) ? random.integer(1, 2) : random.integer(3, MOST_MUTATIONS) },
    (): Mutation => ({
      kind: random.next(),
      place: random.next(),
      size: random.next(),
      word: random.next(),
    }),
  );
  return mutated(pick(corpus, random), mutations, { words: target.words, other: pick(corpus, random) });
}

/** Half of the time one of the latest: what reached new ground most recently is nearest to more of it. */
function pick(corpus: readonly Buffer[], random: SeededRandom): Buffer {
  const latest = random.chance(0.5) ? Math.max(0, corpus.length - 16) : 0;
  return corpus[random.integer(latest, Math.max(latest, corpus.length - 1))] ?? Buffer.alloc(0);
}
