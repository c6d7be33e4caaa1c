import type { WechatRefund } from './state.ts';

/**
 * What becomes of a refund, chosen by its inputs so that a person can reproduce a failure: a `reason` that contains
 * "ABNORMAL" or "异常", or an amount that ends in 94.04 yuan, becomes ABNORMAL; "CLOSED" or "关闭", or 94.05 yuan, becomes
 * CLOSED; anything else succeeds.
 *
 * @param refund fen
 */
export function refundOutcome(reason: string | undefined, refund: number): WechatRefund['outcome'] {
  const end = refund % 10_000;
  if (end === 9_404 || /ABNORMAL|异常/.test(reason ?? '')) return 'ABNORMAL';
  if (end === 9_405 || /CLOSED|关闭/.test(reason ?? '')) return 'CLOSED';
  return 'SUCCESS';
}
