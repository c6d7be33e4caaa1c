import type { LedgerEntry } from '../../../simulators/src/kernel/ledger.ts';
import type { CreditRow, OrderRow } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/** Where a transfer may rest. */
const AT_REST: ReadonlySet<string> = new Set(['paid', 'held', 'returned', 'reversed']);

/** Every transfer that came to the bank is in the books as it came, and is used for something that a person can find. */
export const transfersAgree: Invariant = {
  name: 'transfers-agree',
  promise: 'every transfer is booked on an order, waits for a person, went back, or was taken back',
  judge: (view) => ({
    atRest: () => {
      const at_bank = view.ledger().filter((entry) => entry.channel === 'bank');
      return [
        ...at_bank.filter((entry) => entry.kind === 'payment').flatMap((entry) => came(view, entry)),
        ...at_bank.filter((entry) => entry.kind === 'reverse').flatMap((entry) => takenBack(view, entry)),
        ...view.books.all('bank_credits').flatMap((credit) => creditDiffers(view, credit, at_bank)),
        ...view.books
          .all('orders')
          .filter((order) => order.channel === 'bank')
          .flatMap((order) => orderDiffers(view, order)),
      ];
    },
  }),
};

function creditOf(view: View, reference: string | undefined): CreditRow | undefined {
  return view.books.all('bank_credits').find((credit) => credit.reference === reference);
}

function came(view: View, { transaction_id, amount, note }: LedgerEntry): Broken[] {
  const credit = creditOf(view, transaction_id);
  if (!credit) return [{ sentence: `transfer ${String(transaction_id)} is in no book` }];
  if (credit.amount_fen === amount && credit.number === note) return [];
  const trade_id = credit.trade_id ?? undefined;
  return [{ sentence: `transfer ${credit.reference} is ${credit.amount_fen} fen here, ${amount} there`, trade_id }];
}

/** A ledger's reversal notes the credit that it takes back. */
function takenBack(view: View, { note }: LedgerEntry): Broken[] {
  const credit = creditOf(view, note);
  if (!credit) return [{ sentence: `the bank took ${String(note)} back, which is in no book` }];
  const trade_id = credit.trade_id ?? undefined;
  if (credit.reversed_by === null)
    return [{ sentence: `the bank took ${credit.reference} back, and nobody here knows`, trade_id }];
  if (credit.state === 'held')
    return [{ sentence: `the bank took ${credit.reference} back, and it waits for a decision`, trade_id }];
  const is_used = credit.state !== 'reversed' || paidBy(view, credit.reference) !== undefined;
  if (!is_used || hasMatter(view, 'bank_reversal_after_success', 'reference', credit.reference)) return [];
  return [{ sentence: `the bank took ${credit.reference} back (${credit.state}), and no person is told`, trade_id }];
}

function paidBy(view: View, reference: string | null): OrderRow | undefined {
  return view.books.all('orders').find((order) => order.facts?.transaction_id === reference);
}

function hasMatter(view: View, kind: string, member: string, value: string): boolean {
  return view.books.all('exceptions').some((one) => one.kind === kind && one.detail[member] === value);
}

function creditDiffers(view: View, credit: CreditRow, at_bank: readonly LedgerEntry[]): Broken[] {
  const { reference, state, exception_id } = credit;
  const trade_id = credit.trade_id ?? undefined;
  const broken = (what: string): Broken[] => [{ sentence: `credit ${reference} ${what}`, trade_id }];
  if (!at_bank.some((entry) => entry.kind === 'payment' && entry.transaction_id === reference))
    return broken('never came to the bank');
  if (!AT_REST.has(state)) return broken(`is ${state}`);
  const was_taken_back = at_bank.some((entry) => entry.kind === 'reverse' && entry.note === reference);
  if (credit.reversed_by !== null && !was_taken_back) return broken('counts as taken back, and the bank did not');
  if (state === 'paid' && paidBy(view, credit.payment_reference) === undefined) return broken('pays no order');
  const waits = state === 'held' || state === 'returned';
  if (waits && !view.books.all('exceptions').some((one) => one.exception_id === exception_id))
    return broken(`is ${state}, and stands in no queue`);
  return [];
}

/** What pays an order is what it costs, and what was too much is told apart, or was kept by an operator's word. */
function orderDiffers(view: View, order: OrderRow): Broken[] {
  const { trade_id, total_fen, facts, state } = order;
  const broken = (what: string): Broken[] => [{ sentence: `order ${trade_id} ${what}`, trade_id }];
  const booked = view.books.all('bank_credits').filter((one) => one.trade_id === trade_id && one.state === 'paid');
  if (!facts) return booked.length > 0 ? broken(`is ${state}, and ${booked.length} credits are booked on it`) : [];
  // Taken back by the bank in the moment it was booked: the order stays paid, and a person is told (`takenBack`).
  const taken_back = view.books
    .all('bank_credits')
    .filter((one) => one.state === 'reversed' && one.reference === facts.transaction_id);
  const parts = [...booked, ...taken_back];
  const last = parts.find((one) => one.reference === facts.transaction_id);
  if (!last) return broken(`is paid by ${facts.transaction_id}, which is not booked on it`);
  const sum = parts.reduce((total, one) => total + one.amount_fen, 0);
  if (parts.some((one) => one.payment_reference !== facts.transaction_id && one.state === 'paid'))
    return broken('has credits of another payment');
  if (sum < total_fen) return broken(`costs ${total_fen} fen, and ${sum} came`);
  if (sum > total_fen && sum - last.amount_fen >= total_fen) return broken(`was paid by more credits than it takes`);
  const back = parts.reduce((total, one) => total + one.surplus_fen, 0);
  return back === 0 || back === sum - total_fen ? [] : broken(`gives back ${back} of ${sum - total_fen} fen too much`);
}
