import type { Database, Statement } from './database.ts';
import type { Sealer } from './seal.ts';
import { toJson } from './json.ts';

export interface Merchant {
  readonly merchant_id: string;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  /** PEM, or null until the merchant has uploaded one. */
  readonly public_key: string | null;
  readonly nonce_policy: 'required' | 'if_present';
  readonly late_payment: 'refund' | 'accept';
  readonly allow_short_key: boolean;
  readonly platform_merchant_id: string;
  readonly level_code: string;
  /** A tenant without a key of its own is signed for by its platform merchant. */
  readonly platform_signs: boolean;
  /** Null: what the node allows every merchant. */
  readonly max_requests_per_second: number | null;
  /** Of the picture on its payment page; null without one. */
  readonly logo_hash: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly config_version: number;
}

export interface StoredAccount {
  readonly account_id: string;
  readonly channel: string;
  readonly name: string;
  readonly status: 'active' | 'suspended';
  readonly settings: Readonly<Record<string, unknown>>;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly config_version: number;
}

/** An account with its secrets decrypted. */
export interface OpenedAccount extends StoredAccount {
  readonly secrets: Readonly<Record<string, string>>;
}

export type AccountToSave = Pick<OpenedAccount, 'account_id' | 'channel' | 'name' | 'status' | 'settings' | 'secrets'>;

export interface Route {
  readonly merchant_id: string;
  readonly pay_type: string;
  readonly account_id: string;
  /** 1 is tried first. */
  readonly priority: number;
  /** Share of new orders among routes of the same priority. */
  readonly weight: number;
  readonly merchant_params: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly config_version: number;
}

export interface PlatformKey {
  readonly key_id: string;
  readonly public_key: string;
  readonly private_key: string;
  readonly active: boolean;
  readonly created_at_ms: number;
}

export type MerchantPatch = Partial<
  Pick<
    Merchant,
    | 'name'
    | 'status'
    | 'public_key'
    | 'nonce_policy'
    | 'late_payment'
    | 'allow_short_key'
    | 'platform_signs'
    | 'max_requests_per_second'
  >
>;

/** What is known of a new merchant; its place in the tree follows from its parent. */
export type NewMerchantRow = Omit<
  Merchant,
  'config_version' | 'updated_at_ms' | 'platform_merchant_id' | 'level_code' | 'logo_hash'
>;

/** The level_code of a platform merchant; three digits more for every level below it. */
const ROOT_LEVEL_CODE = '000';
const MAX_CHILDREN = 999;

/** Every change of configuration raises the one version under its row lock, in the same statement as the change. */
export const RAISE_VERSION = 'raised AS (UPDATE config_state SET version = version + 1 RETURNING version)';

const VERSION: Statement = { name: 'config_version', text: 'SELECT version FROM config_state' };

