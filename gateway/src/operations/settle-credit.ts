/**
 * What an operator does with money that waits: accept, combine, assign, return. A credit is taken by one compare-and-set before
 * anything else happens, so that no two decisions meet, and the order becomes paid by the funnel. A node that dies in between
 * leaves the credit `settling`, which the upkeep finishes by asking the order; one that only stood still finds that it was not
 * waited for, because the order is saved only while its credits are still being settled for it.
 */
import { creditFacts, payerText } from '../domain/bank-credit.ts';
import { ApiError } from '../domain/codes.ts';
import type { Order } from '../domain/order.ts';
import { hasVirtualAccount } from '../domain/order.ts';
import type { StoredCredit } from '../storage/bank-credits.ts';
import { applyToOrder } from './apply-channel-result.ts';
import type { Gateway } from './gateway.ts';
import { newReturnNo } from './take-bank-entry.ts';

export type Surplus = 'return' | 'keep';

export interface Settled {
  readonly order: Order;
  readonly credits: readonly StoredCredit[];
  /** It had been done before, and nothing happened now. */
  readonly done_before: boolean;
}

/** Books a held credit on the order it was sent to. Throws 302, 404. */
export async function acceptCredit(
  gateway: Gateway,
  request: { readonly exception_id: string; readonly surplus: Surplus | null; readonly by: string },
): Promise<Settled> {
  const credit = await creditOf(gateway, request.exception_id);
  if (credit.merchant_id === null || credit.trade_id === null)
    throw new ApiError('wrong_state', 'it was sent to no order: assign it to one, or return it');
  const order = await gateway.store.orders.byTradeId(credit.merchant_id, credit.trade_id);
  if (!order) throw new ApiError('wrong_state', 'its order is gone: assign it to another, or return it');
  return settle(gateway, { credits: [credit], order, surplus: request.surplus, by: request.by });
}

/** Books several held credits of one order and one payer together. Throws 302, 404. */
export async function combineCredits(
  gateway: Gateway,
  request: { readonly exception_ids: readonly string[]; readonly surplus: Surplus | null; readonly by: string },
): Promise<Settled> {
  const ids = [...new Set(request.exception_ids)];
  if (ids.length < 2) throw new ApiError('malformed_field', 'name at least two exceptions');
  const credits = await Promise.all(ids.map((id) => creditOf(gateway, id)));
  const [first] = credits;
  if (!first || first.merchant_id === null || first.trade_id === null)
    throw new ApiError('wrong_state', 'they were sent to no order: assign or return each');
  if (credits.some((one) => one.trade_id !== first.trade_id || one.account_id !== first.account_id))
    throw new ApiError('wrong_state', 'they were sent to different orders');
  if (first.payer_account === null || credits.some((one) => one.payer_account !== first.payer_account))
    throw new ApiError(
      'wrong_state',
      'they do not come from one account, to which a refund could go back: return them instead',
    );
  const order = await gateway.store.orders.byTradeId(first.merchant_id, first.trade_id);
  if (!order) throw new ApiError('wrong_state', 'their order is gone');
  return settle(gateway, { credits, order, surplus: request.surplus, by: request.by });
}

/** Books a held credit on another order. Throws 302, 404. */
export async function assignCredit(
  gateway: Gateway,
  request: {
    readonly exception_id: string;
    readonly order: Order;
    readonly surplus: Surplus | null;
    readonly by: string;
  },
): Promise<Settled> {
  const credit = await creditOf(gateway, request.exception_id);
  return settle(gateway, { credits: [credit], order: request.order, surplus: request.surplus, by: request.by });
}

/** Sends a held credit back to the account it came from. Throws 302, 404. */
export async function returnCredit(
  gateway: Gateway,
  request: { readonly exception_id: string; readonly by: string },
): Promise<{ readonly credit: StoredCredit; readonly done_before: boolean }> {
  const credit = await creditOf(gateway, request.exception_id);
  if (credit.state === 'returning' || credit.state === 'returned') return { credit, done_before: true };
  assertHeld(credit);
  if (credit.payer_account === null)
    throw new ApiError(
      'wrong_state',
      'the bank did not say which account it came from: return it at the bank and resolve this',
    );
  const { account_id, reference, amount_fen } = credit;
  const taken = await gateway.store.bank_returns.returnCredit({
    return_no: newReturnNo(gateway),
    account_id,
    reference,
    amount_fen,
    asked_by: request.by,
    created_at_ms: gateway.ports.clock.now_ms(),
  });
  if (!taken) throw takenMeanwhile();
  gateway.wakeJobs('bank_return');
  return {
    credit: (await gateway.store.bank_credits.byReference(account_id, reference)) ?? credit,
    done_before: false,
  };
}

/** The credit of a matter in the queue. Throws 404. */
export async function creditOf(gateway: Pick<Gateway, 'store'>, exception_id: string): Promise<StoredCredit> {
  const credit = await gateway.store.bank_credits.byException(exception_id);
  if (credit) return credit;
  const exception = await gateway.store.exceptions.byId(exception_id);
  if (!exception) throw new ApiError('not_found', `exception ${exception_id} does not exist`);
  const of_credit = exception.detail['credit_exception_id'];
  if (typeof of_credit === 'string')
    throw new ApiError('wrong_state', `the credit it is about is the matter ${of_credit}: name that one`);
  throw new ApiError('wrong_state', `exception ${exception_id} (${exception.kind}) is about no bank credit that waits`);
}

