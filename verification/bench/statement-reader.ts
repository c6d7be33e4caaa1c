import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { createPool } from '../../gateway/src/channels/bank/number-pool.ts';
import { createMetrics } from '../../gateway/src/metrics.ts';
import { CircuitBreakers } from '../../gateway/src/operations/circuit-breaker.ts';
import { createDirectory } from '../../gateway/src/operations/directory.ts';
import type { Gateway } from '../../gateway/src/operations/gateway.ts';
import { takeBankFile } from '../../gateway/src/operations/take-bank-file.ts';
import { systemPorts } from '../../gateway/src/outbound/system-ports.ts';
import { openDatabase } from '../../gateway/src/storage/database.ts';
import { createSealer } from '../../gateway/src/storage/seal.ts';
import { createStore } from '../../gateway/src/storage/store.ts';
import { serveCommands } from './child.ts';

/** A process that takes one statement as the gateway's job does, and tells how long it took and how much memory it needed. */

export interface StatementRun {
  readonly database_url: string;
  readonly path: string;
  readonly account_id: string;
  readonly settlement_account: string;
}

export interface StatementRunReport {
  readonly seconds: number;
  /** The most this process ever held, in MiB, and before it began. */
  readonly peak_mib: number;
  readonly before_mib: number;
  readonly outcome: string;
  readonly entries: number;
  readonly counts: Readonly<Record<string, number>>;
}

const peakMib = (): number => process.resourceUsage().maxRSS / 1024;

async function run(command: StatementRun): Promise<StatementRunReport> {
  const database = openDatabase({ url: command.database_url, max_connections: 4 });
  const ports = systemPorts();
  const store = createStore(database, database, createSealer(randomBytes(32), randomBytes));
  const metrics = createMetrics();
  const gateway: Gateway = {
    ports,
    store,
    directory: createDirectory(store.configuration, ports, 1_000, () => undefined),
    breakers: new CircuitBreakers(ports.clock, () => undefined),
    metrics,
    log: pino({ level: 'silent' }),
    public_url: '',
    link_key: randomBytes(32),
    wakeJobs: () => undefined,
  };
  const numbers = {
    pool: createPool({ prefix: '9902', first: 1, last: 1, digits: 1, check_digit: 'none' }, false),
    quarantine_ms: 0,
    close_paid_after_ms: 0,
    warn_below: 0,
    settlement_account: command.settlement_account,
    readPush: () => ({ kind: 'rejected', reason: 'none' }) as const,
  };
  const before_mib = peakMib();
  const started_ms = performance.now();
  const account = { account_id: command.account_id, numbers };
  const result = await takeBankFile(gateway, account, { path: command.path, name: 'statement.xml' });
  const seconds = (performance.now() - started_ms) / 1000;
  await database.close();
  await ports.close();
  metrics.close();
  const [statement] = result.outcome === 'done' ? result.statements : [];
  return {
    seconds,
    peak_mib: peakMib(),
    before_mib,
    outcome: result.outcome,
    entries: statement?.entries ?? 0,
    counts: { ...statement?.counts },
  };
}

serveCommands({ run });
