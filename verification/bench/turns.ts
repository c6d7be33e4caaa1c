import type { Bench } from './bench.ts';
import { loadErrors } from './bench.ts';
import { median } from './figures.ts';
import type { LoadReport } from './load.ts';
import { peakResidentMegabytes } from './processes.ts';
import type { Program } from './program.ts';
import { shown } from './report.ts';

/**
 * Programs that take turns under a closed loop, each started afresh for its turn, so that neither sees the other's jobs and
 * all see the same weather on the machine.
 */

export interface Contestant {
  readonly name: string;
  /** The stock of requests it is sent. */
  readonly stock: string;
  /** Called for each turn; the program is stopped after it. */
  readonly start: () => Promise<Program>;
}

export interface TurnsOptions {
  readonly contestants: readonly Contestant[];
  readonly in_flight: readonly number[];
  readonly seconds: number;
  readonly warm_up_seconds: number;
  readonly rounds: number;
  readonly progress: (line: string) => void;
}

/** One program, one number in flight, one round. */
export interface Measured {
  readonly program: string;
  readonly in_flight: number;
  readonly per_second: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** CPU seconds for 1,000 calls: the program's processes and the database server's. */
  readonly program_cpu: number;
  readonly database_cpu: number;
  readonly by_pay_type: LoadReport['by_pay_type'];
}

export interface Turn {
  readonly program: string;
  readonly measured: readonly Measured[];
  readonly peak_resident_mb: number;
  readonly event_loop_delay_ms: number | null;
  readonly errors: readonly string[];
}

const WARM_UP_IN_FLIGHT = 32;
/** Enough for the hot functions to be compiled; a slow machine gets a few more runs until there were as many. */
const WARM_UP_CALLS = 2_000;
const MOST_WARM_UPS = 3;

/** The longest that a turn sends requests, in seconds: what a stock must suffice for. */
export function longestTurn_s(options: Omit<TurnsOptions, 'contestants' | 'progress'>): number {
  return MOST_WARM_UPS * options.warm_up_seconds + options.in_flight.length * options.seconds;
}

export async function takeTurns(bench: Bench, options: TurnsOptions): Promise<readonly Turn[]> {
  const turns: Turn[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const contestant of options.contestants) {
      const turn = await takeTurn(bench, options, contestant);
      turns.push(turn);
      for (const one of turn.measured) options.progress(`round ${round}: ${cells(one).join('  ')}`);
    }
  }
  return turns;
}

async function takeTurn(bench: Bench, options: TurnsOptions, { name, stock, start }: Contestant): Promise<Turn> {
  const program = await start();
  try {
    const errors: string[] = [];
    let used = 0;
    const run = async (in_flight: number, seconds: number): Promise<Measured> => {
      await bench.settle(program);
      const { url, platform_public_key } = program;
      const before = bench.cpuOf(program);
      const load = await bench.closedLoop({ stock, url, skip: used, seconds, in_flight, platform_public_key });
      const after = bench.cpuOf(program);
      used += load.sent;
      errors.push(...loadErrors(`${name}, ${in_flight} in flight`, load));
      return measure(name, in_flight, load, before, after);
    };
    for (let runs = 0; runs < MOST_WARM_UPS; runs += 1) {
      await run(WARM_UP_IN_FLIGHT, options.warm_up_seconds);
      if (used >= WARM_UP_CALLS) break;
    }
    await program.eventLoopDelay_ms();
    const measured: Measured[] = [];
    for (const in_flight of options.in_flight) measured.push(await run(in_flight, options.seconds));
    return {
      program: name,
      measured,
      peak_resident_mb: peakResidentMegabytes(program.pids),
      event_loop_delay_ms: await program.eventLoopDelay_ms(),
      errors,
    };
  } finally {
    await program.stop();
  }
}

interface CpuSeconds {
  readonly program: number;
  readonly database: number;
}

