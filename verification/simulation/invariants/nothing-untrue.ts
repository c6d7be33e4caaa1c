import type { Json } from '../../merchant.ts';
import type { Change } from '../changes.ts';
import { changeOf } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/** 支付状态码: paid, partly or wholly refunded, finished. */
const PAID_STATES: ReadonlySet<number> = new Set([0, 1, 4]);

/** Nobody is told anything that the channel did not do. */
export const nothingUntrue: Invariant = {
  name: 'nothing-untrue',
  promise: 'no merchant is told of a payment, a refund or an end that did not happen',
  judge: (view) => ({
    watch(observation) {
      if (observation.kind === 'commit') return observation.changes.flatMap((change) => unpaidButTold(view, change));
      if (observation.kind === 'heard') return untrue(view, observation.data);
      if (observation.kind !== 'answered' || observation.result.kind !== 'answered') return [];
      const { code, data } = observation.result;
      return code === 0 ? untrue(view, data) : [];
    },
  }),
};

/** "Paid" is told of orders that are paid: not of a late payment that goes back. */
function unpaidButTold(view: View, change: Change): Broken[] {
  const notification = changeOf(change, 'notifications');
  if (!notification?.after || notification.before || notification.after.subject !== 'payment') return [];
  const { trade_id } = notification.after;
  const state = view.books.order(trade_id)?.state;
  return state === 'paid'
    ? []
    : [{ sentence: `"paid" is told of order ${trade_id}, which is ${String(state)}`, trade_id }];
}

function untrue(view: View, data: Json): Broken[] {
  const { trade_id, trade_state } = data;
  if (typeof trade_id !== 'string') return [];
  const entries = view.ledger().filter((entry) => entry.out_trade_no === trade_id);
  const found: Broken[] = [];
  const paid = PAID_STATES.has(Number(trade_state)) && trade_state !== undefined;
  if (paid && !entries.some((entry) => entry.kind === 'payment') && !paidByTransfer(view, trade_id))
    found.push({ sentence: `a merchant was told that ${trade_id} is paid, and the channel took nothing`, trade_id });
  for (const refund of refundsIn(data['refunds'])) {
    if (refund['refund_status'] !== 0) continue;
    const row = view.books.refundsOf(trade_id).find((one) => one.mch_refund_id === refund['mch_refund_id']);
    const there = view.ledger().find((one) => one.kind === 'refund' && one.out_refund_no === row?.channel_refund_no);
    if (there?.amount === refund['refund_fee']) continue;
    found.push({
      sentence: `a merchant was told that refund ${String(refund['mch_refund_id'])} succeeded, and the channel says otherwise`,
      trade_id,
    });
  }
  return found;
}

function refundsIn(value: unknown): Json[] {
  if (Array.isArray(value)) return value as Json[];
  return typeof value === 'object' && value !== null ? [value as Json] : [];
}

/** A bank does not know whose order has a number of our own pool, and an operator may let a transfer to another number pay. */
function paidByTransfer(view: View, trade_id: string): boolean {
  const reference = view.books.order(trade_id)?.facts?.transaction_id;
  return (
    reference !== undefined &&
    view.ledger().some((one) => one.channel === 'bank' && one.kind === 'payment' && one.transaction_id === reference)
  );
}
