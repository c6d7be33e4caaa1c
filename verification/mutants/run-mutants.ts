/** Plants one bug after the other, in several copies side by side, and tells what became of each. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkTypes } from './check-types.ts';
import { keyOf, openLane, type Lane, type Proof, type Verdict } from './lane.ts';
import type { Mutant, NamedTest } from './mutant.ts';

/** Its time is not known, and neither is whether it sends bad statements on purpose. */
const TAKEN_ON_TRUST: Proof = { problem: null, sends_bad_statements: true, took_ms: 2_500 };

export interface Result extends Verdict {
  readonly mutant: Mutant;
  /** What its own run took. */
  readonly seconds: number;
}

export interface RunOptions {
  /** How many run at the same time. */
  readonly jobs: number;
  /** No test need be run without a bug first. */
  readonly proven?: boolean;
  /** Gets a line for each step. */
  readonly tell: (line: string) => void;
  /** Ends everything before its time. */
  readonly signal: AbortSignal;
}

/**
 * Runs all mutants: first each distinct test on the source as it is, then each mutant against its test.
 * @returns one result a mutant, in the order of the mutants
 */
export async function runMutants(mutants: readonly Mutant[], options: RunOptions): Promise<Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'heliu-mutants-'));
  const lanes: Lane[] = [];
  try {
    const jobs = Math.max(1, Math.min(options.jobs, mutants.length));
    await Promise.all(
      Array.from({ length: jobs }, async (_, index) => {
        lanes.push(await openLane(join(folder, `copy-${index}`), options.signal));
      }),
    );
    return await runInLanes(mutants, lanes, options);
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function runInLanes(mutants: readonly Mutant[], lanes: readonly Lane[], options: RunOptions): Promise<Result[]> {
  const tests = new Map(mutants.map(({ caught_by: { test } }) => [keyOf(test), test]));
  options.tell(`${mutants.length} mutants, ${tests.size} tests, ${lanes.length} at a time`);
  const [first, ...others] = lanes;
  if (!first) throw new Error('no place to run in');
  const proofs = new Map<string, Proof>();
  const unproven = options.proven ? [] : [...tests.values()];
  if (options.proven) for (const key of tests.keys()) proofs.set(key, TAKEN_ON_TRUST);
  const types = checkTypes(first.folder, mutants);
  // The first copy is needed for the types before any test may run in it.
  await Promise.all([
    types.then(() => prove(first, unproven, proofs, options)),
    ...others.map((lane) => prove(lane, unproven, proofs, options)),
  ]);
  const wrong_types = await types;
  const results = new Map<Mutant, Result>();
  const waiting = [...mutants];
  await Promise.all(lanes.map((lane) => judge(lane, waiting, { proofs, wrong_types, results }, options)));
  return mutants.flatMap((mutant) => results.get(mutant) ?? []);
}

/** Runs each test on the source as it is: only one that passes can see a bug. */
function prove(
  lane: Lane,
  tests: NamedTest[],
  proofs: Map<string, Proof>,
  { tell, signal }: RunOptions,
): Promise<void> {
  return workOff(tests, signal, async (test) => {
    const proof = await lane.prove(test);
    proofs.set(keyOf(test), proof);
    const seconds = (proof.took_ms / 1000).toFixed(1);
    tell(`${proof.problem === null ? 'passes  ' : 'UNFIT   '} ${keyOf(test)}  (${seconds} s)  ${proof.problem ?? ''}`);
  });
}

interface Known {
  readonly proofs: ReadonlyMap<string, Proof>;
  /** By the name of the mutant. */
  readonly wrong_types: ReadonlyMap<string, string>;
  readonly results: Map<Mutant, Result>;
}

const WORDS = { caught: 'caught  ', survived: 'SURVIVED', error: 'ERROR   ' } as const;

function judge(
  lane: Lane,
  mutants: Mutant[],
  { proofs, wrong_types, results }: Known,
  { tell, signal }: RunOptions,
): Promise<void> {
  return workOff(mutants, signal, async (mutant) => {
    const started_ms = performance.now();
    const proof = proofs.get(keyOf(mutant.caught_by.test));
    const problem = wrong_types.get(mutant.name) ?? (proof ? proof.problem : 'its test was not run');
    const verdict = proof && problem === null ? await lane.judge(mutant, proof) : provesNothing(problem);
    const seconds = Number(((performance.now() - started_ms) / 1000).toFixed(1));
    results.set(mutant, { mutant, ...verdict, seconds });
    tell(`${WORDS[verdict.kind]} ${mutant.name}  (${seconds} s)  ${verdict.why}`);
  });
}

function provesNothing(problem: string | null): Verdict {
  return { kind: 'error', why: problem ?? 'its test was not run' };
}

async function workOff<Item>(items: Item[], signal: AbortSignal, work: (item: Item) => Promise<void>): Promise<void> {
  for (let item = items.shift(); item !== undefined && !signal.aborted; item = items.shift()) await work(item);
}
