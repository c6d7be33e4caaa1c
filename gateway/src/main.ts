/** The composition root: the only file that knows every part. */
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import type { Config, Role } from './config.ts';
import { buildApp } from './http/app.ts';
import { bankFiles } from './jobs/bank-files.ts';
import { bankReturns } from './jobs/bank-returns.ts';
import { bankUpkeep } from './jobs/bank-upkeep.ts';
import { deliverNotifications } from './jobs/deliver-notifications.ts';
import { resolveOrders } from './jobs/resolve-orders.ts';
import { resolveRefunds } from './jobs/resolve-refunds.ts';
import { createRunner, JOB_POLL_MS, type JobLoop, type Runner } from './jobs/runner.ts';
import { readOrMakeMasterKey } from './master-key.ts';
import { createMetrics } from './metrics.ts';
import { createGuardedClient } from './notifications/guarded-client.ts';
import { CircuitBreakers, CIRCUIT_LEVELS } from './operations/circuit-breaker.ts';
import { CONFIGURATION_POLL_MS, createDirectory } from './operations/directory.ts';
import type { Gateway } from './operations/gateway.ts';
import { deriveLinkKey } from './operations/payment-links.ts';
import { DeferredPlatformSigner, readPlatformKey } from './operations/sign-answer.ts';
import { systemPorts } from './outbound/system-ports.ts';
import type { Clock, HttpClient, Ports } from './ports.ts';
import { DatabaseUnavailable } from './domain/unavailable.ts';
import { openDatabase, type Database } from './storage/database.ts';
import { migrate } from './storage/migrate.ts';
import { createSealer } from './storage/seal.ts';
import { createStore, type Store } from './storage/store.ts';

export interface Parts {
  readonly ports: Ports;
  readonly database: Database;
  /** The same database for statements whose loss in a power cut does no harm. */
  readonly relaxed: Database;
  readonly master_key: Buffer;
  /** The guarded client: merchants choose these URLs. */
  readonly notify_http: HttpClient;
  readonly public_url: string;
  readonly log: Logger;
  readonly role: Role;
  readonly max_body_bytes: number;
  readonly rates: { readonly merchant: number; readonly address: number };
  readonly trusted_proxies: readonly string[];
  readonly metrics_token: string | null;
  /** Where banks leave their files, a folder for each account; absent: no files are read. */
  readonly bank_folder?: string;
  /** Merchants' requests that this process may be busy with, those waiting for a channel not counted. */
  readonly max_busy_requests: number;
  /** A simulation of days polls less often than a process of today. */
  readonly poll_ms: { readonly jobs: number; readonly configuration: number };
}

export interface Assembled {
  readonly app: FastifyInstance;
  readonly gateway: Gateway;
  readonly runner: Runner;
  /** Reads the platform key and starts the jobs of this role. */
  open(): Promise<void>;
  /** Says from now on that it is not ready, and lets go of every connection it answers on, while it goes on serving. */
  leave(): void;
  /** Takes no more work and finishes what it took. */
  close(): Promise<void>;
}

/** A call that has not been answered by then waits for its channel; before, it may as well wait for this process to read the answer. */
const SLOW_CALL_MS = 250;

/** Counts the calls that wait for a channel: a slow channel must not make the gateway look busy. */
function counting(http: HttpClient, clock: Clock, waiting: { count: number }): HttpClient {
  return {
    async send(request) {
      let slow = false;
      const timer = clock.setTimer(SLOW_CALL_MS, () => {
        slow = true;
        waiting.count += 1;
      });
      try {
        return await http.send(request);
      } finally {
        timer.cancel();
        if (slow) waiting.count -= 1;
      }
    },
  };
}

/** A database that has not answered by then is of no use to a merchant; who asks whether we are ready will not wait longer. */
const READY_PATIENCE_MS = 2_000;

/** Whether the database answers, within a time that is told before those who ask give up by themselves. */
async function answersInTime(store: Store, clock: Clock): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = clock.setTimer(READY_PATIENCE_MS, () => late.resolve(false));
  const answered = store.ping().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answered, late.promise]);
  } finally {
    timer.cancel();
  }
}

function jobLoops(parts: Parts, platform: DeferredPlatformSigner): JobLoop[] {
  const { notify_http, bank_folder } = parts;
  return [
    resolveOrders(),
    resolveRefunds,
    deliverNotifications(notify_http, platform),
    bankUpkeep(),
    bankReturns(),
    ...(bank_folder === undefined ? [] : [bankFiles(bank_folder)]),
  ];
}

