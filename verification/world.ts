/**
 * A whole Heliu for one test file: gateway with its jobs, both channel simulators and a merchant, over real HTTP on loopback
 * and a database of its own.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readConfig, type Config } from '../gateway/src/config.ts';
import { startGateway, type RunningGateway } from '../gateway/src/main.ts';
import { provision } from '../sandbox/src/provision.ts';
import { startSimulators, type RunningSimulators } from '../simulators/src/start.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { MerchantClient, newTestMerchant, NotifyServer, type Json } from './merchant.ts';

export interface World {
  readonly url: string;
  readonly database_url: string;
  readonly config: Config;
  /** Runs a statement on the database, for what no API shows. */
  sql<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  readonly merchant: MerchantClient;
  readonly notify: NotifyServer;
  readonly simulators: RunningSimulators;
  readonly platform_public_key: string;
  readonly admin: { readonly login_name: string; readonly password: string };
  /** Calls the controls of the simulators; answers what they answered. */
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<{ status: number; body: Json }>;
  /** Logs in as the operator and answers the Authorization token. */
  login(): Promise<string>;
  /** Stops the gateway and starts another on the same database and port. */
  restartGateway(): Promise<void>;
  close(): Promise<void>;
}

/** Short, so that a test of a channel that never answers does not take its usual five seconds. */
const CHANNEL_TIMEOUT_MS = 700;

/** Below what the system gives to connections and to servers that leave the choice to it: nobody takes it meanwhile. */
const PORTS = { first: 20_000, count: 12_000 } as const;

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + randomInt(PORTS.count);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Starts everything; `close` ends it and removes the database and the folder. */
export async function startWorld(environment: Readonly<Record<string, string>> = {}): Promise<World> {
  const database = await createTestDatabase();
  const home = await mkdtemp(join(tmpdir(), 'heliu-world-'));
  const master_key = randomBytes(32);
  const config = readConfig({
    HELIU_HOME: home,
    PORT: String(await freePort()),
    HELIU_MASTER_KEY: master_key.toString('base64'),
    HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
    LOG_LEVEL: 'silent',
    ...environment,
  });
  const simulators = await startSimulators({
    host: '127.0.0.1',
    home,
    control_port: 0,
    wechat_port: 0,
    alipay_port: 0,
    bank_push_url: `http://127.0.0.1:${config.port}/bank/sandbox-bank`,
    bank_drop_folder: join(home, 'bank', 'sandbox-bank', 'in'),
  });
  const people = newPeople();
  const { platform_public_key } = await provision({
    config,
    database_url: database.url,
    master_key,
    credentials: people.credentials,
    simulators: { ...simulators, url: simulators.addresses.control },
    account_settings: { timeout_ms: CHANNEL_TIMEOUT_MS },
  });
  const gateway = await startGateway(config, database.url);
  await gateway.ready;
  const notify = await new NotifyServer().listen();
  return openWorld({ database, config, simulators, platform_public_key, ...people, notify, gateway });
}

function newPeople() {
  const merchant = newTestMerchant();
  const admin = { login_name: 'admin', password: randomBytes(9).toString('base64url') };
  const { merchant_id, public_key } = merchant;
  const private_key = merchant.private_key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    merchant,
    admin,
    credentials: { console: admin, merchant: { merchant_id, public_key, private_key }, are_new: true },
  };
}

interface Started extends ReturnType<typeof newPeople> {
  readonly database: TestDatabase;
  readonly config: Config;
  readonly simulators: RunningSimulators;
  readonly platform_public_key: string;
  readonly notify: NotifyServer;
  readonly gateway: RunningGateway;
}

function openWorld(started: Started): World {
  const { database, config, simulators, platform_public_key, admin, notify } = started;
  let gateway = started.gateway;
  const statements = new pg.Pool({ connectionString: database.url, max: 1 });
  // The database is dropped a moment before the last connection to it has gone.
  statements.on('connect', (client) => client.on('error', () => undefined));
  return {
    url: gateway.url,
    database_url: database.url,
    config,
    merchant: new MerchantClient(gateway.url, platform_public_key, started.merchant),
    notify,
    simulators,
    platform_public_key,
    admin,
    async sql<Row>(text: string, values: readonly unknown[] = []) {
      return (await statements.query(text, [...values])).rows as Row[];
    },
    control: (method, path, body) => control(simulators.addresses.control, method, path, body),
    login: () => login(gateway.url, admin),
    async restartGateway() {
      await gateway.close();
      gateway = await startGateway(config, database.url);
      await gateway.ready;
    },
    async close() {
      await gateway.close();
      await simulators.close();
      await notify.close();
      await statements.end();
      await database.drop();
      await rm(config.home, { recursive: true, force: true });
    },
  };
}

async function control(
  origin: string,
  method: string,
  path: string,
  body: unknown,
): Promise<{ status: number; body: Json }> {
  const sent =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${origin}${path}`, { method, ...sent });
  return { status: response.status, body: (await response.json()) as Json };
}

async function login(url: string, admin: World['admin']): Promise<string> {
  const path = '/web/user/session/login_name';
  const response = await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(admin) });
  const token = response.headers.get('authorization');
  if (token === null) throw new Error(`login failed: ${await response.text()}`);
  return token;
}

/** Waits until `look` answers something; it is asked again as soon as the event loop has turned. */
export async function eventually<Value>(look: () => Promise<Value | null | undefined | false>): Promise<Value> {
  for (;;) {
    const value = await look();
    if (value !== null && value !== undefined && value !== false) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
