import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { openDatabase } from '../../gateway/src/storage/database.ts';
import { createConfigurationStore } from '../../gateway/src/storage/configuration.ts';
import { migrate } from '../../gateway/src/storage/migrate.ts';
import { createSealer } from '../../gateway/src/storage/seal.ts';
import type { Bench } from './bench.ts';
import { freePort } from './free-port.ts';
import { PARTNER, makePair } from './keys.ts';
import type { BenchKeys, PemPair } from './keys.ts';
import type { MerchantSettings } from './merchant-calls.ts';
import { benchPayTypes } from './pay-types.ts';
import { processTree } from './processes.ts';
import type { Program } from './program.ts';

/** The real gateway under test: `heliu serve` as a process of its own, on a database with one merchant and one route. */

export interface GatewayOptions {
  /** HELIU_HOME. */
  readonly home: string;
  /** The merchant's server, on loopback. */
  readonly notify_url: string;
  /** Where `.cpuprofile` files go; null: no profile. */
  readonly profile: string | null;
}

export type GatewayRole = 'all' | 'api' | 'worker';

export interface BenchGateway {
  readonly merchant: MerchantSettings;
  /** Starts a process on the database of the latest `startFresh`, or on another that `freshDatabase` has made. */
  readonly start: (role: GatewayRole, database_url?: string) => Promise<Program>;
  /** Starts a process on a new database: no order of an earlier run is left to ask about. */
  readonly startFresh: (role: GatewayRole) => Promise<Program>;
  /** Makes a database with the merchant and its routes, in the place of the one of that name; answers its URL. */
  readonly freshDatabase: (name: string) => Promise<string>;
  /** Opens the secrets in the gateway's databases. */
  readonly master_key: Buffer;
}

/** Notifications under way at once at one merchant's server: the gateway's own limit, taken by the reference. */
export const BENCH_CONCURRENCY = 64;

type MerchantParams = Readonly<Record<string, string>>;

const MERCHANT_ID = '5399355381712172';
/** The account of each channel, and what the route says about the merchant there. */
const ACCOUNTS: Readonly<Record<string, { readonly account_id: string; readonly merchant_params: MerchantParams }>> = {
  wechat: { account_id: 'bench-wechat', merchant_params: { sub_mchid: PARTNER.sub_mchid } },
  alipay: { account_id: 'bench-alipay', merchant_params: {} },
};
const PROGRAM = fileURLToPath(new URL('../../gateway/bin/heliu.js', import.meta.url));
const PATIENCE_MS = 30_000;

