/** What a bank takes back (冲正), and what comes back of our own payments (退汇). */
import type { BankEntry } from '../domain/bank-credit.ts';
import { isOpen } from '../domain/refund.ts';
import type { StoredCredit } from '../storage/bank-credits.ts';
import type { BankReturn } from '../storage/bank-returns.ts';
import { applyToRefund } from './apply-refund-result.ts';
import type { Gateway } from './gateway.ts';
import { raiseExceptionOnce } from './raise-exception.ts';

/**
 * A credit is taken back. What it means is found once and kept, so that a repeat of the same reversal never takes another credit.
 * A credit that is heard after its reversal is not booked.
 */
export async function takeReversal(gateway: Gateway, account_id: string, entry: BankEntry): Promise<void> {
  const { bank_credits } = gateway.store;
  const now_ms = gateway.ports.clock.now_ms();
  const original = await originalOf(gateway, account_id, entry);
  if (original === null) return raiseUnknown(gateway, account_id, entry);
  await bank_credits.reverse(account_id, original, entry.reference, now_ms);
  const credit = await bank_credits.byReference(account_id, original);
  if (!credit) return raiseUnknown(gateway, account_id, entry);
  gateway.metrics.bank_entries.inc({ account: account_id, result: 'reversal' });
  if (credit.state !== 'reversed') await raiseReversalAfterSuccess(gateway, credit, entry.reference);
  else await raiseIfItPaid(gateway, credit);
}

/**
 * A credit that was taken back before it was booked has paid its order all the same when a node died in between: the order stays
 * paid, and a person must know.
 */
export async function raiseIfItPaid(gateway: Gateway, credit: StoredCredit): Promise<void> {
  if (credit.number === null) return;
  const number = await gateway.store.virtual_accounts.byNumber(credit.account_id, credit.number);
  if (!number || number.merchant_id === null || number.trade_id === null) return;
  const { merchant_id, trade_id } = number;
  const order = await gateway.store.orders.byTradeId(merchant_id, trade_id);
  if (order?.facts?.transaction_id !== credit.reference) return;
  await raiseReversalAfterSuccess(gateway, { ...credit, merchant_id, trade_id }, credit.reversed_by ?? '');
}

async function originalOf(gateway: Gateway, account_id: string, entry: BankEntry): Promise<string | null> {
  const { bank_credits } = gateway.store;
  const known = await bank_credits.reversal(account_id, entry.reference);
  if (known !== undefined) return known;
  const like =
    entry.original_reference === null && entry.number !== null
      ? await bank_credits.likeReversal(account_id, entry.number, entry.amount_fen)
      : null;
  const found = entry.original_reference ?? like?.reference ?? null;
  await bank_credits.addReversal(account_id, entry, found, gateway.ports.clock.now_ms());
  // Another node may have stored it first, and what it found counts.
  return (await bank_credits.reversal(account_id, entry.reference)) ?? null;
}

async function raiseUnknown(gateway: Gateway, account_id: string, entry: BankEntry): Promise<void> {
  await raiseExceptionOnce(gateway, {
    kind: 'bank_reversal_unknown',
    dedupe_key: `bank_reversal_unknown ${account_id} ${entry.reference}`,
    channel: 'bank',
    account_id,
    detail: correctionDetail(entry),
  });
}

function correctionDetail(entry: BankEntry): Record<string, unknown> {
  const { reference, original_reference, number, amount_fen, end_to_end_id, remittance } = entry;
  return { reference, original_reference, fund_acc: number, amount_fen, end_to_end_id, remittance };
}

/** A payment of ours came back. `end_to_end_id` says which. */
export async function takeReturned(gateway: Gateway, account_id: string, entry: BankEntry): Promise<void> {
  const number = entry.end_to_end_id;
  gateway.metrics.bank_entries.inc({ account: account_id, result: 'returned' });
  if (number === null) return raiseReturnUnknown(gateway, account_id, entry);
  const refunds = await gateway.store.bank_credits.refundsByChannelNumber(number);
  const [known] = refunds;
  if (known && refunds.length === 1) return refundCameBack(gateway, account_id, entry, known);
  const back = await gateway.store.bank_returns.byNumber(number);
  if (!back || back.account_id !== account_id) return raiseReturnUnknown(gateway, account_id, entry);
  // The credit must not wait again as a whole, to be booked or sent back, when part of it is still with its payer.
  if (entry.amount_fen !== back.amount_fen) return raisePartReturned(gateway, entry, back);
  await gateway.store.bank_returns.end(
    number,
    'failed',
    `RETURNED ${entry.remittance ?? ''}`.trim(),
    gateway.ports.clock.now_ms(),
    null,
  );
  await raiseReturnFailed(gateway, account_id, back.reference, number, entry.remittance ?? 'RETURNED');
}