/** Answers at most a page: whoever polls goes on from the last version it saw until a page comes back short. */
const CHANGED_MERCHANTS: Statement = {
  name: 'changed_merchants',
  text: 'SELECT * FROM merchants WHERE config_version > $1 AND config_version <= $2 ORDER BY config_version LIMIT 1000',
};
const CHANGED_ROUTES: Statement = {
  name: 'changed_routes',
  text: 'SELECT * FROM routes WHERE config_version > $1 AND config_version <= $2 ORDER BY config_version LIMIT 1000',
};
const CHANGED_ACCOUNTS: Statement = {
  name: 'changed_accounts',
  text: 'SELECT * FROM channel_accounts WHERE config_version > $1 AND config_version <= $2 ORDER BY config_version LIMIT 1000',
};
const MERCHANT: Statement = { name: 'merchant', text: 'SELECT * FROM merchants WHERE merchant_id = $1' };
const MERCHANTS: Statement = {
  name: 'list_merchants',
  text: 'SELECT * FROM merchants WHERE merchant_id > $1 ORDER BY merchant_id LIMIT $2',
};
const ROUTES_OF: Statement = {
  name: 'routes_of_merchant',
  text: 'SELECT * FROM routes WHERE merchant_id = $1 ORDER BY pay_type, priority, account_id LIMIT 500',
};
const ACCOUNT: Statement = { name: 'channel_account', text: 'SELECT * FROM channel_accounts WHERE account_id = $1' };
const ACCOUNTS: Statement = {
  name: 'list_channel_accounts',
  text: 'SELECT * FROM channel_accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2',
};
const ACTIVE_PLATFORM_KEY: Statement = {
  name: 'active_platform_key',
  text: 'SELECT * FROM platform_keys WHERE active ORDER BY created_at_ms DESC LIMIT 1',
};
const ADD_PLATFORM_KEY: Statement = {
  name: 'add_first_platform_key',
  text: `WITH ${RAISE_VERSION}
INSERT INTO platform_keys (key_id, public_key, private_key_sealed, active, created_at_ms, config_version)
SELECT $1, $2, $3, true, $4, version FROM raised WHERE NOT EXISTS (SELECT 1 FROM platform_keys WHERE active)
RETURNING key_id`,
};
const ADD_MERCHANT: Statement = {
  name: 'add_merchant',
  text: `WITH ${RAISE_VERSION}
INSERT INTO merchants (merchant_id, name, status, public_key, nonce_policy, late_payment, allow_short_key,
  platform_signs, max_requests_per_second, platform_merchant_id, level_code, created_at_ms, updated_at_ms, config_version)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $1, '${ROOT_LEVEL_CODE}', $10, $10, version FROM raised
ON CONFLICT (merchant_id) DO NOTHING RETURNING *`,
};
/** The parent's counter, under its row lock, gives every child a number of its own; a taken merchant_id leaves a gap, no more. */
const ADD_TENANT: Statement = {
  name: 'add_tenant_merchant',
  text: `WITH ${RAISE_VERSION}, parent AS (
  UPDATE merchants SET children = children + 1 WHERE merchant_id = $11 AND children < ${MAX_CHILDREN}
  RETURNING platform_merchant_id, level_code, children
)
INSERT INTO merchants (merchant_id, name, status, public_key, nonce_policy, late_payment, allow_short_key,
  platform_signs, max_requests_per_second, platform_merchant_id, level_code, created_at_ms, updated_at_ms, config_version)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, parent.platform_merchant_id,
  parent.level_code || lpad(parent.children::text, 3, '0'), $10, $10, version FROM raised, parent
ON CONFLICT (merchant_id) DO NOTHING RETURNING *`,
};
/** A null parameter leaves its column as it is; public_key has no way back to null. */
const CHANGE_MERCHANT: Statement = {
  name: 'change_merchant',
  text: `WITH ${RAISE_VERSION}
UPDATE merchants SET name = coalesce($2, name), status = coalesce($3, status), public_key = coalesce($4, public_key),
  nonce_policy = coalesce($5, nonce_policy), late_payment = coalesce($6, late_payment),
  allow_short_key = coalesce($7, allow_short_key), platform_signs = coalesce($9, platform_signs),
  max_requests_per_second = coalesce($10, max_requests_per_second), updated_at_ms = $8, config_version = raised.version
FROM raised WHERE merchant_id = $1 RETURNING merchants.*`,
};
const SAVE_ACCOUNT: Statement = {
  name: 'save_channel_account',
  text: `WITH ${RAISE_VERSION}
INSERT INTO channel_accounts AS a (account_id, channel, name, status, settings, secrets_sealed, created_at_ms, updated_at_ms, config_version)
SELECT $1, $2, $3, $4, $5, $6, $7, $7, version FROM raised
ON CONFLICT (account_id) DO UPDATE SET name = excluded.name, status = excluded.status, settings = excluded.settings,
  secrets_sealed = excluded.secrets_sealed, updated_at_ms = excluded.updated_at_ms, config_version = excluded.config_version
WHERE a.channel = excluded.channel
RETURNING account_id`,
};
const CHANGE_ACCOUNT_STATUS: Statement = {
  name: 'change_channel_account_status',
  text: `WITH ${RAISE_VERSION}
UPDATE channel_accounts SET status = $2, updated_at_ms = $3, config_version = raised.version
FROM raised WHERE account_id = $1 RETURNING channel_accounts.*`,
};
const SAVE_ROUTE: Statement = {
  name: 'save_route',
  text: `WITH ${RAISE_VERSION}
INSERT INTO routes (merchant_id, pay_type, account_id, priority, merchant_params, enabled, weight, config_version)
SELECT $1, $2, $3, $4, $5, $6, $7, version FROM raised
ON CONFLICT (merchant_id, pay_type, account_id) DO UPDATE SET priority = excluded.priority, weight = excluded.weight,
  merchant_params = excluded.merchant_params, enabled = excluded.enabled, config_version = excluded.config_version`,
};

