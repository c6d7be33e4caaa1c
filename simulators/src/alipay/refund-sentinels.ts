import type { BusinessSubCode } from './business-refusal.ts';
import type { RefundOrder } from './trade-book.ts';

/**
 * Words in `refund_reason` by which a person makes a refund go wrong. They work wherever they stand in the text, so that
 * they survive what a gateway puts around them.
 */
export const REFUND_SENTINELS: readonly { readonly word: string; readonly effect: string }[] = [
  {
    word: 'REFUND_PENDING',
    effect:
      'accepted with fund_change=N; the refund query has no refund_status for refund_settle_ms (15 s), then success',
  },
  {
    word: 'REFUND_FAILS_LATER',
    effect:
      'accepted with fund_change=N; after refund_settle_ms (15 s) it has failed and the same number may be sent again',
  },
  ...refusals().map((sub_code) => ({
    word: sub_code.slice('ACQ.'.length),
    effect: `refused with 40004 ${sub_code}, each time; nothing is kept, the number is free`,
  })),
];

/** @returns the definite refusal that a refund reason asks for, if any */
export function sentinelRefusal(reason: string | undefined): BusinessSubCode | undefined {
  return refusals().find((sub_code) => reason?.includes(sub_code.slice('ACQ.'.length)));
}

/**
 * @param again whether a refund of this number has failed before: it fails once, so that the same request sent again
 *   succeeds
 */
export function sentinelOutcome(reason: string | undefined, again: boolean): RefundOrder['outcome'] {
  if (again || reason === undefined) return 'success';
  if (reason.includes('REFUND_FAILS_LATER')) return 'pending_then_failed';
  return reason.includes('REFUND_PENDING') ? 'pending_then_success' : 'success';
}

function refusals(): readonly BusinessSubCode[] {
  return [
    'ACQ.SELLER_BALANCE_NOT_ENOUGH',
    'ACQ.TRADE_HAS_FINISHED',
    'ACQ.TRADE_NOT_ALLOW_REFUND',
    'ACQ.REASON_TRADE_BEEN_FREEZEN',
    'ACQ.BUYER_ENABLE_STATUS_FORBID',
  ];
}
