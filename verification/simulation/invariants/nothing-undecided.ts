import type { Broken, Invariant, View } from './invariant.ts';

/** Matters that keep something open until a person has acted. */
const MISMATCHES: ReadonlySet<string> = new Set(['payment_mismatch', 'refund_mismatch']);

/** Once channels, merchants and nodes work again nothing is left undecided, reserved, pending or to do. */
export const nothingUndecided: Invariant = {
  name: 'nothing-undecided',
  promise: 'nothing stays undecided once the channels answer again',
  judge: (view) => ({
    atRest: () => [...orders(view), ...refunds(view), ...credits(view), ...numbers(view), ...jobs(view)],
  }),
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
  const open = new Set(['new', 'settling', 'returning', 'due', 'processing']);
  return [...view.books.all('bank_credits'), ...view.books.all('bank_returns')]
    .filter((one) => open.has(one.state))
    .map((one) => ({
      sentence: `credit ${one.reference} ${'return_no' in one ? 'goes back, which' : ''} is ${one.state}`,
      trade_id: 'trade_id' in one ? (one.trade_id ?? undefined) : undefined,
    }));
}

/** Every order has ended or is written off in the end, and its number rests. */
function numbers(view: View): Broken[] {
  return view.books
    .all('virtual_accounts')
    .filter((one) => one.state === 'open')
    .map(({ number, trade_id }) => ({ sentence: `number ${number} is open`, trade_id: trade_id ?? undefined }));
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
