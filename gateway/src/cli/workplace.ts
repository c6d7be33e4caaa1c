/** What a command works with: configuration, a database that runs already, its store, and the outside world. */
import { join } from 'node:path';
import { readConfig, type Config } from '../config.ts';
import { ApiError } from '../domain/codes.ts';
import { DATA_FOLDER, findRunningServer } from '../embedded/running-server.ts';
import { readMasterKey, readOrMakeMasterKey } from '../master-key.ts';
import { systemPorts, type SystemPorts } from '../outbound/system-ports.ts';
import { openDatabase } from '../storage/database.ts';
import { createSealer, type Sealer } from '../storage/seal.ts';
import type { Merchant } from '../storage/configuration.ts';
import { createStore, type Store } from '../storage/store.ts';
import { CliError } from './errors.ts';

export interface Workplace {
  readonly config: Config;
  readonly ports: SystemPorts;
  readonly store: Store;
  /** Makes sure that what is sealed now can be opened by the gateway later. Throws when this is not the gateway's key. */
  prepareToSeal(): Promise<void>;
}

/** Runs `work` on the database of the configuration and lets go of it afterwards. Never starts a database. */
export async function inWorkplace<Result>(work: (place: Workplace) => Promise<Result>): Promise<Result> {
  const config = readConfig(process.env);
  const database = openDatabase({ url: await requireDatabaseUrl(config), max_connections: 4 });
  const ports = systemPorts();
  const sealer = new LateSealer(config, ports, config.master_key ?? (await readMasterKey(config.home)));
  const store = createStore(database, database, sealer);
  try {
    return await work({ config, ports, store, prepareToSeal: () => sealer.prepare(store) });
  } finally {
    await database.close();
    await ports.close();
  }
}

/** The URL of DATABASE_URL, or of the embedded server that runs under HELIU_HOME; null when there is neither. */
export async function findDatabaseUrl(config: Config): Promise<string | null> {
  return config.database_url ?? (await findRunningServer(join(config.home, DATA_FOLDER)));
}

/** The same, with a sentence for the operator when there is neither. */
export async function requireDatabaseUrl(config: Config): Promise<string> {
  const url = await findDatabaseUrl(config);
  if (url !== null) return url;
  throw new CliError(
    'database_not_running',
    `DATABASE_URL is not set and the embedded PostgreSQL in ${config.home} is not running. ` +
      'Start it by npm start or heliu serve, or set DATABASE_URL.',
  );
}

/** The merchant of that number. Throws 200. */
export async function requireMerchant(place: Pick<Workplace, 'store'>, merchant_id: string): Promise<Merchant> {
  const merchant = await place.store.configuration.merchant(merchant_id);
  if (merchant) return merchant;
  throw new ApiError('no_merchant', `merchant_id ${merchant_id} does not exist`);
}

/** A sealer whose key may be missing: most commands need none. */
class LateSealer implements Sealer {
  readonly #config: Config;
  readonly #random: (length: number) => Buffer;
  #sealer: Sealer | null;

  constructor(config: Config, ports: SystemPorts, master_key: Buffer | null) {
    this.#config = config;
    this.#random = (length) => ports.random.bytes(length);
    this.#sealer = master_key === null ? null : createSealer(master_key, this.#random);
  }

  seal(plain: string, context: string): Buffer {
    return this.#required().seal(plain, context);
  }

  open(sealed: Buffer, context: string): string {
    return this.#required().open(sealed, context);
  }

  /** A key is made only where nothing was ever sealed; a given key must open what was. */
  async prepare(store: Store): Promise<void> {
    if ((await store.configuration.activePlatformKey()) !== null) return;
    const [first] = await store.configuration.accounts('', 1);
    if (first) await store.configuration.account(first.account_id);
    this.#sealer ??= createSealer(await readOrMakeMasterKey(this.#config.home), this.#random);
  }

  #required(): Sealer {
    if (this.#sealer) return this.#sealer;
    throw new CliError(
      'no_master_key',
      `HELIU_MASTER_KEY is not set and ${this.#config.home} has no master.key. ` +
        'Set HELIU_MASTER_KEY to the key that the gateway runs with, or HELIU_HOME to its folder.',
    );
  }
}
