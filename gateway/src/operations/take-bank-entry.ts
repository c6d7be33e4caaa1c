/**
 * What a bank tells, however it tells it: each entry is stored by the bank's own reference and decided once (domain/bank-credit.ts).
 * A credit that matches becomes a payment through the funnel; everything else is put before a person in the same statement that
 * takes note of it. Doing any of this again, after a crash or because the bank repeats itself, changes nothing.
 */
import type { VirtualAccounts } from '../channels/virtual-accounts.ts';
import {
  creditFacts,
  decideCredit,
  HOLD_KINDS,
  payerText,
  type BankEntry,
  type HoldReason,
  type NumberOwner,
} from '../domain/bank-credit.ts';
import { makeId } from '../domain/identifiers.ts';
import type { Order } from '../domain/order.ts';
import type { NewCredit, StoredCredit } from '../storage/bank-credits.ts';
import { applyToOrder } from './apply-channel-result.ts';
import type { Gateway } from './gateway.ts';
import { noteRaised, raiseExceptionOnce } from './raise-exception.ts';
import { raiseIfItPaid, raiseReversalAfterSuccess, takeReturned, takeReversal } from './take-bank-correction.ts';

export interface HearingAccount {
  readonly account_id: string;
  readonly numbers: VirtualAccounts;
}

/** Takes one entry. Resolves when it is stored and decided. */
export async function takeEntry(
  gateway: Gateway,
  account: HearingAccount,
  entry: BankEntry,
  heard_by: NewCredit['heard_by'],
): Promise<void> {
  switch (entry.kind) {
    case 'credit':
      return takeCredit(gateway, account, entry, heard_by);
    case 'reversal':
      return takeReversal(gateway, account.account_id, entry);
    case 'returned':
      return takeReturned(gateway, account.account_id, entry);
    case 'debit':
      return;
  }
}

async function takeCredit(
  gateway: Gateway,
  account: HearingAccount,
  entry: BankEntry,
  heard_by: NewCredit['heard_by'],
): Promise<void> {
  const heard_at_ms = gateway.ports.clock.now_ms();
  const { account_id } = account;
  const { credit, is_new } = await gateway.store.bank_credits.record({ ...entry, account_id, heard_by, heard_at_ms });
  if (!is_new && (credit.amount_fen !== entry.amount_fen || credit.number !== entry.number)) {
    await raiseChanged(gateway, credit, entry);
    return;
  }
  if (credit.state === 'reversed') await raiseIfItPaid(gateway, credit);
  const result = credit.state === 'new' ? await decideStored(gateway, account, credit) : 'repeated';
  gateway.metrics.bank_entries.inc({ account: account_id, result });
}

async function raiseChanged(gateway: Gateway, credit: StoredCredit, entry: BankEntry): Promise<void> {
  await raiseExceptionOnce(gateway, {
    kind: 'bank_credit_changed',
    dedupe_key: `bank_credit_changed ${credit.account_id} ${credit.reference} ${entry.amount_fen} ${entry.number}`,
    merchant_id: credit.merchant_id,
    trade_id: credit.trade_id,
    channel: 'bank',
    account_id: credit.account_id,
    detail: {
      reference: credit.reference,
      ours_fen: credit.amount_fen,
      theirs_fen: entry.amount_fen,
      ours_fund_acc: credit.number,
      theirs_fund_acc: entry.number,
    },
  });
}

/** An order that is being changed by others is looked at again so often. */
const MAX_LOOKS = 5;

/** Decides a stored credit that is `new`; also what a dead node left. */
export async function decideStored(
  gateway: Gateway,
  account: HearingAccount,
  credit: StoredCredit,
): Promise<'paid' | 'held' | 'reversed'> {
  const { bank_credits } = gateway.store;
  const { account_id, reference } = credit;
  const taken_back_by = await bank_credits.reversalOf(account_id, reference);
  if (taken_back_by !== null) {
    await bank_credits.reverse(account_id, reference, taken_back_by, gateway.ports.clock.now_ms());
    await raiseIfItPaid(gateway, { ...credit, reversed_by: taken_back_by });
    return 'reversed';
  }
  for (let looks = 1; looks <= MAX_LOOKS; looks += 1) {
    const owner = await ownerOf(gateway, credit);
    // Paid by this very credit before, by a node that died then.
    if (owner?.order?.facts?.transaction_id === reference) return book(gateway, credit, owner.order);
    const decision = decideCredit(credit, {
      at_ms: credit.heard_at_ms,
      owner,
      held_fen: owner?.order ? await heldFor(gateway, owner.order) : 0,
    });
    if (decision.action === 'hold') return hold(gateway, account, credit, owner?.order ?? null, decision.reason);
    const order = await pay(gateway, credit, decision.order);
    if (order.facts?.transaction_id === reference) return book(gateway, credit, order);
    const now = await bank_credits.byReference(account_id, reference);
    // Another node, which took it for abandoned, was faster.
    if (now && now.state !== 'new') return now.state === 'paid' || now.state === 'reversed' ? now.state : 'held';
    // Paid by another credit, or closed, in this very moment: what is true now is another row of the table.
  }
  throw new Error('an order kept changing under a credit');
}

