import type { Change } from '../changes.ts';
import type { Broken, Invariant } from './invariant.ts';

/**
 * The arrows of docs/outcomes.md, written down a second time so that a slip of the gateway cannot agree with itself.
 * `''` is where a row begins.
 */
export const ARROWS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  orders: {
    '': ['undecided'],
    undecided: ['paid', 'closed', 'reversed', 'failed'],
    paid: ['reversed'],
    closed: ['paid'],
    reversed: ['paid'],
    failed: ['paid'],
  },
  refunds: {
    '': ['undecided'],
    undecided: ['succeeded', 'processing', 'refused', 'closed', 'abnormal'],
    processing: ['succeeded', 'refused', 'closed', 'abnormal'],
    abnormal: ['succeeded', 'closed'],
    refused: ['undecided'],
    closed: ['undecided'],
    succeeded: [],
  },
  notifications: {
    '': ['pending'],
    pending: ['delivered', 'failed'],
    failed: ['pending', 'delivered'],
    delivered: ['pending'],
  },
  preorders: { '': ['open'], open: ['paid', 'closed'], closed: ['paid'], paid: [] },
  bank_credits: {
    '': ['new'],
    new: ['paid', 'held', 'reversed'],
    held: ['settling', 'returning', 'reversed'],
    settling: ['paid', 'held', 'reversed'],
    returning: ['returned', 'held', 'reversed'],
    paid: [],
    returned: [],
    reversed: [],
  },
  bank_returns: {
    '': ['due'],
    // Counted as sent before it is sent.
    due: ['processing'],
    processing: ['succeeded', 'failed'],
    succeeded: [],
    failed: [],
  },
  virtual_accounts: { '': ['open', 'closed'], open: ['closed'], closed: ['open'] },
};

/** The arrow a change goes along, or null when its state stays, or its table has none. */
export function arrowOf({ table, before, after }: Change): { table: string; from: string; to: string } | null {
  if (!(table in ARROWS) || after === null) return null;
  const [from, to] = [before === null ? '' : String(before['state']), String(after['state'])];
  return from === to ? null : { table, from, to };
}

/** States change along the documented arrows only; what is decided never goes back. */
export const arrows: Invariant = {
  name: 'arrows',
  promise: 'states change along the documented arrows only, and nothing that counts disappears',
  judge: () => ({
    watch(observation) {
      if (observation.kind !== 'commit') return [];
      return observation.changes.flatMap((change): Broken[] => {
        if (change.after === null && change.table in ARROWS)
          return [{ sentence: `a row of ${change.table} was deleted`, trade_id: textOf(change.before?.['trade_id']) }];
        const arrow = arrowOf(change);
        if (!arrow || ARROWS[arrow.table]?.[arrow.from]?.includes(arrow.to)) return [];
        const trade_id = textOf(change.after?.['trade_id']);
        const who = textOf(change.after?.['refund_id']) ?? trade_id ?? '';
        return [{ sentence: `${arrow.table} ${who} went from ${arrow.from || 'nothing'} to ${arrow.to}`, trade_id }];
      });
    },
  }),
};

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
