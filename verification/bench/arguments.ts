import { parseArgs } from 'node:util';

export const SCENARIOS = [
  'orders',
  'query',
  'notifications',
  'latency',
  'overload',
  'startup',
  'statement',
  'scale',
] as const;

export type Scenario = (typeof SCENARIOS)[number];

export interface BenchArguments {
  /** All of them but `scale` when none is named. */
  readonly scenarios: readonly Scenario[];
  /** Of one measured run. */
  readonly seconds: number;
  readonly warm_up_seconds: number;
  readonly rounds: number;
  readonly in_flight: readonly number[];
  /** `all`: "orders" also with every pay type that the gateway has. */
  readonly pay_types: 'wechat.scan' | 'all';
  /** Stored orders of "scale". */
  readonly rows: number;
  /** Notifications of one round. */
  readonly count: number;
  /** Orders a second of `latency`. */
  readonly rate: number;
  readonly only_reference: boolean;
  readonly json: boolean;
  /** A folder for `.cpuprofile` files of the gateway. */
  readonly profile: string | null;
}

export const USAGE = `npm run bench -- [${SCENARIOS.join('|')}] …
Without a name: all but "scale", which takes half an hour and a disk.

  --seconds N         of one measured run (10)
  --warm-up N         seconds before it (5)
  --rounds N          the programs take turns so often; figures are medians (3)
  --in-flight A,B     orders on their way at once (16,64)
  --pay-types all     "orders" in a third turn too, with every pay type that the gateway has
  --rows N            stored orders of "scale" (5000000); takes about 6 GB for a million
  --count N           notifications of one round (5000)
  --rate N            orders a second of "latency" (50)
  --only-reference    "orders" without the gateway
  --profile FOLDER    writes CPU profiles of the gateway there
  --json              the figures as one JSON object on standard output; the tables go to standard error
`;

/** What is wrong with the command line, in one sentence. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
}

/**
 * Reads the command line.
 * @throws UsageProblem that names the argument
 */
export function readArguments(line: readonly string[]): BenchArguments {
  const { values, positionals } = parse(line);
  return {
    scenarios: positionals.length === 0 ? SCENARIOS.filter((one) => one !== 'scale') : positionals.map(scenario),
    seconds: positive('seconds', values.seconds),
    warm_up_seconds: positive('warm-up', values['warm-up']),
    rounds: positive('rounds', values.rounds),
    in_flight: values['in-flight'].split(',').map((text) => positive('in-flight', text)),
    pay_types: payTypes(values['pay-types']),
    rows: atLeastHundred('rows', values.rows),
    count: positive('count', values.count),
    rate: positive('rate', values.rate),
    only_reference: values['only-reference'],
    json: values.json,
    profile: values.profile ?? null,
  };
}

function parse(line: readonly string[]) {
  try {
    return parseArgs({
      args: [...line],
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '10' },
        'warm-up': { type: 'string', default: '5' },
        rounds: { type: 'string', default: '3' },
        'in-flight': { type: 'string', default: '16,64' },
        'pay-types': { type: 'string', default: 'wechat.scan' },
        rows: { type: 'string', default: '5000000' },
        count: { type: 'string', default: '5000' },
        rate: { type: 'string', default: '50' },
        'only-reference': { type: 'boolean', default: false },
        profile: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (problem) {
    throw new UsageProblem(problem instanceof Error ? problem.message : String(problem));
  }
}

function scenario(name: string): Scenario {
  const known = SCENARIOS.find((one) => one === name);
  if (known === undefined) throw new UsageProblem(`there is no scenario "${name}", but ${SCENARIOS.join(', ')}`);
  return known;
}

function payTypes(text: string): BenchArguments['pay_types'] {
  if (text === 'wechat.scan' || text === 'all') return text;
  throw new UsageProblem(`--pay-types must be wechat.scan or all, not "${text}"`);
}

/** Fewer hold no order of every kind. */
function atLeastHundred(name: string, text: string): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= 100) return value;
  throw new UsageProblem(`--${name} must be a whole number from 100, not "${text}"`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < 1)
    throw new UsageProblem(`--${name} must be a whole number above 0, not "${text}"`);
  return value;
}