function assertHeld(credit: StoredCredit): void {
  if (credit.state === 'held') return;
  const what = credit.state === 'reversed' ? 'the bank has taken it back' : `it is ${credit.state}`;
  const who = credit.decided_by === null ? '' : ` (by ${credit.decided_by})`;
  throw new ApiError('wrong_state', `nothing can be done with this credit: ${what}${who}`);
}

function takenMeanwhile(): ApiError {
  return new ApiError('wrong_state', 'somebody else has just decided it: look at it again');
}

interface Settlement {
  readonly credits: readonly StoredCredit[];
  readonly order: Order;
  readonly surplus: Surplus | null;
  readonly by: string;
}

async function settle(gateway: Gateway, { credits, order, surplus, by }: Settlement): Promise<Settled> {
  const last = credits.at(-1);
  if (!last) throw new Error('nothing to settle');
  if (credits.every((one) => one.state === 'paid' && one.trade_id === order.trade_id))
    return { order, credits, done_before: true };
  credits.forEach(assertHeld);
  const too_much = assertFits(credits, order, surplus);
  const references = credits.map((one) => one.reference);
  const { account_id } = last;
  const now_ms = gateway.ports.clock.now_ms();
  const settling = await gateway.store.bank_credits.settle({
    account_id,
    references,
    merchant_id: order.merchant_id,
    trade_id: order.trade_id,
    payment_reference: last.reference,
    by,
    surplus_fen: surplus === 'return' ? too_much : 0,
    now_ms,
  });
  if (!settling) throw takenMeanwhile();
  const paid = await applyToOrder(
    gateway,
    order,
    {
      kind: 'paid',
      facts: creditFacts(credits, last.reference, order.total_fen),
      finished: false,
      message: payerText(last),
      by,
    },
    { source: 'operator', credits: { account_id, references, settling_as: last.reference } },
  );
  const settled = await finishSettling(gateway, paid, {
    account_id,
    payment_reference: last.reference,
    references,
    as_of_ms: now_ms,
  });
  if (!settled && paid.state === order.state) throw takenMeanwhile();
  if (!settled)
    throw new ApiError(
      'wrong_state',
      `the order was ${paid.state} in the meantime by another payment: the credit waits on`,
    );
  const now = await gateway.store.bank_credits.byReferences(account_id, references);
  const ordered = now.toSorted((one, other) => references.indexOf(one.reference) - references.indexOf(other.reference));
  return { order: paid, credits: ordered, done_before: false };
}

/** What of the money is too much. Throws 302 when it is not enough, or nobody said what becomes of the rest. */
function assertFits(credits: readonly StoredCredit[], order: Order, surplus: Surplus | null): number {
  if (!hasVirtualAccount(order))
    throw new ApiError('wrong_state', `order ${order.trade_id} is no bank transfer (${order.pay_type})`);
  if (credits.some((one) => one.account_id !== order.account_id))
    throw new ApiError(
      'wrong_state',
      `the order trades through account ${order.account_id}, the money is at ${credits[0]?.account_id}`,
    );
  if (order.state === 'paid' || order.state === 'reversed')
    throw new ApiError(
      'wrong_state',
      `order ${order.trade_id} is ${order.state}: return the money, or assign it to another order`,
    );
  if (credits.some((one) => one.currency !== 'CNY'))
    throw new ApiError('wrong_state', 'only CNY pays an order: return it');
  const sum = credits.reduce((total, one) => total + one.amount_fen, 0);
  if (sum < order.total_fen)
    throw new ApiError(
      'wrong_state',
      `${sum} fen are not enough for ${order.total_fen} fen: combine it with others, or return it`,
    );
  if (sum > order.total_fen && surplus === null)
    throw new ApiError(
      'wrong_state',
      `${sum - order.total_fen} fen are too much: say whether the surplus is to be returned or kept`,
    );
  const last = credits.at(-1);
  if (sum - order.total_fen >= (last?.amount_fen ?? 0) && sum > order.total_fen)
    throw new ApiError('wrong_state', 'fewer of them are enough: combine only those, and return the others');
  return sum - order.total_fen;
}

/** Credits that were being settled, as they were read. */
export interface Settling {
  readonly account_id: string;
  readonly payment_reference: string;
  readonly references: readonly string[];
  /** When they were last changed. */
  readonly as_of_ms: number;
}

/** Books what an order took, or lets it wait on. Also for what a dead node left. Answers whether the order took it. */
export async function finishSettling(
  gateway: Gateway,
  order: Order,
  { account_id, payment_reference, references, as_of_ms }: Settling,
): Promise<boolean> {
  const { bank_credits } = gateway.store;
  const now_ms = gateway.ports.clock.now_ms();
  if (order.facts?.transaction_id !== payment_reference) {
    await bank_credits.unsettle(account_id, references, as_of_ms, now_ms);
    return false;
  }
  const { merchant_id, trade_id } = order;
  const booked_on = { merchant_id, trade_id, payment_reference, return_no: newReturnNo(gateway) };
  await bank_credits.book(account_id, references, booked_on, now_ms);
  gateway.wakeJobs('bank_return');
  for (const credit of await bank_credits.byReferences(account_id, references)) {
    if (credit.exception_id === null) continue;
    await gateway.store.exceptions.resolve(
      credit.exception_id,
      `paid order ${trade_id} (${order.mch_trade_id})`,
      credit.decided_by ?? 'operator',
      now_ms,
    );
  }
  return true;
}
