import { changeOf } from '../mirror.ts';
import type { Broken, Invariant } from './invariant.ts';

const RESERVING: ReadonlySet<string> = new Set(['undecided', 'processing', 'abnormal']);

/** What is refunded and what is reserved for refunds is what the refunds say, and never more than was paid. */
export const refundsWithinPayment: Invariant = {
  name: 'refunds-within-payment',
  promise: 'refunds, decided and reserved, never exceed the payment',
  judge: (view) => ({
    watch(observation) {
      if (observation.kind === 'ledger') {
        const { entry } = observation;
        if (entry.kind !== 'refund' && entry.kind !== 'reverse') return [];
        if (entry.channel === 'bank') return [];
        const of_order = view.ledger().filter((one) => one.out_trade_no === entry.out_trade_no);
        const sum = (...kinds: string[]): number =>
          of_order.filter((one) => kinds.includes(one.kind)).reduce((total, one) => total + one.amount, 0);
        if (sum('refund', 'reverse') <= sum('payment')) return [];
        return [{ sentence: `more went back of ${entry.out_trade_no} than was paid`, trade_id: entry.out_trade_no }];
      }
      if (observation.kind !== 'commit') return [];
      const touched = new Set<string>();
      for (const change of observation.changes) {
        const row = changeOf(change, 'orders')?.after ?? changeOf(change, 'refunds')?.after;
        if (row) touched.add(row.trade_id);
      }
      return [...touched].flatMap((trade_id): Broken[] => {
        const order = view.books.order(trade_id);
        if (!order) return [];
        const refunds = view.books.refundsOf(trade_id);
        const sum = (counts: (state: string) => boolean): number =>
          refunds.filter((one) => counts(one.state)).reduce((total, one) => total + one.refund_fen, 0);
        const [reserved, refunded] = [sum((state) => RESERVING.has(state)), sum((state) => state === 'succeeded')];
        const { refunded_fen, refund_reserved_fen, total_fen } = order;
        if (refunded_fen + refund_reserved_fen > total_fen)
          return [{ sentence: `order ${trade_id} gives back more than its ${total_fen} fen`, trade_id }];
        if (reserved === refund_reserved_fen && refunded === refunded_fen) return [];
        const here = `${refunded_fen} refunded and ${refund_reserved_fen} reserved`;
        return [{ sentence: `order ${trade_id} says ${here}, its refunds say ${refunded} and ${reserved}`, trade_id }];
      });
    },
  }),
};
