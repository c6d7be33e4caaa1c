import type { Broken, Invariant, View } from './invariant.ts';

/** Every transfer that came to the bank is in the books, and what paid an order is as much as the order costs. */
export const transfersAgree: Invariant = {
  name: 'transfers-agree',
  promise: 'every transfer is booked on an order, waits for a person, or went back',
  judge: (view) => ({
    atRest: () => [...unheard(view), ...view.books.all('orders').flatMap((order) => sumDiffers(view, order.trade_id))],
  }),
};

function unheard(view: View): Broken[] {
  const known = new Set(view.books.all('bank_credits').map((credit) => credit.reference));
  return view
    .ledger()
    .filter((entry) => entry.channel === 'bank' && entry.kind === 'payment' && !known.has(entry.transaction_id ?? ''))
    .map((entry) => ({
      sentence: `transfer ${String(entry.transaction_id)} is in no book`,
      trade_id: entry.out_trade_no,
    }));
}

function sumDiffers(view: View, trade_id: string): Broken[] {
  const order = view.books.order(trade_id);
  if (order?.channel !== 'bank') return [];
  const paid = view.books
    .all('bank_credits')
    .filter((credit) => credit.trade_id === trade_id && credit.state === 'paid');
  const sum = paid.reduce((total, credit) => total + credit.amount_fen, 0);
  const is_paid = order.facts !== null;
  if (is_paid && sum < order.total_fen)
    return [{ sentence: `order ${trade_id} is paid, and ${sum} fen came`, trade_id }];
  if (!is_paid && sum > 0)
    return [{ sentence: `order ${trade_id} is ${order.state}, and ${sum} fen are booked on it`, trade_id }];
  return [];
}
