/**
 * Placing an order that needs an account number of its own. The number is taken by one statement after the order is stored and
 * before it is accepted: a node that dies in between leaves an order that nobody was shown, which the upkeep ends.
 */
import type { BeginReport, ChannelClient, PreparedBegin } from '../channels/channel.ts';
import type { NumberPool, VirtualAccounts } from '../channels/virtual-accounts.ts';
import type { Order } from '../domain/order.ts';
import { orderForChannel, orderReference } from './channel-calls.ts';
import type { Gateway } from './gateway.ts';
import { aboutOrder, raiseException, raiseExceptionOnce } from './raise-exception.ts';

/** How long a merchant may take to send an order again whose acceptance was lost, before its number serves another. */
export const UNSHOWN_MS = 30 * 60_000;

/** An order's request, to be sent once the order is stored; the number is taken then. */
export function withNumber(
  gateway: Gateway,
  order: Order,
  client: ChannelClient,
  numbers: VirtualAccounts,
): PreparedBegin {
  const { pool } = numbers;
  return {
    send: () => (pool ? fromPool(gateway, order, client, numbers, pool) : fromBank(gateway, order, client)),
  };
}

async function fromPool(
  gateway: Gateway,
  order: Order,
  client: ChannelClient,
  numbers: VirtualAccounts,
  pool: NumberPool,
): Promise<BeginReport> {
  const fund_acc = await takeNumber(gateway, order, pool);
  const prepared = await client.prepareBegin({ ...orderForChannel(gateway, order), fund_acc });
  const report = await prepared.send();
  if (fund_acc === null) await warnIfLow(gateway, order.account_id, numbers, pool);
  return report;
}

/** The bank gave a number: it is ours only if no other order has it. */
async function fromBank(gateway: Gateway, order: Order, client: ChannelClient): Promise<BeginReport> {
  const prepared = await client.prepareBegin(orderForChannel(gateway, order));
  const report = await prepared.send();
  if (report.outcome !== 'accepted') return report;
  const number = report.reply['fund_acc'] ?? '';
  const now_ms = gateway.ports.clock.now_ms();
  if (await gateway.store.virtual_accounts.adopt(order, number, now_ms, now_ms + UNSHOWN_MS)) return report;
  await raiseException(gateway, {
    kind: 'bank_number_conflict',
    dedupe_key: `bank_number_conflict ${order.account_id} ${number}`,
    ...aboutOrder(order),
    detail: { fund_acc: number },
  });
  // Best effort: the bank should not keep it open for an order that is refused.
  await client.close(orderReference(order));
  return {
    outcome: 'declined',
    code: 'NUMBER_IN_USE',
    message: 'the bank gave a number that another order has or had',
  };
}

/** How many numbers of a pool are stored at a time. */
const CHUNK = 500;

/** Pools of which every number is stored, as this process has found out. */
const COMPLETE = new WeakSet<NumberPool>();

/** Takes a number for an order, or answers the one that it has: never-used ones first, then the one that has rested longest. */
async function takeNumber(gateway: Gateway, order: Order, pool: NumberPool): Promise<string | null> {
  const { virtual_accounts } = gateway.store;
  const { account_id, merchant_id, trade_id } = order;
  let next_serial = pool.first;
  for (;;) {
    const now_ms = gateway.ports.clock.now_ms();
    const complete = COMPLETE.has(pool);
    const number = await virtual_accounts.take({
      account_id,
      merchant_id,
      trade_id,
      pool: pool.key,
      first: pool.first,
      last: pool.last,
      rested_until_ms: complete ? now_ms : 0,
      now_ms,
      check_at_ms: now_ms + UNSHOWN_MS,
    });
    if (number !== null || complete) return number;
    const stored_until = await storeMore(gateway, account_id, pool, next_serial);
    if (stored_until === null) COMPLETE.add(pool);
    else next_serial = stored_until;
  }
}

/**
 * Stores the next numbers of a pool. Numbers that were stored under an earlier form of the pool stay what they are: they must be
 * gone past, for nothing of this pool says that they are there.
 * @param from where to begin at the earliest
 * @returns the place after those that are stored now; null when all of them were
 */
async function storeMore(gateway: Gateway, account_id: string, pool: NumberPool, from: number): Promise<number | null> {
  const { virtual_accounts } = gateway.store;
  const last = await virtual_accounts.lastSerial(account_id, pool.key, pool.last);
  const numbers: { number: string; serial: number }[] = [];
  let serial = Math.max(from, last === null ? from : last + 1);
  for (; serial <= pool.last && numbers.length < CHUNK; serial += 1) {
    const number = pool.number(serial);
    if (number !== null) numbers.push({ number, serial });
  }
  if (numbers.length === 0) return null;
  await virtual_accounts.add(account_id, pool.key, numbers);
  return serial;
}

/** How many numbers of a pool are free, counted up to a little above what counts as few. */
export async function countFree(
  gateway: Pick<Gateway, 'store' | 'ports'>,
  account_id: string,
  { warn_below }: VirtualAccounts,
  pool: NumberPool,
): Promise<number> {
  const { virtual_accounts } = gateway.store;
  const enough = warn_below + 1;
  const [stored, last] = await Promise.all([
    virtual_accounts.countFree(account_id, pool.key, gateway.ports.clock.now_ms(), enough),
    virtual_accounts.lastSerial(account_id, pool.key, pool.last),
  ]);
  let free = stored;
  for (let serial = last === null ? pool.first : last + 1; serial <= pool.last && free < enough; serial += 1) {
    if (pool.number(serial) !== null) free += 1;
  }
  return free;
}

/** Puts a shortage before a person, once: it is raised anew only after somebody has closed it. */
export async function warnIfLow(
  gateway: Gateway,
  account_id: string,
  numbers: VirtualAccounts,
  pool: NumberPool,
): Promise<void> {
  const free = await countFree(gateway, account_id, numbers, pool);
  gateway.metrics.bank_numbers_free.set({ account: account_id }, free);
  if (free >= numbers.warn_below) return;
  await raiseExceptionOnce(gateway, {
    kind: 'bank_numbers_low',
    // One matter a month and account: a shortage that somebody has seen is not shown at every order.
    dedupe_key: `bank_numbers_low ${account_id} ${Math.floor(gateway.ports.clock.now_ms() / SHORTAGE_PERIOD_MS)}`,
    channel: 'bank',
    account_id,
    detail: { free, warn_below: numbers.warn_below },
  });
}

const SHORTAGE_PERIOD_MS = 30 * 86_400_000;
