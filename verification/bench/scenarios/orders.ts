import type { Bench } from '../bench.ts';
import { loadErrors } from '../bench.ts';
import { atLeast, atMost, median } from '../figures.ts';
import type { Verdict } from '../figures.ts';
import type { LoadReport } from '../load.ts';
import type { MerchantSettings } from '../merchant-calls.ts';
import { peakResidentMegabytes } from '../processes.ts';
import type { Program } from '../program.ts';
import { shown, table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';

/**
 * Orders in a closed loop. The programs take turns, each started afresh for its turn, so that neither sees the other's
 * jobs and both see the same weather on the machine.
 */

export interface OrdersOptions {
  readonly in_flight: readonly number[];
  readonly seconds: number;
  readonly warm_up_seconds: number;
  readonly rounds: number;
  readonly merchant: MerchantSettings;
  /** Started for each turn, stopped after it. */
  readonly programs: readonly (() => Promise<Program>)[];
  readonly progress: (line: string) => void;
}

/** One program, one number in flight, one round. */
interface Measured {
  readonly program: Program['name'];
  readonly in_flight: number;
  readonly orders_per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** CPU seconds for 1,000 orders: the program's processes and the database server's. */
  readonly program_cpu: number;
  readonly database_cpu: number;
}

interface Turn {
  readonly program: Program['name'];
  readonly measured: readonly Measured[];
  readonly peak_resident_mb: number;
  readonly event_loop_delay_ms: number | null;
  readonly errors: readonly string[];
}

/** Orders a second that the stock is made for; a run that uses it up ends earlier and is measured as it was. */
const EXPECTED_RATE = 1_500;

const WARM_UP_IN_FLIGHT = 32;
/** Enough for the hot functions to be compiled; a slow machine gets a few more runs until there were as many. */
const WARM_UP_ORDERS = 2_000;
const MOST_WARM_UPS = 3;

export async function measureOrders(bench: Bench, options: OrdersOptions): Promise<ScenarioReport> {
  // All that a turn can use, signed before the first one: every turn begins with an empty database and the same orders.
  const seconds = MOST_WARM_UPS * options.warm_up_seconds + options.in_flight.length * options.seconds;
  await bench.prepare('orders', seconds * EXPECTED_RATE, options.merchant);
  const turns: Turn[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const start of options.programs) {
      const turn = await takeTurn(bench, options, start);
      turns.push(turn);
      for (const one of turn.measured) options.progress(`round ${round}: ${line(one).join('  ')}`);
    }
  }
  return report(options, turns);
}

async function takeTurn(bench: Bench, options: OrdersOptions, start: () => Promise<Program>): Promise<Turn> {
  const program = await start();
  try {
    const errors: string[] = [];
    let used = 0;
    const run = async (in_flight: number, seconds: number): Promise<Measured> => {
      await bench.settle(program);
      const { url, platform_public_key } = program;
      const before = bench.cpuOf(program);
      const command = { stock: 'orders', url, skip: used, seconds, in_flight, platform_public_key };
      const load = await bench.closedLoop(command);
      const after = bench.cpuOf(program);
      used += load.sent;
      errors.push(...loadErrors(`${program.name}, ${in_flight} in flight`, load));
      return measure(program, in_flight, load, before, after);
    };
    for (let runs = 0; runs < MOST_WARM_UPS; runs += 1) {
      await run(WARM_UP_IN_FLIGHT, options.warm_up_seconds);
      if (used >= WARM_UP_ORDERS) break;
    }
    await program.eventLoopDelay_ms();
    const measured: Measured[] = [];
    for (const in_flight of options.in_flight) measured.push(await run(in_flight, options.seconds));
    return {
      program: program.name,
      measured,
      peak_resident_mb: peakResidentMegabytes(program.pids),
      event_loop_delay_ms: await program.eventLoopDelay_ms(),
      errors,
    };
  } finally {
    await program.stop();
  }
}