/** Chooses keys and a port; the gateway itself is started and stopped by the scenarios. */
export async function prepareGateway(bench: Bench, options: GatewayOptions): Promise<BenchGateway> {
  const master_key = randomBytes(32);
  const platform = makePair();
  const port = await freePort();
  let database_url: string | null = null;
  const start = (role: GatewayRole, url = database_url): Promise<Program> => {
    if (url === null) throw new Error('there is no database yet');
    return startGateway({
      url: `http://127.0.0.1:${port}`,
      platform_public_key: platform.public_key,
      database_url: url,
      environment: {
        HELIU_HOME: options.home,
        HELIU_ROLE: role,
        HELIU_MASTER_KEY: master_key.toString('base64'),
        HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
        // One merchant at one address sends all of the load.
        HELIU_MERCHANT_REQUESTS_PER_SECOND: '1000000',
        HELIU_ADDRESS_REQUESTS_PER_SECOND: '1000000',
        DATABASE_URL: url,
        PORT: String(port),
        LOG_LEVEL: 'warn',
        ...(options.profile === null ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.profile}` }),
      },
    });
  };
  const freshDatabase = async (name: string): Promise<string> => {
    const url = await bench.server.freshDatabase(name);
    await migrate(url);
    await provision(url, master_key, platform, bench);
    return url;
  };
  return {
    master_key,
    freshDatabase,
    merchant: {
      merchant_id: MERCHANT_ID,
      private_key: bench.keys.merchant.private_key,
      platform_public_key: platform.public_key,
      notify_url: options.notify_url,
    },
    start,
    async startFresh(role) {
      database_url = await freshDatabase('gateway');
      return start(role);
    },
  };
}

async function provision(database_url: string, master_key: Buffer, platform: PemPair, bench: Bench): Promise<void> {
  const database = openDatabase({ url: database_url, max_connections: 1 });
  try {
    const store = createConfigurationStore(database, createSealer(master_key, randomBytes));
    const now_ms = Date.now();
    await store.addFirstPlatformKey({
      key_id: createHash('sha256').update(platform.public_key).digest('hex').slice(0, 16),
      public_key: platform.public_key,
      private_key: platform.private_key,
      created_at_ms: now_ms,
    });
    await store.addMerchant(
      {
        merchant_id: MERCHANT_ID,
        name: 'bench',
        status: 'active',
        public_key: bench.keys.merchant.public_key,
        nonce_policy: 'required',
        late_payment: 'refund',
        allow_short_key: false,
        platform_signs: false,
        max_requests_per_second: null,
        created_at_ms: now_ms,
      },
      null,
    );
    await store.saveAccount(wechatAccount(bench.keys, bench.channel_url), now_ms);
    await store.saveAccount(alipayAccount(bench.keys, bench.channel_url), now_ms);
    for (const { code, channel } of benchPayTypes()) {
      const account = ACCOUNTS[channel];
      if (account === undefined) throw new Error(`the bench has no account for ${code}`);
      const route = { merchant_id: MERCHANT_ID, pay_type: code, priority: 1, weight: 1, enabled: true };
      await store.saveRoute({ ...route, ...account });
    }
  } finally {
    await database.close();
  }
}

function wechatAccount(keys: BenchKeys, channel_url: string) {
  return {
    account_id: 'bench-wechat',
    channel: 'wechat',
    name: 'bench',
    status: 'active',
    settings: {
      mode: 'partner',
      base_url: channel_url,
      mchid: PARTNER.sp_mchid,
      appid: PARTNER.sp_appid,
      merchant_serial: PARTNER.merchant_serial,
      platform_keys: { [keys.wechat_serial]: keys.wechat.public_key },
      prefer_serial: keys.wechat_serial,
    },
    secrets: { merchant_private_key: keys.channel_merchant.private_key, api_v3_key: keys.api_v3_key },
  } as const;
}

function alipayAccount(keys: BenchKeys, channel_url: string) {
  return {
    account_id: 'bench-alipay',
    channel: 'alipay',
    name: 'bench',
    status: 'active',
    settings: {
      mode: 'key',
      gateway_url: `${channel_url}/gateway.do`,
      app_id: PARTNER.alipay_app_id,
      alipay_public_key: keys.alipay.public_key,
    },
    secrets: { app_private_key: keys.alipay_app.private_key },
  } as const;
}

interface Start {
  readonly url: string;
  readonly platform_public_key: string;
  readonly database_url: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function startGateway(start: Start): Promise<Program> {
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    env: { ...process.env, ...start.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  const keep = (chunk: Buffer): void => {
    output.push(chunk.toString());
    if (output.length > 200) output.shift();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = once(child, 'exit');
  await untilReady(child, start.url, output);
  const pid = child.pid ?? 0;
  return {
    name: 'gateway',
    url: start.url,
    platform_public_key: start.platform_public_key,
    database_url: start.database_url,
    pids: [pid],
    eventLoopDelay_ms: () => readEventLoopDelay(start.url),
    async stop() {
      const members = processTree([pid]);
      child.kill('SIGTERM');
      await ended;
      const left = processTree(members).length;
      if (left > 0) throw new Error(`heliu serve left ${left} processes running`);
    },
  };
}

/** Every role serves /readyz. */
async function untilReady(child: ChildProcess, url: string, output: readonly string[]): Promise<void> {
  const deadline_ms = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline_ms) {
    if (child.exitCode !== null) throw new Error(`heliu serve ended with ${child.exitCode}:\n${output.join('')}`);
    const answer = await request(`${url}/readyz`).catch(() => null);
    await answer?.body.dump();
    if (answer?.statusCode === 200) return;
    await wait(25);
  }
  child.kill('SIGKILL');
  throw new Error(`heliu serve was not ready after ${PATIENCE_MS / 1000} s:\n${output.join('')}`);
}

/** `heliu_event_loop_delay_max_seconds` begins anew with each reading. */
async function readEventLoopDelay(url: string): Promise<number | null> {
  const answer = await request(`${url}/metrics`);
  const found = /^heliu_event_loop_delay_max_seconds (\S+)$/m.exec(await answer.body.text());
  return found === null ? null : Number(found[1]) * 1000;
}
