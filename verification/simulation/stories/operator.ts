/** What an operator does with the exceptions queue, through one of the nodes. */
import { ApiError } from '../../../gateway/src/domain/codes.ts';
import { DatabaseUnavailable } from '../../../gateway/src/domain/unavailable.ts';
import { resolveException } from '../../../gateway/src/operations/exceptions.ts';
import type { Gateway } from '../../../gateway/src/operations/gateway.ts';
import {
  replayFailedNotifications,
  replayNotificationsOfOrder,
} from '../../../gateway/src/operations/replay-notifications.ts';
import {
  acceptCredit,
  assignCredit,
  combineCredits,
  returnCredit,
  type Surplus,
} from '../../../gateway/src/operations/settle-credit.ts';
import type { StoredException } from '../../../gateway/src/storage/exceptions.ts';
import { standingStill } from '../blows/blow.ts';
import type { SeededRandom } from '../random.ts';
import { pick } from '../trial/pick.ts';
import { transferFields } from './bank-payer.ts';
import { insist, thinkingTime, type Story, type Teller } from './story.ts';

export const BY = 'operator';
const MOST_MATTERS = 100;
/** Something befalls a node after so many changes of credits: before the money is booked, or just after it. */
const MOST_CHANGES = 2;

type Wish = (gateway: Gateway) => Promise<unknown>;

export type Mishap = 'dies' | 'stands_still' | null;

/** Mostly nothing befalls a node. */
export function mishapOf(random: SeededRandom): Mishap {
  return pick(random, ['dies', 'stands_still', null, null, null]);
}

/** Looks into the queue now and then, and does something about what is there. */
export const operator: Story = async (teller) => {
  const { merchant, random } = teller;
  const visits = random.integer(2, 4);
  for (let visit = 1; visit <= visits; visit += 1) {
    await merchant.pause(thinkingTime(random));
    await lookAfter(teller, null);
    if (random.chance(0.3)) await atNode(teller, 'replays what failed', (gateway) => replayFailed(gateway, teller));
  }
};

async function replayFailed(gateway: Gateway, { merchant }: Teller): Promise<void> {
  const pages = replayFailedNotifications(gateway, merchant.merchant_id);
  for (let page = await pages.next(); page.done !== true; page = await pages.next());
}

/**
 * Decides one matter, sometimes twice, or two ways at once. Answers whether there was one.
 * @param fund_acc only what came to this number; null: whatever there is
 */
export async function lookAfter(teller: Teller, fund_acc: string | null): Promise<boolean> {
  const { random } = teller;
  const matters = await readQueue(teller, fund_acc);
  if (matters.length === 0) return false;
  const wishes = [await wishFor(teller, matters)];
  if (random.chance(0.3)) wishes.push(random.chance(0.4) ? (wishes[0] as Wish) : await wishFor(teller, matters));
  const mishap = mishapOf(random);
  await Promise.all(wishes.map((wish) => atNode(teller, 'decides', wish, mishap)));
  return true;
}

/**
 * What waits for a person, or as much of it as is read at once.
 * @param fund_acc only what came to this number; null: whatever there is
 */
export async function readQueue(teller: Teller, fund_acc: string | null): Promise<readonly StoredException[]> {
  let found: readonly StoredException[] = [];
  await atNode(teller, 'reads the queue', async (gateway) => {
    found = await gateway.store.exceptions.list('open', '', MOST_MATTERS);
  });
  return found.filter((one) => fund_acc === null || one.detail['fund_acc'] === fund_acc);
}

