import { changeOf, type OrderRow } from '../mirror.ts';
import type { Broken, Invariant } from './invariant.ts';

/** Said once for each order; a payment that is accepted late, or comes back by a refused return, is said of one that was not paid. */
const SUCCESS: ReadonlySet<string> = new Set(['paid', 'late_payment_accepted']);

/** An order has at most one payment that counts, here and in the ledger of a wallet. */
export const oneSuccess: Invariant = {
  name: 'one-success',
  promise: 'an order is paid at most once, and keeps the payment it has',
  judge: (view) => {
    const payments = new Map<string, string>();
    return {
      watch(observation) {
        if (observation.kind === 'ledger') {
          const { entry } = observation;
          if (entry.kind !== 'payment' || entry.channel === 'bank') return [];
          const first = payments.get(entry.out_trade_no);
          payments.set(entry.out_trade_no, String(entry.transaction_id));
          if (first === undefined) return [];
          return [{ sentence: `the channel was let take ${entry.out_trade_no} twice`, trade_id: entry.out_trade_no }];
        }
        if (observation.kind !== 'commit') return [];
        return observation.changes.flatMap((change): Broken[] => {
          const order = changeOf(change, 'orders');
          if (order) return lostPayment(order.before, order.after);
          const event = changeOf(change, 'order_events')?.after;
          if (!event || !SUCCESS.has(event.kind)) return [];
          const times = view.books.eventsOf(event.trade_id).filter((one) => SUCCESS.has(one.kind)).length;
          if (times <= 1) return [];
          return [
            { sentence: `order ${event.trade_id} was recorded as paid ${times} times`, trade_id: event.trade_id },
          ];
        });
      },
    };
  },
};

function lostPayment(before: OrderRow | null, after: OrderRow | null): Broken[] {
  const [was, is] = [before?.facts?.transaction_id, after?.facts?.transaction_id];
  if (was === undefined || was === is) return [];
  const trade_id = before?.trade_id;
  return [{ sentence: `the payment of order ${String(trade_id)} was ${was}, now ${String(is)}`, trade_id }];
}
