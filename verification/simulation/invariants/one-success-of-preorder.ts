import { changeOf } from '../mirror.ts';
import type { Broken, Invariant } from './invariant.ts';

/** Of all tries of a preorder at most one is paid, and the preorder names it. */
export const oneSuccessOfPreorder: Invariant = {
  name: 'one-success-of-preorder',
  promise: 'of the tries of one preorder at most one is paid',
  judge: (view) => ({
    watch(observation) {
      if (observation.kind !== 'commit') return [];
      return observation.changes.flatMap((change): Broken[] => {
        const order = changeOf(change, 'orders')?.after;
        if (!order || order.preorder_id === null || order.state !== 'paid') return [];
        const { preorder_id, trade_id } = order;
        const paid = view.books.all('orders').filter((one) => one.preorder_id === preorder_id && one.state === 'paid');
        const preorder = view.books.all('preorders').find((one) => one.preorder_id === preorder_id);
        if (paid.length > 1) return [{ sentence: `preorder ${preorder_id} is paid ${paid.length} times`, trade_id }];
        if (preorder?.paid_trade_id === trade_id && preorder.state === 'paid') return [];
        return [{ sentence: `preorder ${preorder_id} does not know that its try ${trade_id} is paid`, trade_id }];
      });
    },
  }),
};
