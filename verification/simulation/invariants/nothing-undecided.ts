import type { Broken, Invariant, View } from './invariant.ts';

/** Matters that keep something open until a person has acted. */
const MISMATCHES: ReadonlySet<string> = new Set(['payment_mismatch', 'refund_mismatch']);

/** Once channels, merchants and nodes work again nothing is left undecided, reserved, pending or to do. */
export const nothingUndecided: Invariant = {
  name: 'nothing-undecided',
  promise: 'nothing stays undecided once the channels answer again',
  judge: (view) => ({ atRest: () => [...orders(view), ...refunds(view), ...credits(view), ...jobs(view)] }),
};

function forAPerson(view: View, trade_id: string | null): boolean {
  return view.books.all('exceptions').some((one) => one.trade_id === trade_id && MISMATCHES.has(one.kind));
}

function orders(view: View): Broken[] {
  return view.books
    .all('orders')
    .filter((order) => order.state === 'undecided' && !forAPerson(view, order.trade_id))
    .map(({ trade_id }) => ({ sentence: `order ${trade_id} is undecided`, trade_id }));
}

function refunds(view: View): Broken[] {
  return view.books
    .all('refunds')
    .filter((refund) => ['undecided', 'processing'].includes(refund.state) && !forAPerson(view, refund.trade_id))
    .map(({ refund_id, trade_id, state }) => ({
      sentence: `refund ${refund_id} of ${trade_id} is ${state}`,
      trade_id,
    }));
}

function credits(view: View): Broken[] {
  const open = new Set(['new', 'settling', 'returning']);
  return view.books
    .all('bank_credits')
    .filter((credit) => open.has(credit.state))
    .map((credit) => ({
      sentence: `credit ${credit.reference} is ${credit.state}`,
      trade_id: credit.trade_id ?? undefined,
    }));
}

/** An abnormal refund, and what waits for a person, is asked about on. */
function jobs(view: View): Broken[] {
  return view.books.all('jobs').flatMap((job): Broken[] => {
    const refund = view.books.all('refunds').find((one) => one.refund_id === job.subject_id);
    if (job.kind === 'refund' && refund && (refund.state === 'abnormal' || forAPerson(view, refund.trade_id)))
      return [];
    if (job.kind === 'order' && forAPerson(view, job.subject_id)) return [];
    return [{ sentence: `a job ${job.kind} ${job.subject_id} is left`, trade_id: refund?.trade_id ?? job.subject_id }];
  });
}
