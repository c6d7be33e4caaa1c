/** What keeps numbers and credits in order when nobody calls: shortages, numbers nobody needs any more, work that a dead node left. */
import { closeAtChannel } from './end-order.ts';
import { applyToOrder } from './apply-channel-result.ts';
import type { Gateway } from './gateway.ts';
import { releaseNumber } from './release-number.ts';
import { finishSettling } from './settle-credit.ts';
import { decideStored } from './take-bank-entry.ts';
import { UNSHOWN_MS, warnIfLow } from './take-number.ts';
import { closePaidNumber } from './write-off.ts';
import type { Order } from '../domain/order.ts';
import type { StoredCredit } from '../storage/bank-credits.ts';
import type { VirtualAccount } from '../storage/virtual-accounts.ts';

/** Longer than any step that is done at once; then what is unfinished belongs to nobody. */
const UNFINISHED_MS = 60_000;
const BATCH = 100;

/** How long a number that is being looked at stays with this node. */
const LEASE_MS = 5 * 60_000;
/** After its time an order is closed by the resolver; a little later its number is looked at again. */
const AFTER_EXPIRY_MS = 10 * 60_000;

/** Looks after everything that is due. Answers how much there was. */
export async function keepUp(gateway: Gateway): Promise<number> {
  const now_ms = gateway.ports.clock.now_ms();
  const { virtual_accounts, bank_credits } = gateway.store;
  const numbers = await virtual_accounts.claimDue(now_ms, now_ms + LEASE_MS, BATCH);
  for (const number of numbers) await guarded(gateway, number.account_id, () => lookAfterNumber(gateway, number));
  const credits = await bank_credits.unfinished(now_ms - UNFINISHED_MS, BATCH);
  for (const credit of credits) await guarded(gateway, credit.account_id, () => finishCredit(gateway, credit));
  return numbers.length + credits.length;
}

/** One broken account must not keep the others waiting. */
async function guarded(gateway: Gateway, account_id: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    gateway.metrics.jobs_failed.inc({ kind: 'bank_upkeep' });
    gateway.log.error({ account_id, error: error instanceof Error ? error.message : 'unknown' }, 'bank upkeep failed');
  }
}

/** Does an open number still serve its order? */
async function lookAfterNumber(gateway: Gateway, number: VirtualAccount): Promise<void> {
  const { account_id, merchant_id, trade_id } = number;
  if (merchant_id === null || trade_id === null) return;
  const order = await gateway.store.orders.byTradeId(merchant_id, trade_id);
  const again = (at_ms: number): Promise<void> =>
    gateway.store.virtual_accounts.checkAgain(account_id, number.number, at_ms);
  const now_ms = gateway.ports.clock.now_ms();
  if (!order) throw new Error('an order disappeared');
  if (order.state === 'undecided' && order.placement === 'accepted')
    return again(Math.max(order.expires_at_ms, now_ms) + AFTER_EXPIRY_MS);
  if (order.state === 'undecided') {
    const unshown_until_ms = Math.max(order.placing_until_ms, number.opened_at_ms) + UNSHOWN_MS;
    if (unshown_until_ms > now_ms) return again(unshown_until_ms);
    return endUnshown(gateway, order);
  }
  if (order.state !== 'paid') return releaseNumber(gateway, order, 'expiry');
  const account = await gateway.directory.account(account_id);
  const until_ms = (order.decided_at_ms ?? now_ms) + (account?.client.virtual_accounts?.close_paid_after_ms ?? 0);
  if (until_ms > now_ms) return again(until_ms);
  await closePaidNumber(gateway, order, 'expiry');
}

/** Its node died before the order was accepted, and the merchant did not send it again: nobody was shown the number. */
async function endUnshown(gateway: Gateway, order: Order): Promise<void> {
  const wanted = await applyToOrder(gateway, order, { kind: 'ending_wanted', ending: 'close' }, { source: 'expiry' });
  if (wanted.state === 'undecided' && wanted.placement !== 'accepted') await closeAtChannel(gateway, wanted, 'close');
}

async function finishCredit(gateway: Gateway, credit: StoredCredit): Promise<void> {
  const { account_id, reference, payment_reference, merchant_id, trade_id } = credit;
  if (credit.state === 'new') {
    const numbers = (await gateway.directory.account(account_id))?.client.virtual_accounts;
    if (numbers) await decideStored(gateway, { account_id, numbers }, credit);
    return;
  }
  const order =
    merchant_id !== null && trade_id !== null ? await gateway.store.orders.byTradeId(merchant_id, trade_id) : null;
  const settling = { account_id, payment_reference: payment_reference ?? reference, references: [reference] };
  if (order) await finishSettling(gateway, order, { ...settling, as_of_ms: credit.updated_at_ms });
}

/** Counts the free numbers of every pool, for the metric and the warning. */
export async function watchPools(gateway: Gateway): Promise<void> {
  for (const account_id of await bankAccountIds(gateway)) {
    await guarded(gateway, account_id, async () => {
      const numbers = (await gateway.directory.account(account_id))?.client.virtual_accounts;
      if (numbers?.pool) await warnIfLow(gateway, account_id, numbers, numbers.pool);
    });
  }
}

const PAGE = 500;

/** Every account at a bank that takes new orders. */
export async function bankAccountIds({ store }: Pick<Gateway, 'store'>): Promise<string[]> {
  const ids: string[] = [];
  for (let after = ''; ;) {
    const page = await store.configuration.accounts(after, PAGE);
    ids.push(...page.filter((one) => one.channel === 'bank' && one.status === 'active').map((one) => one.account_id));
    if (page.length < PAGE) return ids;
    after = page.at(-1)?.account_id ?? after;
  }
}