/** Puts the parts together; nothing listens and nothing runs yet. */
export function assemble(parts: Parts): Assembled {
  const { log } = parts;
  const waiting = { count: 0 };
  const ports: Ports = { ...parts.ports, http: counting(parts.ports.http, parts.ports.clock, waiting) };
  const store = createStore(
    parts.database,
    parts.relaxed,
    createSealer(parts.master_key, (length) => ports.random.bytes(length)),
  );
  const metrics = createMetrics();
  const platform = new DeferredPlatformSigner(ports.signer);
  const directory = createDirectory(store.configuration, ports, parts.poll_ms.configuration, (error) =>
    log.warn({ err: error }, 'configuration could not be read'),
  );
  const breakers = new CircuitBreakers(ports.clock, (account, state) =>
    metrics.circuits.set({ account }, CIRCUIT_LEVELS[state]),
  );
  const gateway: Gateway = {
    ports,
    store,
    directory,
    breakers,
    metrics,
    log,
    public_url: parts.public_url,
    link_key: deriveLinkKey(parts.master_key),
    wakeJobs: (...work) => runner.wake(work),
  };
  let leaving = false;
  const loops = parts.role === 'api' ? [] : jobLoops(parts, platform);
  const runner = createRunner(() => gateway, loops, parts.poll_ms.jobs);
  const app = buildApp({
    gateway,
    platform,
    busyElsewhere: () => waiting.count,
    max_busy_requests: parts.max_busy_requests,
    opened: () => platform.opened,
    leaving: () => leaving,
    notReady: async () => {
      if (leaving) return 'the gateway is about to end';
      if (!platform.opened) return 'the database has not answered yet';
      return (await answersInTime(store, ports.clock)) ? null : 'the database does not answer';
    },
    max_body_bytes: parts.max_body_bytes,
    rates: parts.rates,
    trusted_proxies: parts.trusted_proxies,
    metrics_token: parts.metrics_token,
  });
  return {
    app,
    gateway,
    runner,
    async open() {
      platform.give(await readPlatformKey(store.configuration, ports));
      await directory.refresh();
      directory.start();
      runner.start();
    },
    leave() {
      leaving = true;
    },
    async close() {
      await app.close();
      await runner.stop();
      directory.stop();
      metrics.close();
    },
  };
}

export interface RunningGateway {
  readonly url: string;
  /** Resolves once requests are served; rejects when they never will be (a wrong master key, a changed migration). */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const DATABASE_RETRY_MS = 1_000;

/** How long connections are given to say goodbye, within the time of a stop. */
const LAST_WORDS_MS = 2_000;

/** Paths under which a secret could ever come into a log line. */
const REDACTED = [
  'secrets',
  '*.secrets',
  'password',
  '*.password',
  'authorization',
  '*.authorization',
  'req',
  'res',
  'err.config',
];

/** An error without what a driver adds to it: PostgreSQL's `detail` quotes the row. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: 'not an error' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { type: error.name, message: error.message, code, stack: error.stack };
}

/** The logger of a process: JSON lines on standard error. */
export function createLog(level: Config['log_level']): Logger {
  return pino(
    { level, serializers: { err: plainError }, redact: { paths: REDACTED, remove: true }, base: null },
    pino.destination({ fd: 2, sync: false }),
  );
}

/**
 * Starts a gateway: it listens at once, waits for its database, brings the schema up to date and serves.
 *
 * @param database_url `config.database_url`, or that of the embedded server
 */
export async function startGateway(config: Config, database_url: string): Promise<RunningGateway> {
  const log = createLog(config.log_level);
  const ports = systemPorts();
  const notify_http = createGuardedClient({ allow_loopback: config.limits.notify_allow_loopback, clock: ports.clock });
  const open = (relaxed_durability: boolean): Database =>
    openDatabase({ url: database_url, max_connections: config.limits.database_connections, relaxed_durability });
  const database = open(false);
  const relaxed = open(true);
  const assembled = assemble({
    ports,
    database,
    relaxed,
    master_key: config.master_key ?? (await readOrMakeMasterKey(config.home)),
    notify_http,
    public_url: config.public_url,
    log,
    role: config.role,
    max_body_bytes: config.limits.max_body_bytes,
    rates: {
      merchant: config.limits.merchant_requests_per_second,
      address: config.limits.address_requests_per_second,
    },
    trusted_proxies: config.trusted_proxies,
    metrics_token: config.metrics_token,
    bank_folder: join(config.home, 'bank'),
    max_busy_requests: config.limits.max_busy_requests,
    poll_ms: { jobs: JOB_POLL_MS, configuration: CONFIGURATION_POLL_MS },
  });
  let closing = false;
  const url = await assembled.app.listen({ host: config.host, port: config.port });
  const ready = becomeReady(assembled, database_url, log, () => closing);
  let is_ready = false;
  ready.then(
    () => (is_ready = true),
    () => undefined,
  );
  return {
    url,
    ready,
    async close() {
      const { clock } = ports;
      if (is_ready && config.limits.drain_ms > 0) {
        assembled.leave();
        await new Promise<void>((resolve) => clock.setTimer(config.limits.drain_ms, resolve));
      }
      closing = true;
      const limit_ms = config.limits.shutdown_timeout_ms;
      const last_words_ms = Math.min(LAST_WORDS_MS, limit_ms / 4);
      // One deadline over everything: a database or a peer that has gone silent must not keep the process.
      const stuck = new Promise<void>((resolve) => {
        const timer = clock.setTimer(limit_ms - last_words_ms, () => {
          log.error('work that had begun did not finish in time; what was left undone is resumed at the next start');
          assembled.app.server.closeAllConnections();
          resolve();
        });
        void assembled.close().finally(() => {
          timer.cancel();
          resolve();
        });
      });
      await stuck;
      const ended = Promise.allSettled([database.close(), relaxed.close(), notify_http.close(), ports.close()]);
      await Promise.race([ended, new Promise<void>((resolve) => setTimeout(resolve, last_words_ms).unref())]);
    },
  };
}

/** Start order does not matter: a database that is not there yet is waited for. */
async function becomeReady(
  assembled: Assembled,
  database_url: string,
  log: Logger,
  closing: () => boolean,
): Promise<void> {
  for (let attempt = 1; !closing(); attempt += 1) {
    try {
      await migrate(database_url);
      await assembled.open();
      return;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      if (attempt === 1) log.warn('the database does not answer yet: waiting for it');
      await new Promise<void>((resolve) => assembled.gateway.ports.clock.setTimer(DATABASE_RETRY_MS, resolve));
    }
  }
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  '57P03',
  '57P01',
  '53300',
]);

function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && UNREACHABLE.has(code);
}
