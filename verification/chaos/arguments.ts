import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.ts';
import type { Scenario } from './scenario.ts';

export interface ChaosArguments {
  readonly seed: number;
  /** In the order in which they were named, or of the list. */
  readonly scenarios: readonly Scenario[];
  /** Goes through them again and again for so long; null: once. */
  readonly minutes: number | null;
  /** The logs stay, whatever comes out. */
  readonly keeps_logs: boolean;
  readonly shows: 'help' | 'list' | null;
}

export const USAGE = `npm run chaos -- [--seed N] [--scenario NAME …] [--minutes M] [--short] [--list] [--help] [--keep]

Real processes on real sockets are killed, stopped, starved and cut off under load; then everything is healed and checked.
Without a name: every scenario once, in an order drawn from the seed.

  --seed N          draws the same order, moments and faults as another run of this seed
  --scenario NAME   this scenario alone; may be given several times
  --minutes M       begins anew with the scenarios until so many minutes have passed
  --short           a selection for CI, about a minute
  --keep            leaves the logs in place although nothing was violated
  --list            the scenarios, each with what happens in it
`;

/** What is wrong with the command line, in one sentence. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}

const LARGEST_SEED = 2 ** 31 - 1;

/**
 * Reads the command line; a seed is drawn when none is given.
 * @throws UsageProblem that names the argument
 */
export function readArguments(line: readonly string[]): ChaosArguments {
  const values = parse(line);
  const named = values.scenario ?? [];
  if (named.length > 0 && values.short) throw new UsageProblem('--short and --scenario exclude each other');
  const usual = values.short ? SCENARIOS.filter((one) => one.is_short) : SCENARIOS;
  return {
    seed: values.seed === undefined ? randomInt(LARGEST_SEED) : whole('seed', values.seed, 0, LARGEST_SEED),
    scenarios: named.length === 0 ? usual : named.map(scenarioNamed),
    minutes: values.minutes === undefined ? null : whole('minutes', values.minutes, 1, 100_000),
    keeps_logs: values.keep,
    shows: values.help ? 'help' : values.list ? 'list' : null,
  };
}

function parse(line: readonly string[]) {
  try {
    return parseArgs({
      args: [...line],
      options: {
        seed: { type: 'string' },
        scenario: { type: 'string', multiple: true },
        minutes: { type: 'string' },
        short: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
      },
    }).values;
  } catch (problem) {
    throw new UsageProblem(problem instanceof Error ? problem.message : String(problem));
  }
}

function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found) return found;
  throw new UsageProblem(`there is no scenario "${name}", but ${SCENARIOS.map((one) => one.name).join(', ')}`);
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageProblem(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`);
}
