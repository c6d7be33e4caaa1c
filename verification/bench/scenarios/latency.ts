import type { Bench } from '../bench.ts';
import { loadErrors } from '../bench.ts';
import { startChild } from '../child.ts';
import type { DirectLoop, DirectReport, DirectSettings } from '../direct-client.ts';
import { atMost, median } from '../figures.ts';
import type { LoadReport } from '../load.ts';
import type { MerchantSettings } from '../merchant-calls.ts';
import type { Program } from '../program.ts';
import { shown, table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';

/**
 * What the gateway adds to a call: the same merchant, the same channel stub, once through the gateway and once directly
 * by the npm client, at a rate far below what either can do. Each merchant signs and verifies inside the measured time.
 */

export interface LatencyOptions {
  readonly rate: number;
  readonly seconds: number;
  readonly warm_up_seconds: number;
  readonly rounds: number;
  readonly merchant: MerchantSettings;
  readonly startGateway: () => Promise<Program>;
  readonly progress: (line: string) => void;
}

interface Round {
  readonly direct: DirectReport;
  readonly gateway: LoadReport;
}

export async function measureLatency(bench: Bench, options: LatencyOptions): Promise<ScenarioReport> {
  const program = await options.startGateway();
  const direct = await startChild(new URL('../direct-client.ts', import.meta.url));
  try {
    await direct.call('start', {
      channel_url: bench.channel_url,
      channel_private_key: bench.keys.channel_merchant.private_key,
      wechat_public_key: bench.keys.wechat.public_key,
      wechat_serial: bench.keys.wechat_serial,
    } satisfies DirectSettings);
    await bench.prepare('latency', 0, options.merchant);
    const throughGateway = (seconds: number): Promise<LoadReport> => {
      const { url, platform_public_key } = program;
      const { rate } = options;
      return bench.openLoop({ stock: 'latency', url, skip: 0, seconds, rate, whole_call: true, platform_public_key });
    };
    const directly = (seconds: number): Promise<DirectReport> =>
      direct.call<DirectReport>('openLoop', { rate: options.rate, seconds } satisfies DirectLoop);
    await directly(options.warm_up_seconds);
    await throughGateway(options.warm_up_seconds);
    await bench.settle(program);
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      rounds.push({ direct: await directly(options.seconds), gateway: await throughGateway(options.seconds) });
      options.progress(`round ${round}: ${describe(rounds.at(-1))}`);
    }
    return report(options, rounds);
  } finally {
    await direct.stop();
    await program.stop();
  }
}

function describe(round: Round | undefined): string {
  if (round === undefined) return '';
  const { direct, gateway } = round;
  return `direct p50 ${shown(direct.p50_ms, 1)} p99 ${shown(direct.p99_ms, 1)}, gateway p50 ${shown(gateway.p50_ms, 1)} p99 ${shown(gateway.p99_ms, 1)} ms`;
}

function report(options: LatencyOptions, rounds: readonly Round[]): ScenarioReport {
  const of = (figure: (round: Round) => number): number => median(rounds.map(figure));
  const medians = {
    direct: { p50_ms: of((round) => round.direct.p50_ms), p99_ms: of((round) => round.direct.p99_ms) },
    gateway: { p50_ms: of((round) => round.gateway.p50_ms), p99_ms: of((round) => round.gateway.p99_ms) },
    added: {
      p50_ms: of((round) => round.gateway.p50_ms - round.direct.p50_ms),
      p99_ms: of((round) => round.gateway.p99_ms - round.direct.p99_ms),
    },
  };
  return {
    scenario: 'latency',
    figures: { rate: options.rate, seconds: options.seconds, medians, rounds },
    table: table(
      [`${options.rate} orders/s`, 'p50 ms', 'p99 ms'],
      Object.entries(medians).map(([name, one]) => [name, shown(one.p50_ms, 1), shown(one.p99_ms, 1)]),
    ),
    verdicts: [
      atMost('added latency p50, ms', medians.added.p50_ms, 8),
      atMost('added latency p99, ms', medians.added.p99_ms, 30),
    ],
    errors: rounds.flatMap((round) => [
      ...loadErrors('through the gateway', round.gateway),
      ...(round.gateway.refused > 0 ? [`through the gateway: ${round.gateway.refused} × HTTP 503`] : []),
      ...Object.entries(round.direct.errors).map(([kind, count]) => `directly: ${count} × ${kind}`),
    ]),
  };
}
