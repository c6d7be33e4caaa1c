import { changeOf } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/**
 * A merchant that heard 601 of a reverse need not ask again: it is done, or it was refused and a person knows. What is paid after
 * it was reversed was reversed all the same: the merchant has told us to take late payments.
 */
export const wantedEnds: Invariant = {
  name: 'wanted-ends',
  promise: 'a reverse that was answered "unknown" is carried out, or its refusal is put before a person',
  judge: (view) => {
    const wanted = new Set<string>();
    const reversed = new Set<string>();
    return {
      watch(observation) {
        if (observation.kind === 'commit')
          for (const change of observation.changes) {
            const order = changeOf(change, 'orders')?.after;
            if (order?.state === 'reversed') reversed.add(order.trade_id);
          }
        if (observation.kind !== 'answered' || observation.path !== '/v2/pay/reverse') return [];
        const { result, merchant_id, fields } = observation;
        if (result.kind !== 'answered' || result.code !== 601) return [];
        const order = view.books.orderByNumber(merchant_id, String(fields['mch_trade_id']));
        if (order) wanted.add(order.trade_id);
        return [];
      },
      atRest: () =>
        [...wanted].filter((trade_id) => !reversed.has(trade_id)).flatMap((trade_id) => forgotten(view, trade_id)),
    };
  },
};

const PUT_BEFORE_A_PERSON: ReadonlySet<string> = new Set(['ending_refused', 'late_payment_not_refunded']);

function forgotten(view: View, trade_id: string): Broken[] {
  const state = view.books.order(trade_id)?.state;
  if (state !== 'paid' && state !== 'undecided') return [];
  const known = view.books
    .all('exceptions')
    .some((one) => one.trade_id === trade_id && PUT_BEFORE_A_PERSON.has(one.kind));
  return known ? [] : [{ sentence: `order ${trade_id} was to be reversed, and is ${state}`, trade_id }];
}
