import { quarantineOf } from '../accounts.ts';
import type { Change } from '../changes.ts';
import { changeOf, type NumberRow } from '../mirror.ts';
import type { Broken, Invariant, View } from './invariant.ts';

const ownerOf = (row: NumberRow): string => `${row.merchant_id ?? ''}/${row.trade_id ?? ''}`;

/** Nodes' clocks differ from the world's by up to so much. */
const CLOCKS_MS = 2_000;

/** A bank number belongs to one order at a time; one that somebody was shown rests before another order gets it. */
export const oneOwnerOfNumber: Invariant = {
  name: 'one-owner-of-number',
  promise: 'a bank number belongs to one order, an order has one number, and a number rests between two orders',
  judge: (view) => {
    /** Which order a merchant was shown a number for, as it heard itself. */
    const shown = new Map<string, string>();
    const closed_at_ms = new Map<string, number>();
    return {
      watch(observation) {
        if (observation.kind === 'answered' && observation.result.kind === 'answered') {
          const { pay_info, trade_id } = observation.result.data;
          const number = /"fund_acc":(\d+)/.exec(String(pay_info))?.[1];
          if (number === undefined || typeof trade_id !== 'string') return [];
          shown.set(number, trade_id);
          return wronglyShown(view, number, trade_id);
        }
        if (observation.kind !== 'commit') return [];
        return observation.changes.flatMap((change): Broken[] => {
          const number = changeOf(change, 'virtual_accounts');
          if (!number?.after) return [];
          const { before, after } = number;
          if (before?.state === 'open' && after.state === 'closed') closed_at_ms.set(after.number, view.now_ms());
          if (before && before.state === 'closed' && after.state === 'open')
            return tooSoon(view, before, after, shown.get(after.number), closed_at_ms.get(after.number));
          return ownership(view, change);
        });
      },
    };
  },
};

/** What is shown is the order's own, unless it has been closed by now. */
function wronglyShown(view: View, number: string, trade_id: string): Broken[] {
  const row = view.books.all('virtual_accounts').find((one) => one.number === number);
  if (!row) return [{ sentence: `a merchant was shown number ${number}, which is in no book`, trade_id }];
  if (row.trade_id === trade_id || row.state === 'closed') return [];
  // An old order may be asked about when its number serves another; one that can still be paid may not.
  if (view.books.order(trade_id)?.state !== 'undecided') return [];
  return [{ sentence: `a merchant was shown number ${number} of order ${String(row.trade_id)}`, trade_id }];
}

function ownership(view: View, change: Change): Broken[] {
  const number = changeOf(change, 'virtual_accounts');
  if (!number?.after) return [];
  const { before, after } = number;
  const trade_id = after.trade_id ?? undefined;
  if (before?.state === 'open' && after.state === 'open' && ownerOf(before) !== ownerOf(after))
    return [
      {
        sentence: `number ${after.number} went from ${ownerOf(before)} to ${ownerOf(after)} while it was open`,
        trade_id,
      },
    ];
  if (after.state !== 'open') return [];
  const same = view.books
    .all('virtual_accounts')
    .filter((one) => one.state === 'open' && ownerOf(one) === ownerOf(after));
  return same.length > 1 ? [{ sentence: `order ${String(trade_id)} has ${same.length} numbers`, trade_id }] : [];
}

/** Rested by the books, by the clock of the world, and since the last money that is known of. */
function tooSoon(
  view: View,
  before: NumberRow,
  after: NumberRow,
  shown_for: string | undefined,
  closed_at_ms: number | undefined,
): Broken[] {
  const { number, account_id, opened_at_ms } = after;
  const broken = (what: string): Broken[] => [
    { sentence: `number ${number} went to another order ${what}`, trade_id: after.trade_id ?? undefined },
  ];
  if (opened_at_ms < before.free_at_ms) return broken(`${before.free_at_ms - opened_at_ms} ms before it was free`);
  const quarantine_ms = quarantineOf(account_id);
  const rested_ms = view.now_ms() - (closed_at_ms ?? 0) + CLOCKS_MS;
  if (shown_for !== undefined && shown_for === before.trade_id && rested_ms < quarantine_ms)
    return broken(`${rested_ms} ms after it was closed, although somebody was shown it`);
  const late = view.books
    .all('bank_credits')
    .find(
      (one) =>
        one.account_id === account_id &&
        one.number === number &&
        one.heard_at_ms > (before.closed_at_ms ?? 0) &&
        one.heard_at_ms + quarantine_ms > opened_at_ms + CLOCKS_MS,
    );
  return late && before.trade_id !== null ? broken(`although ${late.reference} came to it while it rested`) : [];
}
