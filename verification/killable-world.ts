/**
 * A Heliu whose gateway is a process that can be killed: PostgreSQL with fsync, both simulators, the merchant and the proxies in
 * front of the channels live in the test, which sees every call pass.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readConfig } from '../gateway/src/config.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../gateway/src/embedded/postgres.ts';
import { sqlState } from '../gateway/src/storage/database.ts';
import { migrate } from '../gateway/src/storage/migrate.ts';
import { provision } from '../sandbox/src/provision.ts';
import { startSimulators, type RunningSimulators } from '../simulators/src/start.ts';
import { ChannelProxy } from './channel-proxy.ts';
import { GatewayProcess } from './gateway-process.ts';
import { MerchantClient, newTestMerchant, NotifyServer, type Json } from './merchant.ts';
import { eventually } from './world.ts';

/** Upstream waits fifteen seconds and more before it repeats a callback; here a five-hundredth of that. */
const CADENCE_SCALE = 0.002;
const CHANNEL_TIMEOUT_MS = 3_000;

const DEADLOCK_DETECTED = '40P01';

export class KillableWorld {
  readonly merchant: MerchantClient;
  readonly notify: NotifyServer;
  readonly platform_public_key: string;
  /** WeChat Pay's and Alipay's, in this order. */
  readonly proxies: readonly ChannelProxy[];
  readonly #home: string;
  readonly #database: EmbeddedPostgres;
  readonly #simulators: RunningSimulators;
  readonly #statements: pg.Pool;
  readonly #environment: Readonly<Record<string, string>>;
  #gateway: Promise<GatewayProcess>;

  private constructor(parts: Parts) {
    this.merchant = parts.merchant;
    this.notify = parts.notify;
    this.platform_public_key = parts.platform_public_key;
    this.proxies = parts.proxies;
    this.#home = parts.home;
    this.#database = parts.database;
    this.#simulators = parts.simulators;
    this.#statements = new pg.Pool({ connectionString: parts.database.url, max: 1 });
    // The server ends a moment before the last connection to it has gone.
    this.#statements.on('connect', (client) => client.on('error', () => undefined));
    this.#environment = parts.environment;
    this.#gateway = GatewayProcess.start(parts.environment);
  }

  static async start(): Promise<KillableWorld> {
    const home = await mkdtemp(join(tmpdir(), 'heliu-kill-'));
    // Root runs the database server as another user, who must be able to pass through.
    await chmod(home, 0o711);
    const database = await startEmbeddedPostgres({
      data_directory: join(home, 'postgres', 'data'),
      port: 0,
      log: () => undefined,
    });
    const simulators = await startSimulators({
      host: '127.0.0.1',
      home,
      control_port: 0,
      wechat_port: 0,
      alipay_port: 0,
      cadence_scale: CADENCE_SCALE,
    });
    const proxies = await Promise.all(
      [simulators.addresses.wechat, simulators.addresses.alipay].map((origin) => ChannelProxy.listen(origin)),
    );
    const configured = await configure(home, database.url, simulators, proxies);
    const world = new KillableWorld({ ...configured, home, database, simulators, proxies });
    await world.up();
    return world;
  }

  /** Resolves once the gateway that runs now, or is being started, is ready. */
  async up(): Promise<void> {
    await this.#gateway;
  }

  /**
   * Kills the gateway and starts another. Meanwhile time passes: every lease the dead one held has run out, every job is due.
   * @param dead_now is called when nothing of the old one runs any more
   */
  async killAndRestart(dead_now: () => void): Promise<void> {
    const dead = await this.#gateway;
    const restarted = Promise.withResolvers<GatewayProcess>();
    this.#gateway = restarted.promise;
    try {
      await dead.kill();
      // What it had sent to its database may still be committed.
      await eventually(
        async () => (await this.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'heliu'")).length === 0,
      );
      dead_now();
      await this.letLeasesRunOut();
      await this.sql('UPDATE jobs SET run_at_ms = 0');
      restarted.resolve(await GatewayProcess.start(this.#environment));
    } catch (error) {
      restarted.reject(error);
      throw error;
    }
  }

  /** Only while nobody is placing or refunding. */
  async letLeasesRunOut(): Promise<void> {
    await this.insist('UPDATE orders SET placing_until_ms = 0 WHERE placing_until_ms > 0');
    await this.insist('UPDATE refunds SET calling_until_ms = 0 WHERE calling_until_ms > 0');
  }

  /**
   * Runs a statement that writes many rows beside a running gateway, which writes several at once as well, in an order of its own:
   * when ours is the one that loses the deadlock, it is run again.
   */
  async insist<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    for (;;) {
      try {
        return await this.sql<Row>(text, values);
      } catch (error) {
        if (sqlState(error) !== DEADLOCK_DETECTED) throw error;
      }
    }
  }

  async sql<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.#statements.query(text, [...values])).rows as Row[];
  }

  /** Calls the simulators' controls. */
  async control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Json> {
    const response = await fetch(`${this.#simulators.addresses.control}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  async close(): Promise<void> {
    await this.#gateway.then((gateway) => gateway.stop()).catch(() => undefined);
    await this.#simulators.close();
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    await this.notify.close();
    await this.#statements.end();
    await this.#database.stop();
    await rm(this.#home, { recursive: true, force: true });
  }
}

interface Parts extends Awaited<ReturnType<typeof configure>> {
  readonly home: string;
  readonly database: EmbeddedPostgres;
  readonly simulators: RunningSimulators;
  readonly proxies: readonly ChannelProxy[];
}

async function configure(
  home: string,
  database_url: string,
  simulators: RunningSimulators,
  [wechat, alipay]: readonly ChannelProxy[],
) {
  const master_key = randomBytes(32);
  const environment = {
    HELIU_HOME: join(home, 'gateway'),
    PORT: String(await freePort()),
    DATABASE_URL: database_url,
    HELIU_MASTER_KEY: master_key.toString('base64'),
    HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
    LOG_LEVEL: 'error',
    NODE_COMPILE_CACHE: join(home, 'compile-cache'),
  };
  const owner = newTestMerchant();
  await migrate(database_url);
  const { platform_public_key } = await provision({
    config: readConfig(environment),
    database_url,
    master_key,
    credentials: {
      console: { login_name: 'admin', password: randomBytes(9).toString('base64url') },
      merchant: {
        merchant_id: owner.merchant_id,
        public_key: owner.public_key,
        private_key: owner.private_key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      },
      are_new: true,
    },
    simulators: {
      url: simulators.addresses.control,
      wechat: { ...simulators.wechat, base_url: wechat?.url ?? '' },
      alipay: { ...simulators.alipay, gateway_url: `${alipay?.url ?? ''}/gateway.do` },
      bank: simulators.bank,
    },
    account_settings: { timeout_ms: CHANNEL_TIMEOUT_MS },
  });
  const merchant = new MerchantClient(`http://127.0.0.1:${environment.PORT}`, platform_public_key, owner);
  return { environment, platform_public_key, merchant, notify: await new NotifyServer().listen() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
