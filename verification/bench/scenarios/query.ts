import type { Bench } from '../bench.ts';
import { copyOrders, paidNumbers } from '../copies/copy-orders.ts';
import type { CopyPlan } from '../copies/copy-orders.ts';
import { makeOriginals } from '../copies/filler.ts';
import { runSql } from '../database-server.ts';
import { atLeast } from '../figures.ts';
import type { BenchGateway } from '../gateway-program.ts';
import { startQueryReference } from '../program.ts';
import { fillQueryReference } from '../query-reference-storage.ts';
import { table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';
import { cells, heading, longestTurn_s, medians, ratioCells, ratios, takeTurns } from '../turns.ts';
import type { Turn } from '../turns.ts';

/** `POST /v2/pay/query` of paid orders in a closed loop, beside a program that does nothing but the essential work of one. */

export interface QueryOptions {
  readonly in_flight: readonly number[];
  readonly seconds: number;
  readonly warm_up_seconds: number;
  readonly rounds: number;
  /** Paid orders to ask for. */
  readonly orders: number;
  readonly gateway: BenchGateway;
  /** Where the reference runs: the same variables as the gateway. */
  readonly environment: Readonly<Record<string, string>>;
  readonly progress: (line: string) => void;
}

/** Queries a second that the stock is made for; a run that uses it up ends earlier and is measured as it was. */
const EXPECTED_RATE = 3_000;
const DAY_MS = 86_400_000;

export async function measureQuery(bench: Bench, options: QueryOptions): Promise<ScenarioReport> {
  const { gateway } = options;
  const { merchant } = gateway;
  const gateway_url = await gateway.freshDatabase('gateway');
  const plan = allPaid(merchant.merchant_id, options.orders);
  await copyOrders(gateway_url, await makeOriginals(bench, gateway), plan, () => undefined);
  const reference_url = await bench.server.freshDatabase('reference');
  await fillQueryReference(gateway_url, reference_url);
  const mch_trade_ids = paidNumbers(plan, options.orders);
  const count = longestTurn_s(options) * EXPECTED_RATE;
  await bench.prepare('queries', count, merchant, { kind: 'queries', mch_trade_ids });
  const reference = { keys: bench.keys, merchant_id: merchant.merchant_id, database_url: reference_url };
  const contestants = [
    {
      name: 'reference',
      stock: 'queries',
      start: () => startQueryReference({ ...reference, environment: options.environment }),
    },
    {
      name: 'gateway',
      stock: 'queries',
      start: async () => {
        // Every turn brings the same requests, nonces included.
        await runSql(gateway_url, 'TRUNCATE nonces');
        return gateway.start('all', gateway_url);
      },
    },
  ];
  const turns = await takeTurns(bench, { ...options, contestants });
  await bench.discard('queries');
  return report(options, turns);
}

/** Paid orders of the one merchant, of the last day. */
function allPaid(merchant_id: string, orders: number): CopyPlan {
  const last_ms = Date.now() - DAY_MS;
  const times = { first_ms: last_ms - DAY_MS, last_ms, jobs_due_ms: last_ms };
  return { orders, shares: { paid: 1 }, undecided: 0, merchant_id, merchant_every: 1, ...times };
}

function report(options: QueryOptions, turns: readonly Turn[]): ScenarioReport {
  const rows = ['reference', 'gateway']
    .flatMap((program) => medians(turns, program))
    .toSorted((left, right) => left.in_flight - right.in_flight);
  const compared = ratios(turns, 'gateway');
  return {
    scenario: 'query',
    errors: turns.flatMap((turn) => turn.errors),
    figures: {
      rounds: options.rounds,
      seconds: options.seconds,
      orders: options.orders,
      medians: rows,
      ratios: compared,
      turns,
    },
    table: table(heading('queries'), [...rows.map(cells), ...compared.map((one) => ratioCells('gateway', one))]),
    verdicts: compared.map((one) =>
      atLeast(`queries/s by the reference's, ${one.in_flight} in flight`, one.per_second, 0.75),
    ),
  };
}
