import type { Order } from './order.ts';

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

/** The trade_state that a merchant is shown for an order as it stands. */
export function tradeState(order: Order): number {
  switch (order.state) {
    case 'undecided':
      return order.initial_trade_state;
    case 'paid':
      if (order.finished) return 4;
      return order.refunded_fen + order.refund_reserved_fen > 0 ? 1 : 0;
    case 'closed':
      return 3;
    case 'reversed':
    case 'failed':
      return 5;
  }
}

/** `<label>, <channel message>`, as the document prints trade_info. */
export function tradeInfo(order: Order): string {
  const state = tradeState(order);
  const message = state === 1 ? '' : order.channel_message;
  return `${TRADE_STATE_LABELS[state]}, ${message}`;
}
