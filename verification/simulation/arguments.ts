/** What `npm run simulate` is asked to do. */
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';

export interface Wanted {
  /** The first seed; the others follow it. */
  readonly seed: number;
  readonly seeds: number;
  readonly steps: number;
  readonly jobs: number;
  readonly trace: boolean;
  readonly shrink: boolean;
  /** Ends at the first failure. */
  readonly stop: boolean;
  /** Deeds that are left out. */
  readonly without: ReadonlySet<number>;
  /** Fails when something that exists has not been reached. */
  readonly complete: boolean;
  readonly json: string | null;
}

export class BadArgument extends Error {
  override readonly name = 'BadArgument';
}

export const HELP = `npm run simulate -- [options]

Runs whole worlds under a virtual clock: two gateway nodes on a real PostgreSQL, the channels' simulators, merchants, payers and an
operator, while nodes die, networks lose, databases stall and channels fail. Each seed is another world; the same seed is the same
world, byte for byte. docs/verification.md tells what is checked.

  --seed N       the first seed (default: one that nobody chose)
  --seeds M      how many, one after the other by number (default: 1 with --seed, otherwise 20)
  --steps K      how many steps the trouble lasts before everything heals (default 300)
  --jobs J       processes side by side (default: one for each core)
  --trace        prints everything that happened
  --stop         ends at the first failure
  --shrink       makes the first failure smaller
  --without A,B  leaves out these deeds, as --shrink says
  --complete     fails when an outcome, a code, an arrow or a fault has not been reached
  --json FILE    writes what was reached, as JSON
  --help         prints this

Ends with 0 when everything held, with 1 otherwise.
`;

const OPTIONS = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  steps: { type: 'string' },
  jobs: { type: 'string' },
  trace: { type: 'boolean' },
  shrink: { type: 'boolean' },
  stop: { type: 'boolean' },
  without: { type: 'string' },
  complete: { type: 'boolean' },
  json: { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Seeds that nobody chose are short, so that they can be read out. */
const MOST_SEED = 1_000_000_000;

/**
 * @returns null when help is wanted
 * @throws BadArgument that names the option and the remedy
 */
export function readArguments(words: readonly string[]): Wanted | null {
  const { values } = parsed(words);
  if (values.help) return null;
  const number = (name: 'seed' | 'seeds' | 'steps' | 'jobs', otherwise: number, least: number): number => {
    const text = values[name];
    if (text === undefined) return otherwise;
    if (!/^\d{1,12}$/.test(text) || Number(text) < least)
      throw new BadArgument(`--${name} must be a whole number, at least ${least}`);
    return Number(text);
  };
  const without = values.without ?? '';
  if (!/^(?:\d+(?:,\d+)*)?$/.test(without)) throw new BadArgument('--without must be numbers of deeds, such as 3,5,8');
  const seeds = number('seeds', values.seed === undefined ? 20 : 1, 1);
  return {
    seed: number('seed', randomInt(MOST_SEED), 0),
    seeds,
    steps: number('steps', 300, 1),
    jobs: Math.min(number('jobs', availableParallelism(), 1), seeds),
    trace: values.trace ?? false,
    shrink: values.shrink ?? false,
    stop: values.stop ?? false,
    without: new Set(without === '' ? [] : without.split(',').map(Number)),
    complete: values.complete ?? false,
    json: values.json ?? null,
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS });
  } catch (error) {
    throw new BadArgument(error instanceof Error ? error.message : 'the options cannot be read');
  }
}
