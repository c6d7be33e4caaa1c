import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export const USAGE = `npm run mutants -- [--only NAME] [--jobs N] [--sample N [--seed S]] [--proven] [--list]
Plants one bug after the other in a copy of the source, and runs the test that must see it.
Ends with 0 when every one was caught.

  --only NAME   this mutant alone; a piece of a name takes all that have it; may be given again
  --jobs N      so many at a time (the number of cores)
  --sample N    only so many, chosen by chance; the seed of the choice is printed
  --seed S      the seed of a choice, to make it again
  --proven      the suite passes as it is: do not run each test without a bug first
  --list        names them with the guard that each takes out, and runs nothing
  --help        these lines
`;

export interface MutantArguments {
  /** Pieces of names; all mutants when there is none. */
  readonly only: readonly string[];
  readonly jobs: number;
  /** Only so many of them; null: all. */
  readonly sample: { readonly size: number; readonly seed: string } | null;
  /** Whoever asks knows that every test passes without a bug. */
  readonly proven: boolean;
  readonly what: 'run' | 'list' | 'help';
}

/** What is wrong with the command line, in one sentence. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}

/**
 * Reads the command line.
 * @throws UsageProblem that names the argument
 */
export function readArguments(line: readonly string[]): MutantArguments {
  const values = parse(line);
  const jobs = values.jobs === undefined ? availableParallelism() : Number(values.jobs);
  if (!Number.isSafeInteger(jobs) || jobs < 1 || jobs > 64)
    throw new UsageProblem(`--jobs must be a whole number from 1 to 64, not "${values.jobs}"`);
  const size = values.sample === undefined ? null : Number(values.sample);
  if (size !== null && (!Number.isSafeInteger(size) || size < 1))
    throw new UsageProblem(`--sample must be a whole number, at least 1, not "${values.sample}"`);
  const sample = size === null ? null : { size, seed: values.seed ?? randomBytes(4).toString('hex') };
  return {
    only: values.only,
    jobs,
    sample,
    proven: values.proven,
    what: values.help ? 'help' : values.list ? 'list' : 'run',
  };
}

function parse(line: readonly string[]) {
  try {
    return parseArgs({
      args: [...line],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        jobs: { type: 'string' },
        sample: { type: 'string' },
        seed: { type: 'string' },
        proven: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (problem) {
    throw new UsageProblem(problem instanceof Error ? problem.message : String(problem));
  }
}
