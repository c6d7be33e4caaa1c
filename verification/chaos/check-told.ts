/** Whatever a request was answered with success must be there, and stay true. */
import type { Violation } from './check-books.ts';
import type { Books, OrderRow } from './books.ts';
import type { Success } from './tally.ts';

/** trade_state that says "paid": paid, and paid with something given back. */
const PAID_STATES: ReadonlySet<number | null> = new Set([0, 1]);

export function checkTold(books: Books): Violation[] {
  const orders = new Map(books.orders.map((order) => [order.mch_trade_id, order]));
  const refunds = new Map(books.refunds.map((refund) => [refund.mch_refund_id, refund]));
  const paid = new Set(books.ledger.filter((entry) => entry.kind === 'payment').map((entry) => entry.out_trade_no));
  return books.told.successes.flatMap((told) => {
    const order = orders.get(told.mch_trade_id);
    if (!order)
      return [{ text: `${told.mch_trade_id} was answered with success, and is gone`, trade_id: told.trade_id }];
    const found = [...brokenOf(told, order, paid.has(order.trade_id))];
    if (told.refund !== undefined) {
      const { mch_refund_id, refund_fee, refund_status } = told.refund;
      const refund = refunds.get(mch_refund_id);
      if (refund?.refund_fen !== refund_fee) found.push(`has lost the refund ${mch_refund_id} of ${refund_fee} fen`);
      if (refund_status === 0 && refund?.state !== 'succeeded')
        found.push(`was told that the refund ${mch_refund_id} succeeded, and it is ${refund?.state}`);
    }
    return found.map((text) => ({ text, trade_id: order.trade_id }));
  });
}

function* brokenOf(told: Success, order: OrderRow, is_paid_there: boolean): Generator<string> {
  const { path, trade_state } = told;
  if (order.trade_id !== told.trade_id) yield `had the number ${told.trade_id} when its merchant was answered`;
  if (told.total_fee !== null && order.total_fen !== told.total_fee) yield `was of ${told.total_fee} fen when answered`;
  if (PAID_STATES.has(trade_state)) {
    if (!is_paid_there) yield `was told as paid (${path}), and the channel took nothing`;
    if (!['paid', 'reversed'].includes(order.state)) yield `was told as paid (${path}), and is ${order.state}`;
  }
  if (trade_state === 3 && order.state !== 'closed') yield `was told as closed (${path}), and is ${order.state}`;
  const is_taken_back = ['reversed', 'failed'].includes(order.state);
  if (trade_state === 5 && !is_taken_back) yield `was told as reversed or refused (${path}), and is ${order.state}`;
}
