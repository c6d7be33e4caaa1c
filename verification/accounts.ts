import { randomBytes } from 'node:crypto';
import { openDatabase } from '../gateway/src/storage/database.ts';
import type { AccountToSave } from '../gateway/src/storage/configuration.ts';
import { createSealer } from '../gateway/src/storage/seal.ts';
import { createStore } from '../gateway/src/storage/store.ts';
import { ChannelProxy } from './channel-proxy.ts';

/** Where the configuration of a gateway under test is stored. */
export interface Stored {
  readonly database_url: string;
  readonly config: { readonly master_key: Buffer | null };
}

/** Saves what `change` makes of a stored channel account, under the same id or another. */
export async function saveAccount(
  { database_url, config }: Stored,
  account_id: string,
  change: (account: AccountToSave) => AccountToSave,
): Promise<void> {
  if (!config.master_key) throw new Error('the master key is not known');
  const database = openDatabase({ url: database_url, max_connections: 1 });
  try {
    const { configuration } = createStore(database, database, createSealer(config.master_key, randomBytes));
    const account = await configuration.account(account_id);
    if (!account) throw new Error(`no account ${account_id}`);
    await configuration.saveAccount(change(account), Date.now());
  } finally {
    await database.close();
  }
}

/**
 * Sends a merchant's orders of one channel through `account_id` alone: its routes are copied from the account's that has them.
 * Every node takes the change within a second; a query of a node answers only after it has seen it.
 */
export async function useAccount(
  world: Stored & { sql(text: string, values?: readonly unknown[]): Promise<unknown[]> },
  channel: string,
  account_id: string,
): Promise<void> {
  await world.sql(
    `WITH raised AS (UPDATE config_state SET version = version + 1 RETURNING version), off AS (
       UPDATE routes r SET enabled = false, config_version = raised.version FROM raised, channel_accounts a
       WHERE a.account_id = r.account_id AND a.channel = $1 AND r.account_id <> $2
     )
     INSERT INTO routes (merchant_id, pay_type, account_id, priority, weight, merchant_params, enabled, config_version)
     SELECT DISTINCT ON (r.merchant_id, r.pay_type) r.merchant_id, r.pay_type, $2, 1, 1, r.merchant_params, true, raised.version
     FROM raised, routes r JOIN channel_accounts a ON a.account_id = r.account_id WHERE a.channel = $1
     ON CONFLICT (merchant_id, pay_type, account_id) DO UPDATE SET enabled = true, config_version = excluded.config_version`,
    [channel, account_id],
  );
}

/**
 * Puts a proxy in front of both channels' APIv3 and gateway.do accounts. Call it before the world has used them: every node takes
 * the change within a second. The caller closes the proxies after the world.
 */
export async function proxyChannels(
  world: Stored & { readonly simulators: { readonly addresses: { readonly wechat: string; readonly alipay: string } } },
): Promise<Record<'wechat' | 'alipay', ChannelProxy>> {
  const { addresses } = world.simulators;
  const wechat = await ChannelProxy.listen(addresses.wechat);
  const alipay = await ChannelProxy.listen(addresses.alipay);
  await saveAccount(world, 'sandbox-wechat', (account) => ({
    ...account,
    settings: { ...account.settings, base_url: wechat.url },
  }));
  await saveAccount(world, 'sandbox-alipay', (account) => ({
    ...account,
    settings: { ...account.settings, gateway_url: `${alipay.url}/gateway.do` },
  }));
  return { wechat, alipay };
}