async function refundCameBack(
  gateway: Gateway,
  account_id: string,
  entry: BankEntry,
  known: { readonly merchant_id: string; readonly refund_id: string },
): Promise<void> {
  const refund = await gateway.store.refunds.byId(known.merchant_id, known.refund_id);
  const order = refund && (await gateway.store.orders.byTradeId(refund.merchant_id, refund.trade_id));
  if (!refund || !order || order.account_id !== account_id) return raiseReturnUnknown(gateway, account_id, entry);
  // Part of it came back, or more than it was: nobody but a person can tell what that means.
  if (isOpen(refund) && entry.amount_fen === refund.refund_fen) {
    const message = `RETURNED ${entry.remittance ?? ''}`.trim();
    await applyToRefund(gateway, order, refund, { kind: 'closed', message }, { source: 'callback' });
    return;
  }
  // Closed by this very entry before.
  if (refund.state === 'closed' && entry.amount_fen === refund.refund_fen) return;
  await raiseExceptionOnce(gateway, {
    kind: 'bank_refund_returned',
    dedupe_key: `bank_refund_returned ${account_id} ${entry.reference}`,
    merchant_id: order.merchant_id,
    trade_id: order.trade_id,
    channel: 'bank',
    account_id,
    detail: {
      ...correctionDetail(entry),
      refund_id: refund.refund_id,
      refund_state: refund.state,
      refund_fen: refund.refund_fen,
    },
  });
}

async function raisePartReturned(gateway: Gateway, entry: BankEntry, back: BankReturn): Promise<void> {
  const { account_id, return_no } = back;
  const credit = await gateway.store.bank_credits.byReference(account_id, back.reference);
  await raiseExceptionOnce(gateway, {
    kind: 'bank_return_failed',
    dedupe_key: `bank_return_failed ${return_no} ${entry.reference}`,
    merchant_id: credit?.merchant_id ?? null,
    trade_id: credit?.trade_id ?? null,
    channel: 'bank',
    account_id,
    detail: {
      ...correctionDetail(entry),
      credit: back.reference,
      credit_state: credit?.state ?? null,
      return_no,
      return_fen: back.amount_fen,
    },
  });
}

async function raiseReturnUnknown(gateway: Gateway, account_id: string, entry: BankEntry): Promise<void> {
  await raiseExceptionOnce(gateway, {
    kind: 'bank_return_unknown',
    dedupe_key: `bank_return_unknown ${account_id} ${entry.reference}`,
    channel: 'bank',
    account_id,
    detail: correctionDetail(entry),
  });
}

/** A credit did not go back: it is held again, and so is the matter. */
export async function raiseReturnFailed(
  gateway: Gateway,
  account_id: string,
  reference: string,
  return_no: string,
  message: string,
): Promise<void> {
  const credit = await gateway.store.bank_credits.byReference(account_id, reference);
  await raiseExceptionOnce(gateway, {
    kind: 'bank_return_failed',
    dedupe_key: `bank_return_failed ${return_no}`,
    merchant_id: credit?.merchant_id ?? null,
    trade_id: credit?.trade_id ?? null,
    channel: 'bank',
    account_id,
    detail: {
      reference,
      return_no,
      message,
      credit_state: credit?.state ?? null,
      credit_exception_id: credit?.exception_id ?? null,
    },
  });
}

/** The bank took back what had paid an order, or had been sent back. */
export async function raiseReversalAfterSuccess(
  gateway: Gateway,
  credit: StoredCredit,
  reversal: string,
): Promise<void> {
  await raiseExceptionOnce(gateway, {
    kind: 'bank_reversal_after_success',
    dedupe_key: `bank_reversal_after_success ${credit.account_id} ${credit.reference}`,
    merchant_id: credit.merchant_id,
    trade_id: credit.trade_id,
    channel: 'bank',
    account_id: credit.account_id,
    detail: { reference: credit.reference, reversal, amount_fen: credit.amount_fen, credit_state: credit.state },
  });
}
