import type { Change } from '../changes.ts';
import { changeOf, type CreditRow } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/** What may be given back, or has been. */
const NOT_BOOKED: ReadonlySet<string> = new Set(['held', 'returning', 'returned']);

/** Money that came once is used once: it pays an order, or it goes back. */
export const oneUseOfCredit: Invariant = {
  name: 'one-use-of-credit',
  promise: 'a transfer pays one order or goes back, and never both',
  judge: (view) => ({
    watch(observation) {
      if (observation.kind !== 'commit') return [];
      return observation.changes.flatMap((change) => [
        ...creditChanged(view, change),
        ...orderPaid(view, change),
        ...goesBack(view, change),
      ]);
    },
  }),
};

function ordersPaidBy(view: View, reference: string): string[] {
  return view.books
    .all('orders')
    .filter((order) => order.facts?.transaction_id === reference)
    .map((order) => order.trade_id);
}

function creditChanged(view: View, change: Change): Broken[] {
  const credit = changeOf(change, 'bank_credits')?.after;
  if (!credit) return [];
  const { reference, state, trade_id } = credit;
  const paid = ordersPaidBy(view, reference);
  if (paid.length > 1) return [{ sentence: `credit ${reference} paid ${paid.length} orders`, trade_id: paid[0] }];
  if (!NOT_BOOKED.has(state) || paid.length === 0) return [];
  return [{ sentence: `credit ${reference} is ${state}, and paid order ${paid[0]}`, trade_id: trade_id ?? undefined }];
}

/** What an order is paid by waits for nobody in that moment. */
function orderPaid(view: View, change: Change): Broken[] {
  const order = changeOf(change, 'orders');
  const reference = order?.after?.facts?.transaction_id;
  if (!order?.after || order.after.channel !== 'bank' || reference === undefined || order.before?.facts) return [];
  const { trade_id } = order.after;
  const credit = view.books.all('bank_credits').find((one) => one.reference === reference);
  if (!credit) return [{ sentence: `order ${trade_id} is paid by ${reference}, which is in no book`, trade_id }];
  if (!NOT_BOOKED.has(credit.state)) return [];
  return [{ sentence: `order ${trade_id} is paid by credit ${reference}, which is ${credit.state}`, trade_id }];
}

/** No more goes back of a credit than came: the whole of one that is not booked, or what was too much of one that is. */
function goesBack(view: View, change: Change): Broken[] {
  const back = changeOf(change, 'bank_returns');
  if (!back?.after || back.before) return [];
  const { reference, amount_fen, whole } = back.after;
  const credit = view.books.all('bank_credits').find((one) => one.reference === reference);
  if (!credit) return [{ sentence: `a credit ${reference} goes back that never came` }];
  const trade_id = credit.trade_id ?? undefined;
  const wanted = whole ? credit.amount_fen : credit.surplus_fen;
  if (amount_fen !== wanted || amount_fen > credit.amount_fen)
    return [{ sentence: `${amount_fen} fen of credit ${reference} go back, not ${wanted}`, trade_id }];
  if (credit.state !== (whole ? 'returning' : 'paid'))
    return [{ sentence: `credit ${reference} goes back and is ${credit.state}`, trade_id }];
  return openReturns(view, credit).length > 1
    ? [{ sentence: `credit ${reference} goes back twice at once`, trade_id }]
    : [];
}

function openReturns(view: View, credit: CreditRow): unknown[] {
  return view.books
    .all('bank_returns')
    .filter((one) => one.reference === credit.reference && one.state !== 'failed' && one.whole);
}
