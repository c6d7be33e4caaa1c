import { parseArgs } from 'node:util';

export interface FuzzArguments {
  /** The same seed tries the same inputs in the same order. */
  readonly seed: string;
  /** Names; all of them when none is named. */
  readonly targets: readonly string[];
  /** Of each target. */
  readonly seconds: number;
  readonly list: boolean;
  readonly help: boolean;
  /** A file to give to the one target that is named. */
  readonly replay: string | null;
}

export const USAGE = `npm run fuzz -- [--target NAME …] [--seconds S] [--seed N]
Changes valid messages and keeps what reaches new ground in our code, for each target in turn.

  --target NAME   only this one; may be repeated
  --seconds S     for each target (20)
  --seed N        the same seed tries the same inputs in the same order (chosen at random, and printed)
  --replay FILE   gives one input to the target that is named, and says what came of it
  --list          names the targets
  --help          this text
`;

/** What is wrong with the command line, in one sentence. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}

/**
 * Reads the command line.
 * @param known the targets' names
 * @param chosen a seed for when none is given
 * @throws UsageProblem that names the argument
 */
export function readArguments(line: readonly string[], known: readonly string[], chosen: string): FuzzArguments {
  const values = parse(line);
  const targets = values.target ?? [];
  const stranger = targets.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new UsageProblem(`there is no target "${stranger}": see --list`);
  if (values.replay !== undefined && targets.length !== 1) throw new UsageProblem('--replay needs one --target');
  if (!/^\d{1,6}$/.test(values.seconds) || Number(values.seconds) < 1)
    throw new UsageProblem(`--seconds must be a whole number above 0, not "${values.seconds}"`);
  return {
    seed: values.seed ?? chosen,
    targets: targets.length === 0 ? known : targets,
    seconds: Number(values.seconds),
    list: values.list,
    help: values.help,
    replay: values.replay ?? null,
  };
}

function parse(line: readonly string[]) {
  try {
    return parseArgs({
      args: [...line],
      options: {
        seed: { type: 'string' },
        target: { type: 'string', multiple: true },
        seconds: { type: 'string', default: '20' },
        replay: { type: 'string' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (problem) {
    throw new UsageProblem(problem instanceof Error ? problem.message : String(problem));
  }
}
