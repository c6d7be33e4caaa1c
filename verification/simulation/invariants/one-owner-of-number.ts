import { changeOf } from '../mirror.ts';
import type { Broken, Invariant } from './invariant.ts';

/** How long a number rests before another order gets it; what was sent to its last owner may still be on its way. */
const OWNER = (row: { merchant_id: string | null; trade_id: string | null }): string =>
  `${row.merchant_id ?? ''}/${row.trade_id ?? ''}`;

/** A bank number belongs to one order at a time, and to the one it was given to until it is closed. */
export const oneOwnerOfNumber: Invariant = {
  name: 'one-owner-of-number',
  promise: 'a bank number belongs to one order, and an order has one number',
  judge: (view) => ({
    watch(observation) {
      if (observation.kind !== 'commit') return [];
      return observation.changes.flatMap((change): Broken[] => {
        const number = changeOf(change, 'virtual_accounts');
        if (!number?.after) return [];
        const { before, after } = number;
        const trade_id = after.trade_id ?? undefined;
        if (before?.state === 'open' && after.state === 'open' && OWNER(before) !== OWNER(after))
          return [
            {
              sentence: `number ${after.number} went from ${OWNER(before)} to ${OWNER(after)} while it was open`,
              trade_id,
            },
          ];
        if (after.state !== 'open') return [];
        const same = view.books
          .all('virtual_accounts')
          .filter(
            (one) => one.state === 'open' && one.trade_id === after.trade_id && one.merchant_id === after.merchant_id,
          );
        return same.length > 1 ? [{ sentence: `order ${String(trade_id)} has ${same.length} numbers`, trade_id }] : [];
      });
    },
  }),
};
