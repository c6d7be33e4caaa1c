/** What a trade_state means for the one question that matters: is the money there? */
export type Outcome = 'paid' | 'not_paid' | 'undecided';

/** Paid (0, 1, 4), not paid (3, 5), or not decided (2, 6, and states of a later version: not ones to ship on). */
export function outcomeOf({ trade_state }: { readonly trade_state: number }): Outcome {
  if ([0, 1, 4].includes(trade_state)) return 'paid';
  return [3, 5].includes(trade_state) ? 'not_paid' : 'undecided';
}
