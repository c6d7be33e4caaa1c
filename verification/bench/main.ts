import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { signingEnvironment } from '../../gateway/src/supervisor/openssl-path.ts';
import { USAGE, UsageProblem, readArguments } from './arguments.ts';
import type { BenchArguments, Scenario } from './arguments.ts';
import { Bench } from './bench.ts';
import { startChild } from './child.ts';
import { NoRoom, assertRoom } from './copies/disk.ts';
import { BENCH_CONCURRENCY, prepareGateway } from './gateway-program.ts';
import type { BenchGateway } from './gateway-program.ts';
import { benchPayTypes } from './pay-types.ts';
import { startReference } from './program.ts';
import { reportLines } from './report.ts';
import type { ScenarioReport } from './report.ts';
import { measureLatency } from './scenarios/latency.ts';
import { measureNotifications } from './scenarios/notifications.ts';
import { measureOrders } from './scenarios/orders.ts';
import { measureOverload } from './scenarios/overload.ts';
import { measureQuery } from './scenarios/query.ts';
import { measureScale } from './scenarios/scale.ts';
import { measureStartup } from './scenarios/startup.ts';
import { measureStatement } from './scenarios/statement.ts';

/** `npm run bench`: figures of the gateway, each beside the reference program's of the same run. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Somebody has ended the bench before it was through. */
class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Paid orders that "query" asks for, by turns. */
const QUERIED_ORDERS = 20_000;

/** Enough for both cores to be busy, too few for a long queue to hide what the database costs. */
const SCALE_IN_FLIGHT = 16;

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options.scenarios.includes('scale')) await assertRoom(tmpdir(), options.rows);
  const folder = await mkdtemp(join(tmpdir(), 'heliu-bench-home-'));
  const reports: ScenarioReport[] = [];
  let machine: Readonly<Record<string, unknown>> = {};
  try {
    const measured = options.scenarios.filter((scenario) => scenario !== 'startup' && scenario !== 'statement');
    // What `heliu serve` gives its own process, under the same home: the reference gets no less.
    const environment = {
      ...(await signingEnvironment(folder, process.env)),
      NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
    };
    machine = describeMachine(environment);
    if (measured.length > 0) reports.push(...(await measureAll(measured, options, folder, environment)));
    if (options.scenarios.includes('startup')) {
      reports.push(await measureStartup({ rounds: options.rounds, progress }));
      print(options, reports.at(-1));
    }
    if (options.scenarios.includes('statement')) {
      reports.push(await measureStatement({ rounds: options.rounds, progress }));
      print(options, reports.at(-1));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ machine, reports }, null, 2)}\n`);
  if (reports.some((report) => report.errors.length > 0)) process.exitCode = 1;
}

async function measureAll(
  scenarios: readonly Scenario[],
  options: BenchArguments,
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<readonly ScenarioReport[]> {
  const bench = await Bench.open();
  // The end of the server ends whatever is being measured, by an error; then everything is removed.
  let is_interrupted = false;
  const interrupted = (): void => {
    is_interrupted = true;
    progress('interrupted: cleaning up …');
    void bench.server.stop();
  };
  for (const signal of SIGNALS) process.once(signal, interrupted);
  const receiver = await startChild(new URL('./merchant-server.ts', import.meta.url));
  const reports: ScenarioReport[] = [];
  try {
    const { url: notify_url } = await receiver.call<{ readonly url: string }>('start');
    const gateway = await prepareGateway(bench, { home: folder, notify_url, profile: options.profile });
    const run: Readonly<Record<Exclude<Scenario, 'startup' | 'statement'>, () => Promise<ScenarioReport>>> = {
      orders: () => orders(bench, gateway, options, environment),
      query: () =>
        measureQuery(bench, {
          ...common(gateway, options),
          in_flight: options.in_flight,
          orders: QUERIED_ORDERS,
          environment,
          gateway,
        }),
      notifications: () =>
        measureNotifications(bench, {
          ...common(gateway, options),
          count: options.count,
          concurrency: BENCH_CONCURRENCY,
          receiver,
          environment,
          gateway,
        }),
      latency: () =>
        measureLatency(bench, {
          ...common(gateway, options),
          rate: options.rate,
          startGateway: () => gateway.startFresh('all'),
        }),
      overload: () =>
        measureOverload(bench, { ...common(gateway, options), startGateway: () => gateway.startFresh('all') }),
      scale: () =>
        measureScale(bench, { ...common(gateway, options), rows: options.rows, in_flight: SCALE_IN_FLIGHT, gateway }),
    };
    for (const scenario of scenarios) {
      if (scenario === 'startup' || scenario === 'statement') continue;
      progress(`${scenario} …`);
      reports.push(await run[scenario]());
      print(options, reports.at(-1));
    }
    return reports;
  } catch (problem) {
    throw is_interrupted ? new Interrupted() : problem;
  } finally {
    for (const signal of SIGNALS) process.removeListener(signal, interrupted);
    await receiver.stop();
    await bench.close();
  }
}

function common(gateway: BenchGateway, options: BenchArguments) {
  const { seconds, warm_up_seconds, rounds } = options;
  return { seconds, warm_up_seconds, rounds, merchant: gateway.merchant, progress };
}

async function orders(
  bench: Bench,
  gateway: BenchGateway,
  options: BenchArguments,
  environment: Readonly<Record<string, string>>,
): Promise<ScenarioReport> {
  const { keys, channel_url } = bench;
  const { merchant_id } = gateway.merchant;
  const startReferenceFresh = async () => {
    const database_url = await bench.server.freshDatabase('reference');
    return startReference({ keys, merchant_id, database_url, channel_url, environment });
  };
  return measureOrders(bench, {
    ...common(gateway, options),
    in_flight: options.in_flight,
    startReference: startReferenceFresh,
    startGateway: options.only_reference ? null : () => gateway.startFresh('all'),
    mixed: options.pay_types === 'all' ? benchPayTypes() : [],
  });
}

function describeMachine(environment: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return {
    cores: cpus().length,
    node: process.version,
    openssl: process.versions.openssl,
    openssl_path: environment['OPENSSL_ia32cap'] === undefined ? 'usual' : 'without ADX',
  };
}

function progress(line: string): void {
  process.stderr.write(`   ${line}\n`);
}

function print(options: BenchArguments, report: ScenarioReport | undefined): void {
  if (report === undefined) return;
  const text = `${reportLines(report).join('\n')}\n`;
  if (options.json) process.stderr.write(text);
  else process.stdout.write(text);
}

try {
  await main();
} catch (problem) {
  if (problem instanceof UsageProblem) process.stderr.write(`${problem.message}\n\n${USAGE}`);
  else if (problem instanceof NoRoom) process.stderr.write(`${problem.message}\n`);
  else if (!(problem instanceof Interrupted)) throw problem;
  process.exitCode = problem instanceof Interrupted ? 130 : 2;
}