function measure(
  program: Program,
  in_flight: number,
  load: LoadReport,
  before: { readonly program: number; readonly database: number },
  after: { readonly program: number; readonly database: number },
): Measured {
  const thousands = load.succeeded / 1000;
  return {
    program: program.name,
    in_flight,
    orders_per_second: load.succeeded / load.seconds,
    p50_ms: load.p50_ms,
    p99_ms: load.p99_ms,
    program_cpu: (after.program - before.program) / thousands,
    database_cpu: (after.database - before.database) / thousands,
  };
}

const HEADING = [
  'program',
  'in flight',
  'orders/s',
  'p50 ms',
  'p99 ms',
  'CPU s/1000',
  'of it program',
  'of it database',
];

function line(one: Measured): readonly string[] {
  return [
    one.program,
    String(one.in_flight),
    shown(one.orders_per_second, 0),
    shown(one.p50_ms, 1),
    shown(one.p99_ms, 1),
    shown(one.program_cpu + one.database_cpu, 2),
    shown(one.program_cpu, 2),
    shown(one.database_cpu, 2),
  ];
}

function report(options: OrdersOptions, turns: readonly Turn[]): ScenarioReport {
  const all = turns.flatMap((turn) => turn.measured);
  const medians = options.in_flight.flatMap((in_flight) =>
    (['reference', 'gateway'] as const).flatMap((program) => medianOf(all, in_flight, program)),
  );
  const gateway = turns.filter((turn) => turn.program === 'gateway');
  const shared = {
    scenario: 'orders',
    errors: turns.flatMap((turn) => turn.errors),
  };
  const settings = { rounds: options.rounds, seconds: options.seconds };
  if (gateway.length === 0) {
    return {
      ...shared,
      figures: { ...settings, medians, turns },
      table: table(HEADING, medians.map(line)),
      verdicts: [],
    };
  }
  const ratios = options.in_flight.map((in_flight) => ({
    in_flight,
    orders_per_second: ratio(all, in_flight, (one) => one.orders_per_second),
    cpu_per_order: ratio(all, in_flight, (one) => one.program_cpu + one.database_cpu),
  }));
  const peak_resident_mb = median(gateway.map((turn) => turn.peak_resident_mb));
  const event_loop_delay_ms = median(gateway.map((turn) => turn.event_loop_delay_ms ?? Number.NaN));
  const ratioRows = ratios.map((one) => [
    'gateway by reference',
    String(one.in_flight),
    shown(one.orders_per_second, 2),
    '',
    '',
    shown(one.cpu_per_order, 2),
  ]);
  return {
    ...shared,
    figures: { ...settings, medians, ratios, peak_resident_mb, event_loop_delay_ms, turns },
    table: table(HEADING, [...medians.map(line), ...ratioRows]),
    verdicts: [
      ...ratios.flatMap((one): readonly Verdict[] => [
        atLeast(`orders/s by the reference's, ${one.in_flight} in flight`, one.orders_per_second, 0.8),
        atMost(`CPU per order by the reference's, ${one.in_flight} in flight`, one.cpu_per_order, 1.25),
      ]),
      atMost('gateway peak RSS, MB', peak_resident_mb, 250),
      atMost('gateway event loop blocked at most, ms', event_loop_delay_ms, 20),
    ],
  };
}

function medianOf(all: readonly Measured[], in_flight: number, program: Program['name']): readonly Measured[] {
  const measured = all.filter((one) => one.in_flight === in_flight && one.program === program);
  if (measured.length === 0) return [];
  const of = (figure: (one: Measured) => number): number => median(measured.map(figure));
  return [
    {
      program,
      in_flight,
      orders_per_second: of((one) => one.orders_per_second),
      p50_ms: of((one) => one.p50_ms),
      p99_ms: of((one) => one.p99_ms),
      program_cpu: of((one) => one.program_cpu),
      database_cpu: of((one) => one.database_cpu),
    },
  ];
}

/** Gateway by reference, round by round, and the median of those: what the machine does to both cancels out. */
function ratio(all: readonly Measured[], in_flight: number, figure: (one: Measured) => number): number {
  const of = (program: Program['name']): readonly number[] =>
    all.filter((one) => one.in_flight === in_flight && one.program === program).map(figure);
  const reference = of('reference');
  return median(of('gateway').map((value, round) => value / (reference[round] ?? Number.NaN)));
}