function measure(
  program: string,
  in_flight: number,
  load: LoadReport,
  before: CpuSeconds,
  after: CpuSeconds,
): Measured {
  const thousands = load.succeeded / 1000;
  return {
    program,
    in_flight,
    per_second: load.succeeded / load.seconds,
    p50_ms: load.p50_ms,
    p99_ms: load.p99_ms,
    program_cpu: (after.program - before.program) / thousands,
    database_cpu: (after.database - before.database) / thousands,
    by_pay_type: load.by_pay_type,
  };
}

/** @param calls what is counted: `orders`, `queries` */
export function heading(calls: string): readonly string[] {
  return ['program', 'in flight', `${calls}/s`, 'p50 ms', 'p99 ms', 'CPU s/1000', 'of it program', 'of it database'];
}

/** A row under `heading`. */
export function cells(one: Measured): readonly string[] {
  return [
    one.program,
    String(one.in_flight),
    shown(one.per_second, 0),
    shown(one.p50_ms, 1),
    shown(one.p99_ms, 1),
    shown(one.program_cpu + one.database_cpu, 2),
    shown(one.program_cpu, 2),
    shown(one.database_cpu, 2),
  ];
}

export interface Ratio {
  readonly in_flight: number;
  readonly per_second: number;
  readonly cpu_per_call: number;
}

/** A row under `heading`. */
export function ratioCells(program: string, one: Ratio): readonly string[] {
  const { in_flight, per_second, cpu_per_call } = one;
  return [`${program} by reference`, String(in_flight), shown(per_second, 2), '', '', shown(cpu_per_call, 2)];
}

/** The median of a program's rounds, for each number in flight. */
export function medians(turns: readonly Turn[], program: string): readonly Measured[] {
  const all = turns.flatMap((turn) => turn.measured).filter((one) => one.program === program);
  return [...new Set(all.map((one) => one.in_flight))].map((in_flight) => {
    const measured = all.filter((one) => one.in_flight === in_flight);
    const of = (figure: (one: Measured) => number): number => median(measured.map(figure));
    return {
      program,
      in_flight,
      per_second: of((one) => one.per_second),
      p50_ms: of((one) => one.p50_ms),
      p99_ms: of((one) => one.p99_ms),
      program_cpu: of((one) => one.program_cpu),
      database_cpu: of((one) => one.database_cpu),
      by_pay_type: Object.fromEntries(
        Object.keys(measured[0]?.by_pay_type ?? {}).map((code) => [code, medianOfPayType(measured, code)]),
      ),
    };
  });
}

function medianOfPayType(measured: readonly Measured[], code: string): LoadReport['by_pay_type'][string] {
  const of = (figure: 'p50_ms' | 'p99_ms' | 'max_ms' | 'succeeded'): number =>
    median(measured.map((one) => one.by_pay_type[code]?.[figure] ?? Number.NaN));
  return { p50_ms: of('p50_ms'), p99_ms: of('p99_ms'), max_ms: of('max_ms'), succeeded: of('succeeded') };
}

/**
 * A program by the reference, round by round, and the median of those: what the machine does to both cancels out.
 *
 * @returns nothing for a number in flight, when one of the two was not measured
 */
export function ratios(turns: readonly Turn[], program: string, reference = 'reference'): readonly Ratio[] {
  const all = turns.flatMap((turn) => turn.measured);
  const in_flight = [...new Set(all.map((one) => one.in_flight))];
  return in_flight.map((number) => {
    const of = (name: string): readonly Measured[] =>
      all.filter((one) => one.in_flight === number && one.program === name);
    const measured = of(reference);
    const ratio = (figure: (one: Measured) => number): number =>
      median(
        of(program).map((one, round) => {
          const other = measured[round];
          return other === undefined ? Number.NaN : figure(one) / figure(other);
        }),
      );
    return {
      in_flight: number,
      per_second: ratio((one) => one.per_second),
      cpu_per_call: ratio((one) => one.program_cpu + one.database_cpu),
    };
  });
}
