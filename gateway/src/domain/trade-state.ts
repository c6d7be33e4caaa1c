import type { Order } from './order.ts';
import { REFUND_PERIOD_MS } from './refund.ts';

/** 支付状态码: the words of the product document for each trade_state. */
export const TRADE_STATE_LABELS: Readonly<Record<number, string>> = {
  0: '支付成功',
  1: '转入退款',
  2: '未支付',
  3: '已关闭',
  4: '已完结',
  5: '已撤销',
  6: '支付中',
};

/**
 * The trade_state that a merchant is shown for an order as it stands.
 * @param at_ms now: a payment that is older than the time for refunds is finished (已完结，不可发起退款)
 */
export function tradeState(order: Order, at_ms: number): number {
  switch (order.state) {
    case 'undecided':
      return order.initial_trade_state;
    case 'paid':
      if (order.finished || isTooOldToRefund(order, at_ms)) return 4;
      return order.refunded_fen + order.refund_reserved_fen > 0 ? 1 : 0;
    case 'closed':
      return 3;
    case 'reversed':
    case 'failed':
      return 5;
  }
}

/** `<label>, <channel message>`, as the document prints trade_info. */
export function tradeInfo(order: Order, at_ms: number): string {
  const state = tradeState(order, at_ms);
  const message = state === 1 ? '' : order.channel_message;
  return `${TRADE_STATE_LABELS[state]}, ${message}`;
}

/** Whether a payment is older than the year within which channels refund (pay-api 申请退款, note 1). */
export function isTooOldToRefund(order: Order, at_ms: number): boolean {
  return at_ms - (order.facts?.paid_at_ms ?? order.created_at_ms) > REFUND_PERIOD_MS;
}
