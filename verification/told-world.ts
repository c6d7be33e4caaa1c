/** A world whose story a test tells by hand, made before each test of a file over a database of its own. For use inside Vitest. */
import { afterEach, beforeAll, beforeEach } from 'vitest';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { createWorldKeys, type WorldKeys } from './simulation/keys.ts';
import type { SimulatedMerchant } from './simulation/merchant.ts';
import { createWorld, type World } from './simulation/world.ts';

/** Hands each test its world, with one merchant and these nodes running. */
export function toldWorld(
  { seed, merchant, nodes }: { readonly seed: string; readonly merchant: string; readonly nodes: readonly string[] },
  hand: (world: World, merchant: SimulatedMerchant) => void,
): void {
  let keys: WorldKeys;
  let database: TestDatabase;
  let world: World;
  beforeAll(async () => {
    keys = await createWorldKeys();
  });
  beforeEach(async () => {
    database = await createTestDatabase();
    world = await createWorld({ seed, database_url: database.url, keys });
    hand(world, await world.addMerchant(merchant));
    for (const name of nodes) await world.startNode(name);
  });
  afterEach(async () => {
    await world.close();
    await database.drop();
  });
}
