/** What an operator does, and does again when the database was away. */
import { DatabaseUnavailable } from '../../../gateway/src/domain/unavailable.ts';
import { changeMerchant } from '../../../gateway/src/operations/merchants.ts';
import { saveAccount, type AccountId } from '../accounts.ts';
import type { World } from '../world.ts';

const AGAIN_MS = 1_000;
const MOST_TRIES = 200;

/** Does something until the database is there for it. */
export async function insistently(world: World, who: string, work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || tries === MOST_TRIES) throw error;
      await new Promise<void>((resolve) => world.scheduler.after(AGAIN_MS, who, 'tries again', resolve));
    }
  }
}

const last = new WeakMap<World, Promise<void>>();

/** An operator does one thing after the other: what was begun before the database went away is done before what was wanted later. */
function inTurn(world: World, work: () => Promise<void>): Promise<void> {
  const turn = (last.get(world) ?? Promise.resolve()).then(() => insistently(world, 'operator', work));
  last.set(world, turn);
  return turn;
}

const wanted = new WeakMap<World, Promise<void>>();

/** Wants something of the operator, who does first what was wanted first: what is to heal the world comes after what broke it. */
export function wantDone(world: World, work: () => Promise<void>): void {
  const before = wanted.get(world) ?? Promise.resolve();
  const done = Promise.withResolvers<void>();
  wanted.set(world, done.promise);
  world.act(0, 'operator', async () => {
    await before;
    await work();
    done.resolve();
  });
}

/** Takes an account out of use, or puts it back. */
export function setStatus(world: World, account_id: AccountId, status: 'active' | 'suspended'): Promise<void> {
  return inTurn(world, () => saveAccount(world.operator(), world.keys, account_id, status));
}

/** Takes a merchant out of business, or lets it trade again. */
export function setMerchantStatus(world: World, merchant_id: string, status: 'active' | 'suspended'): Promise<void> {
  return insistently(
    world,
    'operator',
    async () => void (await changeMerchant(world.operator(), merchant_id, { status })),
  );
}

/** A key under which no node can open what is stored. */
const ANOTHER_KEY = Buffer.alloc(32, 7);

/** Stores an account from a place that has another master key. */
export function sealAway(world: World, account_id: AccountId): Promise<void> {
  return inTurn(world, () => saveAccount(world.operator(ANOTHER_KEY), world.keys, account_id, 'active'));
}

/** Opens or closes every way of a merchant to pay by a pay type but the last one in its line. */
export async function enableRoutes(
  world: World,
  merchant_id: string,
  pay_type: string,
  enabled: boolean,
): Promise<void> {
  const operator = world.operator();
  const routes = await operator.store.configuration.routesOf(merchant_id);
  for (const route of routes.filter((one) => one.pay_type === pay_type).slice(0, -1))
    await operator.store.configuration.saveRoute({ ...route, enabled });
}
