/** The gateway's HTTP server as strangers reach it: raw bytes in, raw bytes out, with a database that cannot be reached behind it. */
import { duplexPair, type Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { PAY_TYPES } from '../../gateway/src/channels/registry.ts';
import { DatabaseUnavailable } from '../../gateway/src/domain/unavailable.ts';
import { buildApp } from '../../gateway/src/http/app.ts';
import { createMetrics } from '../../gateway/src/metrics.ts';
import { CircuitBreakers } from '../../gateway/src/operations/circuit-breaker.ts';
import type { AccountEntry, Directory, MerchantEntry } from '../../gateway/src/operations/directory.ts';
import type { Gateway } from '../../gateway/src/operations/gateway.ts';
import { deriveLinkKey } from '../../gateway/src/operations/payment-links.ts';
import { DeferredPlatformSigner } from '../../gateway/src/operations/sign-answer.ts';
import { createSealer } from '../../gateway/src/storage/seal.ts';
import { createStore } from '../../gateway/src/storage/store.ts';
import { ACCOUNTS, NOW_MS, openAccount, peer, PRIVATE_KEY, PUBLIC_KEY, PUBLIC_PEM, type AccountName } from './peers.ts';
import { Broken, mustBeStorable } from './target.ts';

export const MERCHANT_ID = '5399355381712172';
const MASTER_KEY = Buffer.alloc(32, 7);
export const LINK_KEY = deriveLinkKey(MASTER_KEY);

export interface GatewayServer {
  /** Sends bytes over a connection of its own; answers what came back until it ended. Throws what went wrong behind it. */
  exchange(request: Buffer): Promise<string>;
}

const CHANNEL_OF: Readonly<Record<string, AccountName>> = { wechat: 'wechat-v3', alipay: 'alipay', bank: 'bank' };

function merchantEntry(): MerchantEntry {
  const route = {
    merchant_id: MERCHANT_ID,
    priority: 1,
    weight: 1,
    merchant_params: {},
    enabled: true,
    config_version: 1,
  };
  const routes = [...PAY_TYPES].map(([code, [pay_type]]) => {
    const account_id = CHANNEL_OF[pay_type.channel] ?? '';
    return [code, [{ ...route, pay_type: code, account_id }]] as const;
  });
  return {
    signer_id: MERCHANT_ID,
    merchant: {
      merchant_id: MERCHANT_ID,
      name: '普尔商城 <b>',
      status: 'active',
      public_key: PUBLIC_PEM,
      nonce_policy: 'if_present',
      late_payment: 'refund',
      allow_short_key: false,
      platform_merchant_id: MERCHANT_ID,
      level_code: '0',
      platform_signs: false,
      max_requests_per_second: null,
      logo_hash: null,
      created_at_ms: NOW_MS,
      updated_at_ms: NOW_MS,
      config_version: 1,
    },
    public_key: PUBLIC_KEY,
    platform_suspended: false,
    routes: new Map(routes),
  };
}

function directoryOf(ports: Gateway['ports']): Directory {
  const merchant = merchantEntry();
  const accounts = new Map(
    (Object.keys(ACCOUNTS) as AccountName[]).map((account_id): [string, AccountEntry] => {
      const channel = ACCOUNTS[account_id].channel.code;
      return [account_id, { account_id, channel, active: true, client: openAccount(account_id, ports) }];
    }),
  );
  return {
    merchant: async (merchant_id) => (merchant_id === MERCHANT_ID ? merchant : null),
    account: async (account_id) => accounts.get(account_id) ?? null,
    refresh: async () => undefined,
    start: () => undefined,
    stop: () => undefined,
  };
}

/** Notes the first thing that went wrong behind the server: an error that is not the database's, or a value it could not take. */
class Witness {
  #seen: unknown = null;

  note(error: unknown): void {
    this.#seen ??= error;
  }

  /** Throws what was noted, and forgets it. */
  speak(): void {
    const seen = this.#seen;
    this.#seen = null;
    if (seen !== null) throw seen instanceof Error ? seen : new Broken('something was thrown that is no error');
  }
}

function logOf(witness: Witness): Logger {
  const error = ({ err }: { err?: unknown }): void => {
    if (!(err instanceof DatabaseUnavailable)) witness.note(err);
  };
  const quiet = (): void => undefined;
  return { error, fatal: error, warn: quiet, info: quiet, debug: quiet, trace: quiet } as unknown as Logger;
}

function gatewayOf(witness: Witness): Gateway {
  const { ports } = peer();
  const database = {
    async query(_statement: unknown, values: readonly unknown[]): Promise<never> {
      try {
        // Lists and JSON are escaped on their way; a text is sent as it is.
        for (const value of values) if (typeof value === 'string') mustBeStorable(value, 'a value of a statement');
      } catch (error) {
        witness.note(error);
      }
      throw new DatabaseUnavailable('there is none');
    },
    close: async () => undefined,
  };
  return {
    ports,
    store: createStore(
      database,
      database,
      createSealer(MASTER_KEY, (length) => Buffer.alloc(length, 1)),
    ),
    directory: directoryOf(ports),
    breakers: new CircuitBreakers(ports.clock, () => undefined),
    metrics: createMetrics(),
    log: logOf(witness),
    public_url: 'https://pay.example.com',
    link_key: LINK_KEY,
    wakeJobs: () => undefined,
  };
}

/** Starts a server that listens nowhere. */
export async function openGatewayServer(): Promise<GatewayServer> {
  const witness = new Witness();
  const gateway = gatewayOf(witness);
  const platform = new DeferredPlatformSigner(gateway.ports.signer);
  platform.give(PRIVATE_KEY);
  const app = buildApp({
    gateway,
    platform,
    busyElsewhere: () => 0,
    max_busy_requests: 1_000_000,
    opened: () => true,
    notReady: async () => null,
    leaving: () => false,
    max_body_bytes: 65_536,
    rates: { merchant: 1_000_000_000, address: 1_000_000_000 },
    trusted_proxies: ['10.0.0.0/8', '127.0.0.1'],
    metrics_token: 'metrics-token-of-32-characters-.',
  });
  await app.ready();
  // The request ends our half of the connection, and the answer is still to come.
  Object.assign(app.server, { httpAllowHalfOpen: true });
  return {
    async exchange(request) {
      const answer = await exchange(app, request);
      witness.speak();
      return answer;
    },
  };
}

function exchange(app: FastifyInstance, request: Buffer): Promise<string> {
  const [ours, theirs] = duplexPair();
  // What the server asks of a socket, beside being a stream: whom it leads to.
  Object.assign(theirs, {
    remoteAddress: '127.0.0.1',
    setTimeout: () => theirs,
    setNoDelay: () => theirs,
    setKeepAlive: () => theirs,
  });
  app.server.emit('connection', theirs);
  return readToEnd(ours, request);
}

function readToEnd(ours: Duplex, request: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const done = (): void => resolve(Buffer.concat(chunks).toString('latin1'));
    ours.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A connection that the server destroys ends with an error here: what came before it is the answer.
    ours.on('error', done);
    ours.once('end', done);
    ours.once('close', done);
    ours.end(request);
  });
}
