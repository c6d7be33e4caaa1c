import type { Invariant } from './invariant.ts';

/** An order lies at one merchant of one channel only: whoever pays it there pays it for good. */
export const placedOnce: Invariant = {
  name: 'placed-once',
  promise: 'an order is placed at one account only, unless it is certain that nothing was placed before',
  judge: () => {
    const placed_at = new Map<string, string>();
    return {
      watch(observation) {
        if (observation.kind !== 'ledger' || observation.entry.kind !== 'order') return [];
        const { channel, merchant = '', out_trade_no } = observation.entry;
        const where = `${channel} ${merchant}`;
        const first = placed_at.get(out_trade_no) ?? where;
        placed_at.set(out_trade_no, first);
        if (first === where) return [];
        return [
          { sentence: `order ${out_trade_no} was placed at ${first}, and then at ${where}`, trade_id: out_trade_no },
        ];
      },
    };
  },
};