type AccountRow = StoredAccount & { readonly secrets_sealed: Buffer };
type PlatformKeyRow = Omit<PlatformKey, 'private_key'> & { readonly private_key_sealed: Buffer };

export interface ConfigurationChanges {
  readonly merchants: readonly Merchant[];
  readonly routes: readonly Route[];
  readonly accounts: readonly StoredAccount[];
}

export interface ConfigurationStore {
  version(): Promise<number>;
  /** What changed after one version, up to and including another. */
  changes(after: number, up_to: number): Promise<ConfigurationChanges>;
  merchant(merchant_id: string): Promise<Merchant | null>;
  merchants(after_id: string, limit: number): Promise<Merchant[]>;
  routesOf(merchant_id: string): Promise<Route[]>;
  /** Throws `SealBroken` when the secrets were sealed under another master key. */
  account(account_id: string): Promise<OpenedAccount | null>;
  /** The account without its secrets: needs no master key. */
  storedAccount(account_id: string): Promise<StoredAccount | null>;
  accounts(after_id: string, limit: number): Promise<StoredAccount[]>;
  activePlatformKey(): Promise<PlatformKey | null>;
  /** Does nothing when there is one already: two nodes may start together. */
  addFirstPlatformKey(key: Omit<PlatformKey, 'active'>): Promise<void>;
  /**
   * Answers null when the number is taken, or the parent has no room for another child.
   * @param parent_id null: a platform merchant, the root of a tree of its own
   */
  addMerchant(merchant: NewMerchantRow, parent_id: string | null): Promise<Merchant | null>;
  changeMerchant(merchant_id: string, patch: MerchantPatch, now_ms: number): Promise<Merchant | null>;
  /** Answers false when the id belongs to an account of another channel. */
  saveAccount(account: AccountToSave, now_ms: number): Promise<boolean>;
  /** Answers null when there is no such account. Needs no master key. */
  changeAccountStatus(
    account_id: string,
    status: StoredAccount['status'],
    now_ms: number,
  ): Promise<StoredAccount | null>;
  saveRoute(route: Omit<Route, 'config_version'>): Promise<void>;
}

