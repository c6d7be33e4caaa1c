import type { LedgerEntry } from '../../../simulators/src/kernel/ledger.ts';
import { changeOf } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

/** What left the bank under one number, and whether it came back. */
interface Payout {
  readonly number: string;
  /** Null: it never left. */
  readonly left_fen: number | null;
  readonly times: number;
  readonly came_back: boolean;
}

/** What we wanted the bank to pay, under one number. */
interface Wanted {
  readonly amount_fen: number;
  readonly succeeded: boolean;
  readonly what: string;
  readonly trade_id: string | undefined;
  /** Kind of the matter that tells a person of what came back afterwards. */
  readonly matter: string;
}

/** What went out of the bank account is what the books say, number by number and in sum. */
export const payoutsAgree: Invariant = {
  name: 'payouts-agree',
  promise: 'refunds and returns by bank transfer go out once, and what came, went and stayed adds up',
  judge: (view) => {
    /** A refund that is asked for again after its end has another number. */
    const earlier = new Map<string, string>();
    return {
      watch(observation) {
        if (observation.kind !== 'commit') return [];
        for (const change of observation.changes) {
          const refund = changeOf(change, 'refunds');
          const [was, is] = [refund?.before?.channel_refund_no, refund?.after?.channel_refund_no];
          if (was !== undefined && refund?.after && was !== is) earlier.set(was, refund.after.trade_id);
        }
        return [];
      },
      atRest: () => {
        const wanted = allWanted(view, earlier);
        const payouts = payoutsOf(view.ledger());
        return [
          ...payouts.filter(({ number }) => !wanted.has(number)).map(({ number }) => unknownPayout(number)),
          ...[...wanted].flatMap(([number, one]) => payoutDiffers(view, number, one, payouts)),
          ...sumDiffers(view, wanted, payouts),
        ];
      },
    };
  },
};

function unknownPayout(number: string): Broken {
  return { sentence: `the bank was let pay ${number}, which nobody here knows` };
}

function allWanted(view: View, earlier: ReadonlyMap<string, string>): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const [number, trade_id] of earlier)
    wanted.set(number, { amount_fen: 0, succeeded: false, what: 'an earlier refund', trade_id, matter: '' });
  for (const refund of view.books.all('refunds')) {
    if (view.books.order(refund.trade_id)?.channel !== 'bank') continue;
    wanted.set(refund.channel_refund_no, {
      amount_fen: refund.refund_fen,
      succeeded: refund.state === 'succeeded',
      what: `refund ${refund.refund_id} (${refund.state})`,
      trade_id: refund.trade_id,
      matter: 'bank_refund_returned',
    });
  }
  for (const back of view.books.all('bank_returns')) {
    const credit = view.books.all('bank_credits').find((one) => one.reference === back.reference);
    wanted.set(back.return_no, {
      amount_fen: back.amount_fen,
      succeeded: back.state === 'succeeded',
      what: `return ${back.return_no} of ${back.reference} (${back.state})`,
      trade_id: credit?.trade_id ?? undefined,
      matter: 'bank_return_failed',
    });
  }
  return wanted;
}

function payoutsOf(ledger: readonly LedgerEntry[]): Payout[] {
  const entries = ledger.filter((one) => one.channel === 'bank' && one.out_refund_no !== undefined);
  return [...new Set(entries.map((one) => one.out_refund_no ?? ''))].map((number) => {
    const left = entries.filter((one) => one.out_refund_no === number && one.kind === 'refund');
    const came_back =
      left.length > 0 && entries.some((one) => one.out_refund_no === number && one.kind === 'refund_failed');
    return { number, left_fen: left[0]?.amount ?? null, times: left.length, came_back };
  });
}

function payoutDiffers(view: View, number: string, wanted: Wanted, payouts: readonly Payout[]): Broken[] {
  const { what, trade_id, amount_fen, succeeded, matter } = wanted;
  const broken = (how: string): Broken[] => [{ sentence: `${what}: ${how}`, trade_id }];
  const payout = payouts.find((one) => one.number === number);
  if (payout && payout.times > 1) return broken(`the bank paid ${payout.times} times`);
  const left_fen = payout?.left_fen ?? null;
  if (!succeeded) return left_fen === null || payout?.came_back ? [] : broken(`the bank paid ${left_fen} fen`);
  if (left_fen !== amount_fen) return broken(`the bank paid ${left_fen ?? 'nothing'}, not ${amount_fen} fen`);
  if (!payout?.came_back) return [];
  const is_told = view.books
    .all('exceptions')
    .some((one) => one.kind === matter && [one.detail['end_to_end_id'], one.detail['return_no']].includes(number));
  return is_told ? [] : broken('it came back, and no person is told');
}

/** The same in one sum: what came and was not taken back, less what went and did not come back. */
function sumDiffers(view: View, wanted: ReadonlyMap<string, Wanted>, payouts: readonly Payout[]): Broken[] {
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, one) => total + one, 0);
  const at_bank = view.ledger().filter((one) => one.channel === 'bank');
  const of = (kind: LedgerEntry['kind']): number =>
    sum(at_bank.filter((one) => one.kind === kind).map((one) => one.amount));
  const there = of('payment') - of('reverse') - of('refund');
  const credits = view.books.all('bank_credits');
  const stayed = credits.filter((one) => one.reversed_by === null).map((one) => one.amount_fen);
  const went = [...wanted.values()].filter((one) => one.succeeded).map((one) => one.amount_fen);
  // What left and came back is, in our books, what never left: unless a person has to see to it.
  const came_back = payouts
    .filter((one) => one.came_back && !wanted.get(one.number)?.succeeded)
    .map((one) => one.left_fen ?? 0);
  const here = sum(stayed) - sum(went);
  if (here === there + sum(came_back)) return [];
  return [{ sentence: `${here} fen stayed by our books, ${there + sum(came_back)} by the bank's` }];
}
