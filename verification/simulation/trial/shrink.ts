/** Makes a failure smaller: leaves out one deed after the other for as long as the same thing still fails. */
import type { Failure, Verdict } from './run-seed.ts';

/** Runs the seed again without some deeds, for so many steps. */
export type Again = (without: ReadonlySet<number>, steps: number) => Promise<Verdict>;

export interface Shrunk {
  readonly verdict: Verdict;
  readonly without: ReadonlySet<number>;
  readonly steps: number;
  readonly tries: number;
}

/**
 * @param failed the verdict of the seed as it was found
 * @param steps for how many steps it was run
 */
export async function shrink(failed: Verdict, steps: number, again: Again): Promise<Shrunk> {
  let best = { verdict: failed, without: new Set<number>() as ReadonlySet<number>, steps };
  let tries = 0;
  const stillFails = async (without: ReadonlySet<number>, fewer: number): Promise<boolean> => {
    tries += 1;
    const verdict = await again(without, fewer);
    if (!isSame(verdict.failure, failed.failure)) return false;
    best = { verdict, without, steps: fewer };
    return true;
  };
  // Groups first: half of the deeds, a quarter, then one at a time.
  const numbers = failed.deeds.map((deed) => deed.number);
  for (let size = Math.ceil(numbers.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < numbers.length; from += size) {
      const group = numbers.slice(from, from + size).filter((number) => !best.without.has(number));
      if (group.length > 0) await stillFails(new Set([...best.without, ...group]), best.steps);
    }
  }
  while (best.steps > 1 && (await stillFails(best.without, Math.floor(best.steps / 2))));
  return { ...best, tries };
}

function isSame(one: Failure | null, other: Failure | null): boolean {
  return one !== null && one.invariant === other?.invariant;
}