/** Who has the number a credit was sent to, or had it last. */
async function ownerOf(gateway: Gateway, credit: StoredCredit): Promise<NumberOwner | null> {
  if (credit.number === null) return null;
  const number = await gateway.store.virtual_accounts.byNumber(credit.account_id, credit.number);
  if (!number || number.merchant_id === null || number.trade_id === null) return null;
  const order = await gateway.store.orders.byTradeId(number.merchant_id, number.trade_id);
  return { state: number.state, opened_at_ms: number.opened_at_ms, order };
}

async function heldFor(gateway: Gateway, order: Order): Promise<number> {
  const credits = await gateway.store.bank_credits.ofOrder(order.merchant_id, order.trade_id);
  return credits.filter((one) => one.state === 'held').reduce((sum, one) => sum + one.amount_fen, 0);
}

function pay(gateway: Gateway, credit: StoredCredit, order: Order): Promise<Order> {
  const facts = creditFacts([credit], credit.reference, order.total_fen);
  const message = payerText(credit);
  const { account_id, reference } = credit;
  const credits = { account_id, references: [reference], settling_as: null };
  return applyToOrder(
    gateway,
    order,
    { kind: 'paid', facts, finished: false, message },
    { source: 'callback', credits },
  );
}

async function book(gateway: Gateway, credit: StoredCredit, order: Order): Promise<'paid' | 'reversed'> {
  const { bank_credits } = gateway.store;
  const now_ms = gateway.ports.clock.now_ms();
  const { merchant_id, trade_id } = order;
  const booked_on = { merchant_id, trade_id, payment_reference: credit.reference, return_no: newReturnNo(gateway) };
  if ((await bank_credits.book(credit.account_id, [credit.reference], booked_on, now_ms)) === 1) return 'paid';
  const fresh = await bank_credits.byReference(credit.account_id, credit.reference);
  if (fresh?.state !== 'reversed') return 'paid';
  // Taken back in the moment it was booked: the order stays paid, and a person must know.
  await raiseReversalAfterSuccess(gateway, { ...fresh, merchant_id, trade_id }, fresh.reversed_by ?? '');
  return 'reversed';
}

/** A number for an outgoing transfer that is no refund of an order. */
export function newReturnNo(gateway: Pick<Gateway, 'ports'>): string {
  return makeId(gateway.ports.clock.now_ms(), gateway.ports.random.bytes(8));
}

async function hold(
  gateway: Gateway,
  account: HearingAccount,
  credit: StoredCredit,
  order: Order | null,
  reason: HoldReason,
): Promise<'held'> {
  const now_ms = gateway.ports.clock.now_ms();
  const { account_id, reference } = credit;
  const kind = HOLD_KINDS[reason];
  const held = await gateway.store.bank_credits.hold({
    account_id,
    reference,
    reason,
    merchant_id: order?.merchant_id ?? null,
    trade_id: order?.trade_id ?? null,
    exception_id: makeId(now_ms, gateway.ports.random.bytes(8)),
    kind,
    detail: creditDetail(credit, order),
    now_ms,
    rests_until_ms: now_ms + account.numbers.quarantine_ms,
    as_of_ms: credit.updated_at_ms,
  });
  if (held) noteRaised(gateway, { kind, trade_id: order?.trade_id ?? null, account_id });
  return 'held';
}

/** What a person needs to see of a credit: what came, from whom, and what the order expects. */
export function creditDetail(credit: StoredCredit, order: Order | null): Record<string, unknown> {
  const { reference, number, amount_fen, currency, payer_name, payer_account, payer_bank, remittance } = credit;
  return {
    reference,
    fund_acc: number,
    amount_fen,
    currency,
    payer_name,
    payer_account,
    payer_bank,
    remittance,
    booked_on: credit.booked_on,
    ...(order && {
      order_total_fen: order.total_fen,
      order_state: order.state,
      mch_trade_id: order.mch_trade_id,
      ...(order.request['payer_name'] !== undefined && { wanted_payer: order.request['payer_name'] }),
    }),
  };
}
