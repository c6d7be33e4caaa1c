import type { LedgerEntry } from '../../../simulators/src/kernel/ledger.ts';
import type { OrderRow, RefundRow } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/** The gateway's books and the channels' ledger tell the same story, to the fen, once everything has come to rest. */
export const booksAgree: Invariant = {
  name: 'books-agree',
  promise: 'the books here and at the channels agree to the fen',
  judge: (view) => ({
    atRest: () => {
      const ledger = view.ledger();
      return [
        ...ofNobody(view, ledger),
        ...view.books.all('orders').flatMap((order) => paymentDiffers(view, order, ledger)),
        ...view.books.all('orders').flatMap((order) => refundsDiffer(view, order, ledger)),
      ];
    },
  }),
};

/** Money that came to an order we do not know; what came to a bank number waits in the queue instead. */
function ofNobody(view: View, ledger: readonly LedgerEntry[]): Broken[] {
  const known = new Set(view.books.all('orders').map((order) => order.trade_id));
  return ledger
    .filter((entry) => entry.kind === 'payment' && entry.channel !== 'bank' && !known.has(entry.out_trade_no))
    .map((entry) => ({ sentence: `the channel took money for ${entry.out_trade_no}, which nobody here knows` }));
}

function paymentDiffers(view: View, order: OrderRow, all: readonly LedgerEntry[]): Broken[] {
  const { trade_id } = order;
  const broken = (what: string): Broken => ({ sentence: `order ${trade_id} (${order.state}) ${what}`, trade_id });
  const entries = all.filter((entry) => entry.out_trade_no === trade_id);
  const of = (kind: LedgerEntry['kind']): LedgerEntry[] => entries.filter((entry) => entry.kind === kind);
  // What comes to a bank number is many transfers, which have an invariant of their own.
  if (order.channel === 'bank') return [];
  const [payments, reverses] = [of('payment'), of('reverse')];
  const recorded = order.facts ?? order.late_facts;
  const [payment] = payments;
  if (payments.length > 1) return [broken(`was paid ${payments.length} times at the channel`)];
  if (!payment)
    return recorded || order.state === 'paid' ? [broken('counts as paid, but the channel took nothing')] : [];
  const found: Broken[] = [];
  const back = [...of('refund'), ...reverses].reduce((sum, entry) => sum + entry.amount, 0);
  const kept = payment.amount - back;
  if (kept < 0) found.push(broken(`gave back ${-kept} fen more than were paid`));
  if (order.state !== 'paid' && kept > 0 && !waitsForPerson(view, trade_id))
    found.push(broken(`was paid and the payer has not got ${kept} fen back`));
  if (reverses.length > 0) {
    if (order.state !== 'reversed') found.push(broken('was reversed at the channel'));
    if (order.refunded_fen > 0) found.push(broken('was reversed at the channel and refunded by us'));
  } else if (!recorded) found.push(broken('was paid at the channel, which we do not know'));
  if (payment.amount !== order.total_fen) found.push(broken(`costs ${order.total_fen} fen, ${payment.amount} came`));
  if (recorded && payment.transaction_id !== recorded.transaction_id)
    found.push(
      broken(`carries ${recorded.transaction_id}, the channel's payment is ${String(payment.transaction_id)}`),
    );
  return found;
}

/** An automatic refund that the channel refused is a matter for a person. */
function waitsForPerson(view: View, trade_id: string): boolean {
  const kinds = new Set(['late_payment_not_refunded', 'refund_abnormal']);
  return view.books.all('exceptions').some((one) => one.trade_id === trade_id && kinds.has(one.kind));
}

function refundsDiffer(view: View, order: OrderRow, ledger: readonly LedgerEntry[]): Broken[] {
  const { trade_id } = order;
  // A bank's payments out may come back, which has an invariant of its own.
  if (order.channel === 'bank') return [];
  const refunds = view.books.refundsOf(trade_id);
  const given_back = ledger.filter((entry) => entry.kind === 'refund' && numbersOf(refunds).has(refundNumber(entry)));
  const there = given_back.reduce((sum, entry) => sum + entry.amount, 0);
  const found: Broken[] = [];
  if (there !== order.refunded_fen)
    found.push({ sentence: `order ${trade_id}: ${order.refunded_fen} fen refunded here, ${there} there`, trade_id });
  for (const refund of refunds) {
    const entries = given_back.filter((entry) => refundNumber(entry) === refund.channel_refund_no);
    const expected = refund.state === 'succeeded' ? [refund.refund_fen] : [];
    if (JSON.stringify(entries.map((entry) => entry.amount)) !== JSON.stringify(expected))
      found.push({
        sentence: `refund ${refund.refund_id} is ${refund.state}, the channel gave back ${entries.length} times`,
        trade_id,
      });
  }
  return found;
}

function refundNumber(entry: LedgerEntry): string {
  return entry.out_refund_no ?? '';
}

function numbersOf(refunds: readonly RefundRow[]): Set<string> {
  return new Set(refunds.map((refund) => refund.channel_refund_no));
}
