import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { corpusTargets, readCorpus } from '../fuzz/corpus.ts';
import { mutated, type Mutation } from '../fuzz/mutations.ts';
import type { Target } from '../fuzz/target.ts';
import { openTarget, TARGET_NAMES } from '../fuzz/targets.ts';

// Every parser that strangers reach, with messages that are nearly right. `npm run fuzz` goes on from here for as long as one
// likes; FUZZ_SEED repeats what a run has printed.

const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const FRESH_INPUTS = 150;

console.log(`FUZZ_SEED=${SEED}`);

const opened = new Map<string, Promise<Target>>();

function open(name: string): Promise<Target> {
  const known = opened.get(name);
  if (known) return known;
  const target = openTarget(name);
  opened.set(name, target);
  return target;
}

const number = fc.nat(2 ** 32 - 1);
const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({ kind: number, place: number, size: number, word: number }),
  { minLength: 1, maxLength: 6, size: 'max' },
);

describe.each(TARGET_NAMES)('%s', (name) => {
  test('takes the messages that it should be able to take', async () => {
    const target = await open(name);
    expect(target.seeds.length).toBeGreaterThan(0);
    for (const seed of target.seeds) await target.run(seed);
  });

  test('keeps its promises for messages that are nearly right', async () => {
    const target = await open(name);
    const kept = await readCorpus(name);
    const starts = [...target.seeds, ...kept.map(({ input }) => input)];
    const inputs = fc
      .tuple(fc.constantFrom(...starts), fc.constantFrom(...starts), mutations)
      .map(([start, other, changes]) => mutated(start, changes, { words: target.words, other }));
    await fc.assert(
      fc.asyncProperty(inputs, async (input) => target.run(input)),
      { seed: SEED, numRuns: FRESH_INPUTS, examples: kept.map(({ input }) => [input]) },
    );
  });
});

describe('the corpus', async () => {
  const files = (
    await Promise.all(
      (await corpusTargets()).map(async (target) => (await readCorpus(target)).map((file) => ({ target, ...file }))),
    )
  ).flat();

  test.each(files)('$target $name does no harm any more', async ({ target, input }) => {
    await (await open(target)).run(input);
  });

  test('is small', () => {
    expect(files.reduce((sum, { input }) => sum + input.length, 0)).toBeLessThan(300_000);
  });
});
