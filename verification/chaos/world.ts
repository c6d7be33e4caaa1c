/**
 * The real processes of a Heliu with two nodes, on real sockets: PostgreSQL with fsync, `heliu serve` twice, the channels'
 * simulators, and a merchant in this process. Every way between two of them leads through a proxy that can spoil it.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readConfig } from '../../gateway/src/config.ts';
import { migrate } from '../../gateway/src/storage/migrate.ts';
import { provision } from '../../sandbox/src/provision.ts';
import { freePort, freePortsInARow } from '../bench/free-port.ts';
import { newTestMerchant, NotifyServer, type TestMerchant } from '../merchant.ts';
import { Balancer } from './balancer.ts';
import { DatabaseServer } from './database-server.ts';
import { FaultProxy } from './fault-proxy.ts';
import { GatewayNode } from './gateway-node.ts';
import type { RunningProcess } from './running-process.ts';
import { SimulatorsProcess } from './simulators-process.ts';

/** Short, so that a channel that is silent does not take all of a scenario. */
export const CHANNEL_TIMEOUT_MS = 2_000;

/** How long a node that is to end goes on serving, so that the balancer and every open connection take notice. */
const DRAIN_MS = 5_000;

const HELIU = join(import.meta.dirname, '..', '..', 'gateway', 'bin', 'heliu.js');

/** Every way between two processes. */
export interface Ways {
  /** Merchant to gateways, shared out over the nodes that are ready. */
  readonly merchant: FaultProxy;
  /** Channels to gateways. */
  readonly callbacks: FaultProxy;
  /** Gateways to channels. */
  readonly wechat: FaultProxy;
  readonly alipay: FaultProxy;
  /** Gateways to the merchant's server. */
  readonly notify: FaultProxy;
  /** Each node to PostgreSQL. */
  readonly databases: readonly FaultProxy[];
}

interface Parts {
  readonly home: string;
  readonly database: DatabaseServer;
  readonly simulators: SimulatorsProcess;
  readonly notify: NotifyServer;
  readonly ways: Ways;
  readonly nodes: readonly GatewayNode[];
  readonly balancer: Balancer;
  readonly merchant: TestMerchant;
  readonly platform_public_key: string;
  readonly master_key: Buffer;
  readonly secrets: readonly string[];
}

export class World {
  readonly home: string;
  readonly database: DatabaseServer;
  readonly simulators: SimulatorsProcess;
  readonly nodes: readonly GatewayNode[];
  readonly ways: Ways;
  readonly notify: NotifyServer;
  readonly merchant: TestMerchant;
  readonly platform_public_key: string;
  /** What must be in no log. */
  readonly secrets: readonly string[];
  readonly #parts: Parts;
  readonly #statements: pg.Pool;

  constructor(parts: Parts) {
    this.home = parts.home;
    this.database = parts.database;
    this.simulators = parts.simulators;
    this.nodes = parts.nodes;
    this.ways = parts.ways;
    this.notify = parts.notify;
    this.merchant = parts.merchant;
    this.platform_public_key = parts.platform_public_key;
    this.secrets = parts.secrets;
    this.#parts = parts;
    this.#statements = statementsOn(parts.database.url);
  }

  /** Where the merchant's notifications are sent to. */
  notifyUrl(path: string): string {
    return `${this.ways.notify.url}${path}`;
  }

  get log_files(): readonly string[] {
    const { home, nodes, simulators } = this;
    return [...nodes.map((node) => node.log_file), simulators.log_file, join(home, 'database.log')];
  }

  node(index: number): GatewayNode {
    const node = this.nodes[index];
    if (!node) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  /** Every process but the database server, as it is now. */
  get processes(): readonly RunningProcess[] {
    return [...this.nodes.map((node) => node.process), this.simulators.process];
  }

  get all_ways(): readonly FaultProxy[] {
    const { databases, ...others } = this.ways;
    return [...Object.values(others), ...databases];
  }

  /** Runs a statement directly, not over a way that can be spoilt. */
  async sql<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#statements.query(text, [...values])).rows as Row[];
  }

  /** Runs `heliu …` on the database and answers what it printed. */
  async heliu(...words: readonly string[]): Promise<string> {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HELIU_HOME: join(this.home, 'operator'),
      DATABASE_URL: this.database.url,
      HELIU_MASTER_KEY: this.#parts.master_key.toString('base64'),
    };
    return new Promise((resolve) => {
      execFile(process.execPath, [HELIU, ...words], { env }, (_error, out, err) => resolve(`${out}${err}`));
    });
  }

  /** Makes everything as it should be: no fault on any way, every process there and awake, every clock right. */
  async heal(): Promise<void> {
    for (const way of this.all_ways) way.set(null);
    await this.database.disk.free();
    if (!this.database.has_ended) await this.database.signalAll('SIGCONT');
    await this.database.startAgain();
    for (const one of this.processes) one.send('SIGCONT');
    await this.simulators.startAgain();
    await Promise.all(this.nodes.map((node) => node.startAgain()));
  }

  /** Ends every process and removes everything, but the logs when they are to be kept. */
  async close(): Promise<void> {
    const { balancer, home } = this.#parts;
    await balancer.close();
    for (const way of this.all_ways) way.set(null);
    await Promise.all(this.nodes.map((node) => node.close()));
    // Simulators that are just being started end with this process, to whom they have a channel.
    this.simulators.process.send('SIGCONT');
    await this.simulators.process.end('SIGKILL');
    await Promise.all(this.all_ways.map((way) => way.close()));
    await this.notify.close();
    await this.#statements.end();
    await this.database.close();
    await Promise.all(
      ['postgres', 'simulators-home', 'gateway-1', 'gateway-2', 'operator', 'compile-cache'].map((folder) =>
        rm(join(home, folder), { recursive: true, force: true }),
      ),
    );
  }
}

