/** Makes a migrated database ready for any number of seeds: what operators configure is stored once and kept. */
import { keepConfiguration, tellChanges } from '../changes.ts';
import { ACCOUNTS, SIMPLE_ROUTING, type Routing } from '../accounts.ts';
import type { WorldKeys } from '../keys.ts';
import type { Sessions } from '../sessions.ts';
import { createWorld, type MerchantSettings } from '../world.ts';

interface Known {
  readonly name: string;
  readonly merchant_id: string;
  readonly settings: MerchantSettings;
}

const FIRST_ID = 1_000_000_000_000_000;
const idOf = (index: number): string => String(FIRST_ID + index);

const ONE: Routing = { ...SIMPLE_ROUTING, bank: ['bank'] };
const BOTH: Routing = { ...ONE, wechat: ['wechat', 'wechat-b'], alipay: ['alipay', 'alipay-b'] };
const POOLED: Routing = { ...ONE, bank: ['bank-pool'] };
const OLDER: Routing = { ...ONE, wechat: ['wechat-v2', 'wechat'] };

/** Who trades: with one account a wallet, with two, over APIv2; one takes late money, one is signed for by its platform. */
export const MERCHANTS: readonly Known[] = [
  { name: 'shop', merchant_id: idOf(0), settings: { routing: BOTH } },
  { name: 'keeper', merchant_id: idOf(1), settings: { routing: POOLED, late_payment: 'accept' } },
  { name: 'older', merchant_id: idOf(2), settings: { routing: OLDER } },
  {
    name: 'tenant',
    merchant_id: idOf(3),
    settings: { routing: { ...BOTH, bank: ['bank-pool', 'bank'] }, parent_id: idOf(0), platform_signs: true },
  },
];

/** Configures channels and merchants in an empty database. Once for each. */
export async function prepareDatabase(sessions: Sessions, keys: WorldKeys): Promise<void> {
  const world = await createWorld({ seed: 'configuration', database_url: sessions, keys, accounts: ACCOUNTS });
  for (const { name, merchant_id, settings } of MERCHANTS) {
    const merchant = await world.addMerchant(name, settings);
    if (merchant.merchant_id !== merchant_id) throw new Error('merchants are numbered in turn');
  }
  await world.end();
  await sessions.use(tellChanges);
  await sessions.use(keepConfiguration);
}