/** Opens the configuration statements; secrets pass through `sealer` both ways. */
export function createConfigurationStore(database: Database, sealer: Sealer): ConfigurationStore {
  const first = async <Row>(statement: Statement, values: readonly unknown[]): Promise<Row | null> =>
    (await database.query<Row>(statement, values))[0] ?? null;
  return {
    ...accountsWithoutSecrets(database),
    async version() {
      return (await first<{ version: number }>(VERSION, []))?.version ?? 0;
    },
    async changes(after, up_to) {
      const [merchants, routes, accounts] = await Promise.all([
        database.query<Merchant>(CHANGED_MERCHANTS, [after, up_to]),
        database.query<Route>(CHANGED_ROUTES, [after, up_to]),
        database.query<AccountRow>(CHANGED_ACCOUNTS, [after, up_to]),
      ]);
      return { merchants, routes, accounts: accounts.map(withoutSecrets) };
    },
    merchant: (merchant_id) => first<Merchant>(MERCHANT, [merchant_id]),
    merchants: (after_id, limit) => database.query<Merchant>(MERCHANTS, [after_id, limit]),
    routesOf: (merchant_id) => database.query<Route>(ROUTES_OF, [merchant_id]),
    async account(account_id) {
      const row = await first<AccountRow>(ACCOUNT, [account_id]);
      if (!row) return null;
      const secrets = JSON.parse(sealer.open(row.secrets_sealed, `account ${account_id}`)) as Record<string, string>;
      return { ...withoutSecrets(row), secrets };
    },
    async accounts(after_id, limit) {
      return (await database.query<AccountRow>(ACCOUNTS, [after_id, limit])).map(withoutSecrets);
    },
    ...platformKeys(database, sealer),
    addMerchant(m, parent_id) {
      const { merchant_id, name, status, public_key, nonce_policy, late_payment, allow_short_key } = m;
      const values: unknown[] = [merchant_id, name, status, public_key, nonce_policy, late_payment, allow_short_key];
      values.push(m.platform_signs, m.max_requests_per_second, m.created_at_ms);
      return parent_id === null
        ? first<Merchant>(ADD_MERCHANT, values)
        : first<Merchant>(ADD_TENANT, [...values, parent_id]);
    },
    changeMerchant: (merchant_id, patch, now_ms) =>
      first<Merchant>(CHANGE_MERCHANT, [
        merchant_id,
        patch.name ?? null,
        patch.status ?? null,
        patch.public_key ?? null,
        patch.nonce_policy ?? null,
        patch.late_payment ?? null,
        patch.allow_short_key ?? null,
        now_ms,
        patch.platform_signs ?? null,
        patch.max_requests_per_second ?? null,
      ]),
    async saveAccount(account, now_ms) {
      const sealed = sealer.seal(toJson(account.secrets), `account ${account.account_id}`);
      const settings = toJson(account.settings);
      const values = [account.account_id, account.channel, account.name, account.status, settings, sealed, now_ms];
      return (await first(SAVE_ACCOUNT, values)) !== null;
    },
    async saveRoute(route) {
      const values = [route.merchant_id, route.pay_type, route.account_id, route.priority];
      await database.query(SAVE_ROUTE, [...values, toJson(route.merchant_params), route.enabled, route.weight]);
    },
  };
}

/** The platform's own keys. */
function platformKeys(
  database: Database,
  sealer: Sealer,
): Pick<ConfigurationStore, 'activePlatformKey' | 'addFirstPlatformKey'> {
  return {
    async activePlatformKey() {
      const row = (await database.query<PlatformKeyRow>(ACTIVE_PLATFORM_KEY, []))[0];
      if (!row) return null;
      const { private_key_sealed, ...key } = row;
      return { ...key, private_key: sealer.open(private_key_sealed, `platform key ${row.key_id}`) };
    },
    async addFirstPlatformKey(key) {
      const sealed = sealer.seal(key.private_key, `platform key ${key.key_id}`);
      await database.query(ADD_PLATFORM_KEY, [key.key_id, key.public_key, sealed, key.created_at_ms]);
    },
  };
}

/** What an operator may do without the master key. */
function accountsWithoutSecrets(database: Database): Pick<ConfigurationStore, 'storedAccount' | 'changeAccountStatus'> {
  const first = async (statement: Statement, values: readonly unknown[]): Promise<StoredAccount | null> => {
    const row = (await database.query<AccountRow>(statement, values))[0];
    return row ? withoutSecrets(row) : null;
  };
  return {
    storedAccount: (account_id) => first(ACCOUNT, [account_id]),
    changeAccountStatus: (account_id, status, now_ms) => first(CHANGE_ACCOUNT_STATUS, [account_id, status, now_ms]),
  };
}

function withoutSecrets({ secrets_sealed: _sealed, ...account }: AccountRow): StoredAccount {
  return account;
}
