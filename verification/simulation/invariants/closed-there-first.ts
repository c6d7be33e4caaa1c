import type { Change } from '../changes.ts';
import { changeOf } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/** What ends an order at WeChat Pay, or has taken its money. */
const ENDS: ReadonlySet<string> = new Set(['close', 'reverse', 'payment']);

/**
 * An order ends here when it has ended at its channel. Of WeChat Pay alone: an order of Alipay that nobody has opened cannot be
 * closed there.
 */
export const closedThereFirst: Invariant = {
  name: 'closed-there-first',
  promise: 'an order that WeChat Pay knows is closed here after it was closed there',
  judge: (view) => ({
    watch: (observation) =>
      observation.kind === 'commit' ? observation.changes.flatMap((change) => openThere(view, change)) : [],
  }),
};

function openThere(view: View, change: Change): Broken[] {
  const order = changeOf(change, 'orders');
  if (order?.before?.state !== 'undecided' || !order.after) return [];
  const { trade_id, state } = order.after;
  if (state !== 'closed' && state !== 'reversed') return [];
  const there = view.ledger().filter((one) => one.channel === 'wechat' && one.out_trade_no === trade_id);
  if (there.length === 0 || there.some((one) => ENDS.has(one.kind))) return [];
  return [{ sentence: `order ${trade_id} is ${state} here and open at WeChat Pay`, trade_id }];
}
