/**
 * Merchants, routes and opened channel accounts, kept in memory by every node. A poll of one row every quarter second finds
 * what changed, so that a changed key, status or route takes effect everywhere within a second without a query per request.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { ChannelClient } from '../channels/channel.ts';
import { ChannelMisconfigured } from '../channels/channel.ts';
import { channelByCode } from '../channels/registry.ts';
import type { Ports, Timer } from '../ports.ts';
import { SealBroken } from '../storage/seal.ts';
import type { ConfigurationStore, Merchant, Route } from '../storage/configuration.ts';

export interface MerchantEntry {
  readonly merchant: Merchant;
  /** Its own key; for a tenant without one, its platform's where the operator allows that. Null: nobody can sign for it yet. */
  readonly public_key: KeyObject | null;
  /** The merchant whose key that is. */
  readonly signer_id: string;
  /** The platform merchant above it is suspended: nobody below may trade. */
  readonly platform_suspended: boolean;
  /** Enabled routes by pay type, best priority first. */
  readonly routes: ReadonlyMap<string, readonly Route[]>;
}

export interface AccountEntry {
  readonly account_id: string;
  readonly channel: string;
  readonly active: boolean;
  readonly client: ChannelClient;
}

export interface Directory {
  /** Null when there is no such merchant. */
  merchant(merchant_id: string): Promise<MerchantEntry | null>;
  /** Null when there is no such account. Throws `ChannelMisconfigured` when it cannot be opened. */
  account(account_id: string): Promise<AccountEntry | null>;
  /** Reads what changed since the last time; also runs by itself every `poll_ms` once started. */
  refresh(): Promise<void>;
  start(): void;
  stop(): void;
}

/** How often a node looks for changed configuration: well within the second in which a change must take effect. */
export const CONFIGURATION_POLL_MS = 250;
const MAX_MERCHANTS = 20_000;
const PAGE = 1000;

/** A map that forgets what was not used for longest. */
class RecentlyUsed<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#limit) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** A cache that is filled on demand; what is being read while a change arrives is read again. */
class Cache<Value> {
  readonly #values: RecentlyUsed<{ readonly value: Value }>;
  readonly #loading = new Map<string, Promise<Value>>();
  readonly #load: (key: string) => Promise<Value>;
  #changes = 0;

  constructor(limit: number, load: (key: string) => Promise<Value>) {
    this.#values = new RecentlyUsed(limit);
    this.#load = load;
  }

  get(key: string): Value | Promise<Value> {
    const known = this.#values.get(key);
    if (known) return known.value;
    const running = this.#loading.get(key);
    if (running) return running;
    const loading = this.#read(key).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  async #read(key: string): Promise<Value> {
    for (;;) {
      const before = this.#changes;
      const value = await this.#load(key);
      if (before !== this.#changes) continue;
      // A name that nobody has is not kept: strangers can invent as many as they like, and must push nothing out.
      if (value !== null) this.#values.set(key, { value });
      return value;
    }
  }

  clear(): void {
    this.#changes += 1;
    this.#values.clear();
  }

  forget(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#changes += 1;
      this.#values.delete(key);
    }
  }
}

/** Opens the directory over stored configuration. */
export function createDirectory(
  store: ConfigurationStore,
  ports: Ports,
  poll_ms: number,
  onError: (error: unknown) => void,
): Directory {
  const merchants = new Cache<MerchantEntry | null>(MAX_MERCHANTS, (merchant_id) => loadMerchant(store, merchant_id));
  const accounts = new Cache<AccountEntry | null>(1000, (account_id) => loadAccount(store, ports, account_id));
  let version = -1;
  let timer: Timer | null = null;
  let running = false;

  async function refresh(): Promise<void> {
    const current = await store.version();
    if (version === -1) {
      // What was read before the first version was known may have changed unseen.
      merchants.clear();
      accounts.clear();
      version = current;
    }
    while (version < current) {
      const changes = await store.changes(version, current);
      merchants.forget([...changes.merchants, ...changes.routes].map((one) => one.merchant_id));
      accounts.forget(changes.accounts.map((one) => one.account_id));
      const full_pages = [changes.merchants, changes.routes, changes.accounts].filter((page) => page.length === PAGE);
      version = Math.min(current, ...full_pages.map((page) => page.at(-1)?.config_version ?? current));
    }
  }

  function poll(): void {
    timer = ports.clock.setTimer(poll_ms, () => {
      void refresh()
        .catch(onError)
        .finally(() => {
          if (running) poll();
        });
    });
  }

  return {
    merchant: async (merchant_id) => withPlatform(merchants, await merchants.get(merchant_id)),
    account: async (account_id) => accounts.get(account_id),
    refresh,
    start() {
      if (running) return;
      running = true;
      poll();
    },
    stop() {
      running = false;
      timer?.cancel();
    },
  };
}

/** What a tenant has from its platform merchant is looked up anew each time, so that a changed key or status of the platform's counts. */
async function withPlatform(
  merchants: Cache<MerchantEntry | null>,
  entry: MerchantEntry | null,
): Promise<MerchantEntry | null> {
  if (!entry || entry.merchant.platform_merchant_id === entry.merchant.merchant_id) return entry;
  const platform = await merchants.get(entry.merchant.platform_merchant_id);
  const platform_suspended = platform !== null && platform.merchant.status !== 'active';
  const borrowed = entry.merchant.platform_signs && entry.public_key === null ? (platform?.public_key ?? null) : null;
  if (!platform_suspended && !borrowed) return entry;
  return {
    ...entry,
    platform_suspended,
    public_key: entry.public_key ?? borrowed,
    signer_id: borrowed ? entry.merchant.platform_merchant_id : entry.signer_id,
  };
}

async function loadMerchant(store: ConfigurationStore, merchant_id: string): Promise<MerchantEntry | null> {
  const [merchant, routes] = await Promise.all([store.merchant(merchant_id), store.routesOf(merchant_id)]);
  if (!merchant) return null;
  const by_type = new Map<string, Route[]>();
  for (const route of routes) {
    if (!route.enabled) continue;
    const same = by_type.get(route.pay_type);
    if (same) same.push(route);
    else by_type.set(route.pay_type, [route]);
  }
  return {
    merchant,
    public_key: merchant.public_key === null ? null : createPublicKey(merchant.public_key),
    signer_id: merchant_id,
    platform_suspended: false,
    routes: by_type,
  };
}

async function loadAccount(store: ConfigurationStore, ports: Ports, account_id: string): Promise<AccountEntry | null> {
  const account = await readAccount(store, account_id);
  if (!account) return null;
  const channel = channelByCode(account.channel);
  if (!channel)
    throw new ChannelMisconfigured(
      `account ${account_id} belongs to a channel this version does not have: ${account.channel}`,
    );
  return {
    account_id,
    channel: account.channel,
    active: account.status === 'active',
    client: channel.open(account, ports),
  };
}

/** Secrets that do not open make an account that cannot be used, as any other that is set up wrongly. */
async function readAccount(store: ConfigurationStore, account_id: string): ReturnType<ConfigurationStore['account']> {
  try {
    return await store.account(account_id);
  } catch (error) {
    if (error instanceof SealBroken) throw new ChannelMisconfigured(error.message);
    throw error;
  }
}
