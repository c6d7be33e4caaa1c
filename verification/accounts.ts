import { randomBytes } from 'node:crypto';
import { openDatabase } from '../gateway/src/storage/database.ts';
import type { AccountToSave } from '../gateway/src/storage/configuration.ts';
import { createSealer } from '../gateway/src/storage/seal.ts';
import { createStore } from '../gateway/src/storage/store.ts';

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
