import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { localUrl } from '../../gateway/src/config.ts';
import type { Config } from '../../gateway/src/config.ts';
import { startEmbeddedPostgres } from '../../gateway/src/embedded/postgres.ts';
import { takeProcessLock } from '../../gateway/src/embedded/process-lock.ts';
import { DATA_FOLDER } from '../../gateway/src/embedded/running-server.ts';
import { StartupProblem } from '../../gateway/src/embedded/startup-problem.ts';
import { readOrMakeMasterKey } from '../../gateway/src/master-key.ts';
import { migrate } from '../../gateway/src/storage/migrate.ts';
import { signingEnvironment } from '../../gateway/src/supervisor/openssl-path.ts';
import { startChild } from './child.ts';
import type { Child, ChildOptions } from './child.ts';
import { readOrMakeCredentials } from './credentials.ts';
import { requireFreePorts } from './free-ports.ts';
import { writePrivateFile } from './private-file.ts';
import { provision } from './provision.ts';
import { RunningParts } from './running-parts.ts';
import { SANDBOX_FILE, readAnnouncement } from './sandbox-file.ts';
import type { SandboxFile } from './sandbox-file.ts';
import { openShop, shopEnvironment, shopUrl } from './shop.ts';

/** A sandbox in which everything answers. */
export interface Sandbox {
  readonly file: SandboxFile;
  /** Resolves when a part ended without being asked to; says which and how. */
  readonly broken: Promise<string>;
  /** Ends every part, the last started first, and waits for their end. */
  stop(): Promise<void>;
  /** Ends every process at once, without waiting for work that has begun. */
  kill(): void;
}

/** How long a part may take until it answers. */
const PATIENCE_ms = 60_000;

/** Beyond what the gateway gives its own work when it stops. */
const STOP_MARGIN_ms = 5_000;

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Starts database, simulators, gateway and demo shop, provisions what a demo merchant needs, writes `sandbox.json` and resolves when
 * everything answers. The same HELIU_HOME brings the same data and credentials back.
 *
 * @param environment of this process; children get it with what they need on top
 * @param signal ends the start
 * @throws StartupProblem, MigrationMismatch or ConfigError with a sentence to show; nothing is left running
 */
export async function startSandbox(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Sandbox> {
  const parts = new RunningParts();
  try {
    await lockHome(config.home, parts);
    await requireFreePorts(config.host, config.port);
    const master_key = config.master_key ?? (await readOrMakeMasterKey(config.home));
    const [shop, gateway, database_url, simulators, credentials] = await allOrNothing([
      startShopProcess(config, environment, parts),
      startGatewayProcess(config, environment, master_key, parts),
      startDatabase(config, parts),
      startSimulators(config, environment, parts, signal),
      readOrMakeCredentials(join(config.home, 'sandbox-credentials.json')),
    ]);
    signal.throwIfAborted();
    const { platform_public_key, pay_types } = await provision({
      config,
      database_url,
      master_key,
      credentials,
      simulators,
    });
    gateway.send({ database_url });
    await announcement(gateway, signal);

    const url = localUrl(config.host, config.port);
    const file: SandboxFile = {
      gateway: { url, platform_public_key },
      merchant: credentials.merchant,
      console: credentials.console,
      simulators,
      shop: { url: shopUrl(config) },
    };
    openShop(shop, file, pay_types);
    await announcement(shop, signal);
    await writePrivateFile(join(config.home, SANDBOX_FILE), `${JSON.stringify(file, null, 2)}\n`);
    return { file, broken: parts.broken, stop: () => parts.stop(), kill: () => parts.kill() };
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

async function lockHome(home: string, parts: RunningParts): Promise<void> {
  const lock = await mkdir(join(home, 'logs'), { recursive: true, mode: 0o711 })
    .then(() => takeProcessLock(join(home, 'sandbox.lock')))
    .catch((cause: unknown) => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartupProblem(
        `HELIU_HOME ${home} cannot be written: ${reason}. Set HELIU_HOME to a folder of your own.`,
      );
    });
  if ('held_by' in lock) {
    throw new StartupProblem(
      `A sandbox runs on ${home} already, as process ${lock.held_by}. Stop it, or set HELIU_HOME and PORT to start another beside it.`,
    );
  }
  parts.add({ stop: () => lock.release() });
}

async function startGatewayProcess(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  master_key: Buffer,
  parts: RunningParts,
): Promise<Child> {
  const child = await startChild({
    ...childOptions(config, 'gateway', 'sandbox/src/gateway-process.ts'),
    env: {
      ...environment,
      ...(await signingEnvironment(config.home, environment)),
      HELIU_HOME: config.home,
      HELIU_MASTER_KEY: master_key.toString('base64'),
      HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
    },
  });
  parts.addChild(child);
  return child;
}

async function startShopProcess(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  parts: RunningParts,
): Promise<Child> {
  const child = await startChild({
    ...childOptions(config, 'shop', 'demos/shop/src/main.ts'),
    env: shopEnvironment(config, environment),
  });
  parts.addChild(child);
  return child;
}

async function startDatabase(config: Config, parts: RunningParts): Promise<string> {
  if (config.database_url !== null) {
    await migrateOrExplain(config.database_url);
    return config.database_url;
  }
  const log: string[] = [];
  const postgres = await startEmbeddedPostgres({
    data_directory: join(config.home, DATA_FOLDER),
    port: 0,
    log: (line) => {
      log.push(line);
      if (log.length > 100) log.shift();
    },
  });
  parts.add({
    stop: () => postgres.stop(),
    broken: postgres.ended.then(() => `The database ended:\n${log.join('\n')}`),
  });
  await migrate(postgres.url);
  return postgres.url;
}

async function migrateOrExplain(database_url: string): Promise<void> {
  await migrate(database_url).catch((cause: unknown) => {
    const is_network = cause instanceof Error && 'syscall' in cause;
    if (!is_network) throw cause;
    throw new StartupProblem(
      `The database of DATABASE_URL cannot be reached: ${cause.message}. Start it, or correct DATABASE_URL.`,
    );
  });
}

async function startSimulators(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  parts: RunningParts,
  signal: AbortSignal,
): Promise<SandboxFile['simulators']> {
  const child = await startChild({
    ...childOptions(config, 'simulators', 'simulators/src/main.ts'),
    env: { ...environment, HELIU_HOME: config.home, HOST: config.host, PORT: String(config.port) },
  });
  parts.addChild(child);
  return readAnnouncement(await announcement(child, signal));
}

function childOptions(config: Config, name: string, program: string): Omit<ChildOptions, 'env'> {
  return {
    name,
    program: join(ROOT, program),
    log_file: join(config.home, 'logs', `${name}.log`),
    patience_ms: config.limits.shutdown_timeout_ms + STOP_MARGIN_ms,
  };
}

/** Waits for the message by which a child says that it serves. */
async function announcement(child: Child, signal: AbortSignal): Promise<unknown> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_ms)]);
  const message = await Promise.race([child.message, once(patience, 'abort').then(() => null)]);
  signal.throwIfAborted();
  if (message === null) throw await failure(child);
  return message;
}

async function failure(child: Child): Promise<StartupProblem> {
  const words = await child.lastWords();
  return new StartupProblem(
    `The ${child.name} did not start. The end of its log:\n${words === '' ? '(empty)' : words}`,
  );
}

/** Like `Promise.all`, but a failure is thrown only when the others have come to an end too, so that all of them can be stopped. */
async function allOrNothing<const Values extends readonly unknown[]>(
  work: Values,
): Promise<{ -readonly [Index in keyof Values]: Awaited<Values[Index]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
