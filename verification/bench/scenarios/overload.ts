import type { Bench } from '../bench.ts';
import { loadErrors } from '../bench.ts';
import { atLeast, atMost, median } from '../figures.ts';
import type { LoadReport } from '../load.ts';
import type { MerchantSettings } from '../merchant-calls.ts';
import type { Program } from '../program.ts';
import { shown, table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';

/** Twice what the gateway can do: it is to say 503 early to some, and to serve the others as fast as it can. */

export interface OverloadOptions {
  readonly seconds: number;
  readonly warm_up_seconds: number;
  readonly rounds: number;
  readonly merchant: MerchantSettings;
  readonly startGateway: () => Promise<Program>;
  readonly progress: (line: string) => void;
}

/** Callers while the capacity is measured: enough to keep the gateway busy, too few for it to refuse any. */
const CAPACITY_IN_FLIGHT = 64;
const EXPECTED_RATE = 1_500;

interface Round {
  readonly capacity: number;
  /** While the capacity was measured: 64 in flight, nobody refused. */
  readonly capacity_p50_ms: number;
  readonly load: LoadReport;
}

export async function measureOverload(bench: Bench, options: OverloadOptions): Promise<ScenarioReport> {
  const rounds: Round[] = [];
  const errors: string[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const measured = await measureRound(bench, options, errors);
    rounds.push(measured);
    options.progress(`round ${round}: ${cells(measured).join('  ')}`);
  }
  return report(options, rounds, errors);
}

async function measureRound(bench: Bench, options: OverloadOptions, errors: string[]): Promise<Round> {
  const { seconds, merchant } = options;
  await bench.prepare('overload', (options.warm_up_seconds + seconds) * EXPECTED_RATE, merchant);
  const program = await options.startGateway();
  try {
    const { url, platform_public_key } = program;
    const stock = { stock: 'overload', url, platform_public_key };
    const warm = await bench.closedLoop({
      ...stock,
      skip: 0,
      seconds: options.warm_up_seconds,
      in_flight: CAPACITY_IN_FLIGHT,
    });
    await bench.settle(program);
    const closed = await bench.closedLoop({ ...stock, skip: warm.sent, seconds, in_flight: CAPACITY_IN_FLIGHT });
    errors.push(...loadErrors('warming up', warm), ...loadErrors('measuring the capacity', closed));
    const capacity = closed.succeeded / closed.seconds;
    const rate = 2 * capacity;
    const skip = warm.sent + closed.sent;
    await bench.prepare('overload', skip + seconds * rate, merchant);
    await bench.settle(program);
    const load = await bench.openLoop({ ...stock, skip, seconds, rate, whole_call: false });
    errors.push(...loadErrors('at twice the capacity', load));
    return { capacity, capacity_p50_ms: closed.p50_ms, load };
  } finally {
    await program.stop();
  }
}

function cells({ capacity, load }: Round): readonly string[] {
  return [
    shown(capacity, 0),
    shown(load.sent / load.seconds, 0),
    shown(load.succeeded / load.seconds, 0),
    `${shown((100 * load.refused) / load.sent, 0)} %`,
    shown(load.p50_ms, 1),
    shown(load.p99_ms, 1),
    shown(load.p99_ms / load.p50_ms, 2),
  ];
}

function report(options: OverloadOptions, rounds: readonly Round[], errors: readonly string[]): ScenarioReport {
  const spread = median(rounds.map((round) => round.load.p99_ms / round.load.p50_ms));
  const queueing = median(rounds.map((round) => round.load.p50_ms / round.capacity_p50_ms));
  const goodput = median(rounds.map((round) => round.load.succeeded / round.load.seconds / round.capacity));
  const silent = rounds.reduce((sum, round) => sum + round.load.without_retry_after, 0);
  return {
    scenario: 'overload',
    figures: {
      seconds: options.seconds,
      p99_by_p50: spread,
      p50_by_capacity_p50: queueing,
      accepted_by_capacity: goodput,
      rounds,
    },
    table: table(['capacity/s', 'sent/s', 'accepted/s', '503', 'p50 ms', 'p99 ms', 'p99/p50'], rounds.map(cells)),
    verdicts: [
      atMost('p99 of accepted orders, in p50s', spread, 4),
      // Without this a long queue would look good: in it everybody waits the same time.
      atMost('p50 of accepted orders, in p50s at capacity', queueing, 4),
      atLeast('refused orders, at least one a round', Math.min(...rounds.map((round) => round.load.refused)), 1),
    ],
    errors: [...errors, ...(silent > 0 ? [`${silent} × HTTP 503 without Retry-After`] : [])],
  };
}
