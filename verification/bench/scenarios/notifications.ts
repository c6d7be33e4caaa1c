import type { Bench } from '../bench.ts';
import { loadErrors } from '../bench.ts';
import type { Child } from '../child.ts';
import { startChild } from '../child.ts';
import { atLeast, median } from '../figures.ts';
import type { MerchantSettings } from '../merchant-calls.ts';
import type { Arrivals, ArrivalsExpected } from '../merchant-server.ts';
import type { NotificationRun, NotificationRunReport } from '../notification-reference.ts';
import type { BenchGateway } from '../gateway-program.ts';
import { shown, table } from '../report.ts';
import type { ScenarioReport } from '../report.ts';

/**
 * Due notifications, all at once. They come about as in life: orders are placed through an API node and paid by signed
 * callbacks, while no worker runs; then a worker starts, and a merchant's server measures from the first to the last.
 */

export interface NotificationsOptions {
  readonly count: number;
  readonly concurrency: number;
  readonly rounds: number;
  readonly merchant: MerchantSettings;
  /** The merchant's server, `merchant-server.ts`, already started. */
  readonly receiver: Child;
  readonly gateway: BenchGateway;
  /** Where the reference runs: the same variables as the gateway. */
  readonly environment: Readonly<Record<string, string>>;
  readonly progress: (line: string) => void;
}

const PLACING_IN_FLIGHT = 32;
const SLOWEST_RATE = 20;

interface Round {
  readonly reference_per_second: number;
  readonly gateway_per_second: number;
}

export async function measureNotifications(bench: Bench, options: NotificationsOptions): Promise<ScenarioReport> {
  const rounds: Round[] = [];
  const errors: string[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const reference = await runReference(bench, options);
    const gateway = await runGateway(bench, options, errors);
    errors.push(
      ...arrivalErrors('reference', reference, options.count),
      ...arrivalErrors('gateway', gateway, options.count),
    );
    const measured = {
      reference_per_second: (reference.received - 1) / reference.seconds,
      gateway_per_second: (gateway.received - 1) / gateway.seconds,
    };
    rounds.push(measured);
    options.progress(
      `round ${round}: reference ${shown(measured.reference_per_second, 0)}/s, gateway ${shown(measured.gateway_per_second, 0)}/s`,
    );
  }
  return report(options, rounds, errors);
}

async function runReference(bench: Bench, options: NotificationsOptions): Promise<Arrivals> {
  await expectArrivals(options, bench.keys.platform.public_key);
  const reference = await startChild(new URL('../notification-reference.ts', import.meta.url), options.environment);
  try {
    const command: NotificationRun = {
      url: options.merchant.notify_url,
      count: options.count,
      concurrency: options.concurrency,
      platform_private_key: bench.keys.platform.private_key,
    };
    await reference.call<NotificationRunReport>('run', command);
    return await options.receiver.call<Arrivals>('arrivals');
  } finally {
    await reference.stop();
  }
}

async function runGateway(bench: Bench, options: NotificationsOptions, errors: string[]): Promise<Arrivals> {
  await makeDue(bench, options, errors);
  await expectArrivals(options, options.merchant.platform_public_key);
  const worker = await options.gateway.start('worker');
  try {
    return await options.receiver.call<Arrivals>('arrivals');
  } finally {
    await worker.stop();
  }
}

async function makeDue(bench: Bench, options: NotificationsOptions, errors: string[]): Promise<void> {
  const api = await options.gateway.startFresh('api');
  try {
    await bench.prepare('notifications', options.count, options.merchant);
    await bench.rememberOrders();
    const { url, platform_public_key } = api;
    const seconds = options.count / SLOWEST_RATE;
    const load = await bench.closedLoop({
      stock: 'notifications',
      url,
      skip: 0,
      seconds,
      in_flight: PLACING_IN_FLIGHT,
      platform_public_key,
    });
    errors.push(...loadErrors('placing orders', load));
    const paid = await bench.payRemembered();
    errors.push(...Object.entries(paid.refused).map(([kind, count]) => `callbacks: ${count} × HTTP ${kind}`));
    if (paid.acknowledged !== options.count)
      errors.push(`callbacks: ${paid.acknowledged} of ${options.count} acknowledged`);
    await bench.settle(api);
  } finally {
    await api.stop();
  }
}

async function expectArrivals(options: NotificationsOptions, platform_public_key: string): Promise<void> {
  const timeout_ms = 30_000 + (options.count / SLOWEST_RATE) * 1000;
  await options.receiver.call('expect', {
    count: options.count,
    platform_public_key,
    timeout_ms,
  } satisfies ArrivalsExpected);
}

function arrivalErrors(who: string, arrivals: Arrivals, count: number): readonly string[] {
  return [
    ...(arrivals.received === count ? [] : [`${who}: ${arrivals.received} of ${count} notifications came`]),
    ...(arrivals.repeated === 0 ? [] : [`${who}: ${arrivals.repeated} notifications came again although answered`]),
    ...(arrivals.wrong === 0 ? [] : [`${who}: ${arrivals.wrong} notifications not signed by the platform`]),
  ];
}

function report(options: NotificationsOptions, rounds: readonly Round[], errors: readonly string[]): ScenarioReport {
  const ratio = median(rounds.map((round) => round.gateway_per_second / round.reference_per_second));
  const reference = median(rounds.map((round) => round.reference_per_second));
  const gateway = median(rounds.map((round) => round.gateway_per_second));
  return {
    scenario: 'notifications',
    figures: { count: options.count, concurrency: options.concurrency, reference, gateway, ratio, rounds },
    table: table(
      ['program', 'notifications/s'],
      [
        ['reference', shown(reference, 0)],
        ['gateway', shown(gateway, 0)],
      ],
    ),
    verdicts: [atLeast('notifications/s of the reference', ratio, 0.8)],
    errors,
  };
}