/** A folder for everything of a run. The database server, another user, must be able to pass through. */
export async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'heliu-chaos-'));
  await chmod(home, 0o711);
  return home;
}

/** Starts everything under `home` and waits until both nodes are ready; ends what it has started when that fails. */
export async function startWorld(home: string): Promise<World> {
  const database = await DatabaseServer.start(join(home, 'postgres'), join(home, 'database.log'));
  const opened: (() => Promise<unknown>)[] = [() => database.close()];
  try {
    const parts = await startParts(home, database, opened);
    await Promise.all(parts.nodes.map((node) => node.ready()));
    return new World(parts);
  } catch (error) {
    for (const end of opened.toReversed()) await end().catch(() => undefined);
    throw error;
  }
}

async function startParts(home: string, database: DatabaseServer, opened: (() => Promise<unknown>)[]): Promise<Parts> {
  const simulators = await SimulatorsProcess.start(
    join(home, 'simulators-home'),
    await freePortsInARow(7),
    join(home, 'simulators.log'),
  );
  opened.push(() => simulators.process.end('SIGKILL'));
  const notify = await new NotifyServer().listen();
  opened.push(() => notify.close());
  const listen = async (targets: () => readonly number[]): Promise<FaultProxy> => {
    const way = await FaultProxy.listen(targets);
    opened.push(() => way.close());
    return way;
  };
  // Made before the nodes, which are told where they lead.
  const choice = { ports: (): readonly number[] => [] };
  const { wechat, alipay } = simulators.announced;
  const ways: Ways = {
    merchant: await listen(() => choice.ports()),
    callbacks: await listen(() => choice.ports()),
    wechat: await listen(portOf(wechat.base_url)),
    alipay: await listen(portOf(alipay.gateway_url)),
    notify: await listen(portOf(notify.url())),
    databases: [await listen(() => [database.port]), await listen(() => [database.port])],
  };
  const configured = await configure(home, database.url, simulators, ways);
  const nodes: GatewayNode[] = [];
  for (const [index, way] of ways.databases.entries()) {
    const node = await makeNode(home, index + 1, urlOver(database.url, way), configured.environment);
    nodes.push(node);
    opened.push(() => node.process.end('SIGKILL'));
  }
  const balancer = new Balancer(nodes);
  choice.ports = () => balancer.ports();
  opened.push(() => balancer.close());
  return { ...configured, home, database, simulators, notify, ways, nodes, balancer };
}

async function makeNode(
  home: string,
  number: number,
  database_url: string,
  environment: Readonly<Record<string, string>>,
): Promise<GatewayNode> {
  const name = `gateway-${number}`;
  await mkdir(join(home, name), { mode: 0o700 });
  return new GatewayNode({
    name,
    port: await freePort(),
    log_file: join(home, `${name}.log`),
    clock_file: join(home, name, 'clock'),
    env: { ...environment, HELIU_HOME: join(home, name), DATABASE_URL: database_url },
  });
}

async function configure(home: string, database_url: string, simulators: SimulatorsProcess, ways: Ways) {
  const master_key = randomBytes(32);
  const merchant = newTestMerchant();
  const password = randomBytes(12).toString('base64url');
  const environment = {
    PUBLIC_URL: ways.callbacks.url,
    HELIU_MASTER_KEY: master_key.toString('base64'),
    HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
    HELIU_DRAIN_MS: String(DRAIN_MS),
    HELIU_SHUTDOWN_TIMEOUT_MS: '20000',
    NODE_COMPILE_CACHE: join(home, 'compile-cache'),
  };
  await migrate(database_url);
  const { announced } = simulators;
  const private_key = merchant.private_key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const { platform_public_key } = await provision({
    config: readConfig({ ...environment, HELIU_HOME: join(home, 'operator') }),
    database_url,
    master_key,
    credentials: {
      console: { login_name: 'admin', password },
      merchant: { merchant_id: merchant.merchant_id, public_key: merchant.public_key, private_key },
      are_new: true,
    },
    simulators: {
      ...announced,
      wechat: { ...announced.wechat, base_url: ways.wechat.url },
      alipay: { ...announced.alipay, gateway_url: `${ways.alipay.url}/gateway.do` },
    },
    account_settings: { timeout_ms: CHANNEL_TIMEOUT_MS },
  });
  const { wechat, alipay, bank } = announced;
  const secrets = [
    new URL(database_url).password,
    master_key.toString('base64'),
    master_key.toString('hex'),
    password,
    wechat.api_v3_key,
    wechat.api_v2_key,
    wechat.sp_app_secret,
    ...[private_key, wechat.merchant_private_key, alipay.app_private_key, bank.client_private_key].map(insideOf),
  ];
  return { environment, merchant, platform_public_key, master_key, secrets };
}

/** A line of a key that is in no other. */
function insideOf(pem: string): string {
  return pem.trim().split('\n').at(-2) ?? pem;
}

function portOf(url: string): () => readonly number[] {
  const port = Number(new URL(url).port);
  return () => [port];
}

function urlOver(database_url: string, way: FaultProxy): string {
  const url = new URL(database_url);
  url.port = String(way.port);
  return url.href;
}

function statementsOn(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 2, query_timeout: 10_000, connectionTimeoutMillis: 5_000 });
  // The server ends now and then.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
