/** What must hold once all is healed and quiet. Pure: each check answers its violations in words. */
import type { LedgerEntry } from '../../simulators/src/kernel/ledger.ts';
import { checkHeard } from './check-heard.ts';
import { checkTold } from './check-told.ts';
import type { Books, OrderRow } from './books.ts';

export interface Violation {
  readonly text: string;
  /** The order concerned. */
  readonly trade_id: string | null;
}

/** @returns one sentence for each violation; none when all is well */
export function checkBooks(books: Books): Violation[] {
  return [
    ...undecided(books),
    ...payments(books),
    ...refunds(books),
    ...checkTold(books),
    ...checkHeard(books),
    ...books.told.unexpected.map((text) => ({ text, trade_id: null })),
    ...books.exceptions.map(({ kind, trade_id, detail }) => ({
      text: `a person is asked to look: ${kind} ${JSON.stringify(detail)}`,
      trade_id,
    })),
  ];
}

function undecided(books: Books): Violation[] {
  const found: Violation[] = [];
  for (const { trade_id, state, refund_reserved_fen } of books.orders) {
    if (state === 'undecided') found.push({ text: 'is undecided', trade_id });
    if (refund_reserved_fen !== 0) found.push({ text: `still reserves ${refund_reserved_fen} fen`, trade_id });
  }
  for (const { refund_id, trade_id, state } of books.refunds) {
    if (!['succeeded', 'refused', 'closed'].includes(state))
      found.push({ text: `has the refund ${refund_id}, which is ${state}`, trade_id });
  }
  for (const { notification_id, trade_id, state, last_reason } of books.notifications) {
    const is_outdated = state === 'failed' && last_reason === 'outdated';
    if (state !== 'delivered' && !is_outdated)
      found.push({ text: `has the notification ${notification_id}, which is ${state} (${last_reason})`, trade_id });
  }
  if (books.jobs > 0) found.push({ text: `${books.jobs} jobs are left`, trade_id: null });
  return found;
}

function payments(books: Books): Violation[] {
  const known = new Map(books.orders.map((order) => [order.trade_id, order]));
  const by_order = Map.groupBy(books.ledger, (entry) => entry.out_trade_no);
  const of_nobody = books.ledger
    .filter((entry) => entry.kind === 'payment' && !known.has(entry.out_trade_no))
    .map(({ out_trade_no }) => ({ text: 'is not known here, and the channel took money', trade_id: out_trade_no }));
  const differing = books.orders.flatMap((order) =>
    paymentOf(order, by_order.get(order.trade_id) ?? []).map((text) => ({ text, trade_id: order.trade_id })),
  );
  return [...of_nobody, ...differing];
}

function paymentOf(order: OrderRow, entries: readonly LedgerEntry[]): string[] {
  const of = (kind: LedgerEntry['kind']): LedgerEntry[] => entries.filter((entry) => entry.kind === kind);
  const [paid, reverses] = [of('payment'), of('reverse')];
  const recorded = order.facts ?? order.late_facts;
  const found: string[] = [];
  if (order.times_paid > 1) found.push(`became paid ${order.times_paid} times`);
  if (paid.length > 1) found.push(`was paid ${paid.length} times at the channel`);
  const [payment] = paid;
  if (!payment) {
    const counts_as_paid = recorded !== null || order.state === 'paid';
    return counts_as_paid ? [...found, `is ${order.state}, but the channel took nothing`] : found;
  }
  const kept = payment.amount - sum([...of('refund'), ...reverses]);
  if (kept < 0) found.push(`gave back ${-kept} fen more than were paid`);
  if (order.state !== 'paid' && kept > 0) found.push(`is ${order.state}, and the payer has not got ${kept} fen back`);
  if (reverses.length > 0 && order.state !== 'reversed') found.push(`is ${order.state}, but reversed at the channel`);
  // What the channel's own reverse of a payment code gave back need not have a number here.
  if (recorded === null && reverses.length === 0) found.push(`is ${order.state}, but was paid at the channel`);
  if (payment.amount !== order.total_fen) found.push(`is of ${order.total_fen} fen here, of ${payment.amount} there`);
  if (recorded !== null && recorded.transaction_id !== payment.transaction_id)
    found.push("carries another payment's number");
  return found;
}

function refunds(books: Books): Violation[] {
  const given_back = books.ledger.filter((entry) => entry.kind === 'refund');
  const by_order = Map.groupBy(given_back, (entry) => entry.out_trade_no);
  const by_number = Map.groupBy(given_back, (entry) => entry.out_refund_no);
  const sums = books.orders.flatMap(({ trade_id, refunded_fen, total_fen }) => {
    const there = sum(by_order.get(trade_id) ?? []);
    if (there > total_fen) return [{ text: `gave back ${there} fen of ${total_fen}`, trade_id }];
    return there === refunded_fen ? [] : [{ text: `gave back ${refunded_fen} fen here, ${there} there`, trade_id }];
  });
  const singles = books.refunds.flatMap(({ refund_id, trade_id, state, refund_fen, channel_refund_no }) => {
    const there = by_number.get(channel_refund_no) ?? [];
    const expected = state === 'succeeded' ? [refund_fen] : [];
    const is_same = JSON.stringify(there.map((entry) => entry.amount)) === JSON.stringify(expected);
    const text = `has the refund ${refund_id} of ${refund_fen} fen, which is ${state} and was made ${there.length} times`;
    return is_same ? [] : [{ text, trade_id }];
  });
  return [...sums, ...singles];
}

function sum(entries: readonly LedgerEntry[]): number {
  return entries.reduce((total, entry) => total + entry.amount, 0);
}
