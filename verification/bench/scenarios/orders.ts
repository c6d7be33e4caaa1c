import type { Bench } from '../bench.ts';
import { atLeast, atMost, median } from '../figures.ts';
import type { Verdict } from '../figures.ts';
import type { MerchantSettings } from '../merchant-calls.ts';
import type { BenchPayType } from '../pay-types.ts';
import type { Program } from '../program.ts';
import { shown, table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';
import { cells, heading, longestTurn_s, medians, ratioCells, ratios, takeTurns } from '../turns.ts';
import type { Contestant, Measured, Turn } from '../turns.ts';

/**
 * Orders in a closed loop. The reference places `wechat.scan` orders, and so does the gateway; it may have a third turn with
 * orders of other pay types too, whose figures stand apart.
 */

export interface OrdersOptions {
  readonly in_flight: readonly number[];
  readonly seconds: number;
  readonly warm_up_seconds: number;
  readonly rounds: number;
  readonly merchant: MerchantSettings;
  readonly startReference: () => Promise<Program>;
  /** Null: the reference alone. */
  readonly startGateway: (() => Promise<Program>) | null;
  /** Pay types that take turns in the gateway's third turn; none: there is no such turn. */
  readonly mixed: readonly BenchPayType[];
  readonly progress: (line: string) => void;
}

const MIXED = 'gateway, mixed';

/** Orders a second that the stock is made for; a run that uses it up ends earlier and is measured as it was. */
const EXPECTED_RATE = 1_500;

export async function measureOrders(bench: Bench, options: OrdersOptions): Promise<ScenarioReport> {
  const { startGateway, mixed, merchant } = options;
  // All that a turn can use, signed before the first one: every turn begins with an empty database and the same orders.
  const count = longestTurn_s(options) * EXPECTED_RATE;
  await bench.prepare('orders', count, merchant);
  const contestants: Contestant[] = [{ name: 'reference', stock: 'orders', start: options.startReference }];
  if (startGateway !== null) contestants.push({ name: 'gateway', stock: 'orders', start: startGateway });
  if (startGateway !== null && mixed.length > 0) {
    await bench.prepare('mixed', count, merchant, { kind: 'orders', pay_types: mixed });
    contestants.push({ name: MIXED, stock: 'mixed', start: startGateway });
  }
  return report(options, await takeTurns(bench, { ...options, contestants }));
}

function report(options: OrdersOptions, turns: readonly Turn[]): ScenarioReport {
  const programs = [...new Set(turns.map((turn) => turn.program))];
  const rows = programs
    .flatMap((program) => medians(turns, program))
    .toSorted((left, right) => left.in_flight - right.in_flight);
  const compared = programs.filter((program) => program !== 'reference');
  const ratioRows = compared.flatMap((program) => ratios(turns, program).map((one) => ratioCells(program, one)));
  const gateway = turns.filter((turn) => turn.program === 'gateway');
  const peak_resident_mb = median(gateway.map((turn) => turn.peak_resident_mb));
  const event_loop_delay_ms = median(gateway.map((turn) => turn.event_loop_delay_ms ?? Number.NaN));
  return {
    scenario: 'orders',
    errors: turns.flatMap((turn) => turn.errors),
    figures: {
      rounds: options.rounds,
      seconds: options.seconds,
      medians: rows,
      ratios: Object.fromEntries(compared.map((program) => [program, ratios(turns, program)])),
      peak_resident_mb,
      event_loop_delay_ms,
      turns,
    },
    table: [...table(heading('orders'), [...rows.map(cells), ...ratioRows]), ...payTypeTable(medians(turns, MIXED))],
    verdicts:
      gateway.length === 0
        ? []
        : [
            ...ratios(turns, 'gateway').flatMap((one): readonly Verdict[] => [
              atLeast(`orders/s by the reference's, ${one.in_flight} in flight`, one.per_second, 0.8),
              atMost(`CPU per order by the reference's, ${one.in_flight} in flight`, one.cpu_per_call, 1.25),
            ]),
            atMost('gateway peak RSS, MB', peak_resident_mb, 250),
            atMost('gateway event loop blocked at most, ms', event_loop_delay_ms, 20),
          ],
  };
}

/** Each pay type of the mixed turns; they took turns, so that their numbers are the same and their times are what differs. */
function payTypeTable(mixed: readonly Measured[]): readonly string[] {
  if (mixed.length === 0) return [];
  const rows = mixed.flatMap((one) =>
    Object.entries(one.by_pay_type).map(([code, { p50_ms, p99_ms, succeeded }]) => [
      code,
      String(one.in_flight),
      shown(succeeded, 0),
      shown(p50_ms, 1),
      shown(p99_ms, 1),
    ]),
  );
  return ['', ...table(['pay type, mixed', 'in flight', 'orders', 'p50 ms', 'p99 ms'], rows)];
}
