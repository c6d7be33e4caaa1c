import type { Json } from '../../merchant.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/** What a request promised that was answered with success. */
interface Promised {
  readonly path: string;
  readonly merchant_id: string;
  readonly fields: Json;
  readonly data: Json;
}

/** What was answered with success is there, now and after every crash. */
export const answersSurvive: Invariant = {
  name: 'answers-survive',
  promise: 'a request that was answered "success" is in the books, then and at the end',
  judge: (view) => {
    const promised: Promised[] = [];
    return {
      watch(observation) {
        if (observation.kind !== 'answered' || observation.result.kind !== 'answered') return [];
        const { path, merchant_id, fields, result } = observation;
        if (result.code !== 0) return [];
        const one = { path, merchant_id, fields, data: result.data };
        promised.push(one);
        return missing(view, one);
      },
      atRest: () => promised.flatMap((one) => missing(view, one)),
    };
  },
};

function missing(view: View, { path, merchant_id, fields, data }: Promised): Broken[] {
  const number = String(fields['mch_trade_id']);
  const trade_id = typeof data['trade_id'] === 'string' ? data['trade_id'] : undefined;
  const broken = (what: string): Broken[] => [
    { sentence: `${path} of ${number} was answered with success, ${what}`, trade_id },
  ];
  if (path === '/v2/pay' && fields['pay_type'] !== 'pooul.preorder') {
    const order = view.books.orderByNumber(merchant_id, number);
    if (!order) return broken('and there is no such order');
    const differs = order.total_fen !== fields['total_fee'] || (trade_id !== undefined && order.trade_id !== trade_id);
    return differs ? broken('and the order is another one') : [];
  }
  if (path === '/v2/pay/refund') {
    const refund = view.books
      .all('refunds')
      .find((one) => one.merchant_id === merchant_id && one.mch_refund_id === fields['mch_refund_id']);
    if (!refund) return broken(`and there is no refund ${String(fields['mch_refund_id'])}`);
    return refund.refund_fen === fields['refund_fee'] ? [] : broken('and the refund is of another amount');
  }
  if (path === '/v2/pay/close' || path === '/v2/pay/reverse') {
    const order = view.books.orderByNumber(merchant_id, number);
    if (order && order.state !== 'undecided') return [];
    const preorder = view.books
      .all('preorders')
      .find((one) => one.merchant_id === merchant_id && one.mch_pre_id === number);
    if (preorder && preorder.state !== 'open') return [];
    return broken('and the order has not ended');
  }
  return [];
}