/** What an operator thinks best, or thinks. */
async function wishFor(teller: Teller, matters: readonly StoredException[]): Promise<Wish> {
  const { random, merchant } = teller;
  const matter = pick(random, matters);
  const { exception_id, kind, merchant_id, trade_id } = matter;
  const surplus = pick(random, ['return', 'keep', null] as const satisfies readonly (Surplus | null)[]);
  const accept: Wish = (gateway) => acceptCredit(gateway, { exception_id, surplus, by: BY });
  const back: Wish = (gateway) => returnCredit(gateway, { exception_id, by: BY });
  const close: Wish = (gateway) => resolveException(gateway, { exception_id, note: 'looked at', by: BY });
  const replay: Wish = (gateway) =>
    replayNotificationsOfOrder(gateway, merchant_id ?? merchant.merchant_id, trade_id ?? 'none');
  const combine: Wish = (gateway) => {
    const of_order = matters.filter((one) => one.trade_id === trade_id).map((one) => one.exception_id);
    return combineCredits(gateway, {
      exception_ids: random.chance(0.5) ? of_order : of_order.toReversed(),
      surplus,
      by: BY,
    });
  };
  if (random.chance(0.05)) return close;
  if (kind === 'bank_credits_sum_up' && random.chance(0.7)) return combine;
  if (kind === 'bank_credit_unknown_number' && random.chance(0.7)) return assignToNew(teller, matter, surplus);
  return pick(random, [
    accept,
    accept,
    accept,
    back,
    back,
    back,
    combine,
    replay,
    assignToNew(teller, matter, surplus),
  ]);
}

/** Lets a credit pay an order that is placed for it, or for the first that there is. */
function assignToNew(teller: Teller, { exception_id, detail }: StoredException, surplus: Surplus | null): Wish {
  const { merchant, random } = teller;
  const mch_trade_id = `${teller.name}.${random.bytes(4).toString('hex')}`;
  const amount = Number(detail['amount_fen'] ?? 1);
  return async (gateway) => {
    const total_fee = random.chance(0.2) ? Math.max(1, amount - 1) : amount;
    const fields = { ...transferFields(teller), mch_trade_id, total_fee };
    if ((await insist(merchant, '/v2/pay', fields))?.code !== 0) return;
    const order = await gateway.store.orders.byNumber(merchant.merchant_id, mch_trade_id);
    if (order) await assignCredit(gateway, { exception_id, order, surplus, by: BY });
  };
}

/**
 * Does something through one of the nodes. Ends when it is done, refused, or when the node is gone and nobody knows.
 * @param mishap befalls the node in the moment in which it has changed a credit; when it dies, another starts
 */
export async function atNode(
  { world, random, boot }: Teller,
  what: string,
  wish: Wish,
  mishap: Mishap = null,
): Promise<void> {
  const names = world.nodes().filter((name) => !world.scheduler.standsStill(name));
  const name = names.length > 0 ? pick(random, names) : '';
  const gateway = world.gatewayOf(name);
  if (!gateway) return;
  let over = false;
  let is_dying = false;
  let changes_left = mishap ? random.integer(1, MOST_CHANGES) : Number.POSITIVE_INFINITY;
  world.database.watch((owner, _statement, changes) => {
    if (over || owner !== name || !changes.some((one) => one.table === 'bank_credits')) return;
    changes_left -= 1;
    if (changes_left > 0) return;
    if (mishap === 'stands_still') world.standStill(name, standingStill(random));
    else is_dying = true;
    changes_left = Number.POSITIVE_INFINITY;
  });
  const gone = new Promise<void>((resolve) => {
    world.scheduler.watch(() => {
      if (over) return;
      if (is_dying && world.nodes().includes(name)) {
        world.crashNode(name);
        world.act(0, BY, boot);
      }
      if (!world.nodes().includes(name)) resolve();
    });
  });
  const done = wish(gateway).then(
    () => world.trace.note(BY, `${what} at ${name}`),
    (error: unknown) => {
      const is_expected = error instanceof ApiError || error instanceof DatabaseUnavailable;
      if (!is_expected && world.nodes().includes(name)) throw error;
      world.trace.note(BY, `${what} at ${name}: ${error instanceof Error ? error.message : 'unknown'}`);
    },
  );
  await Promise.race([done, gone]);
  over = true;
}
