import { implementationOf } from '../channels/registry.ts';
import type { Order } from '../domain/order.ts';
import { tradeInfo, tradeState } from '../domain/trade-state.ts';
import { channelFields } from '../notifications/payload.ts';

/** What a merchant is answered when all went well: `msg` and `data` of the documented envelope. */
export interface Answer {
  readonly msg: string;
  readonly data: Readonly<Record<string, unknown>> | readonly unknown[];
}

/** The answer to /v2/pay, in the shape the document shows for this pay type. */
export function payAnswer(order: Order, at_ms: number): Answer {
  const pay_type = implementationOf(order);
  return {
    msg: order.reply_message === '' ? 'success' : order.reply_message,
    data: {
      ...order.reply,
      trade_id: order.trade_id,
      mch_trade_id: order.mch_trade_id,
      merchant_id: order.merchant_id,
      ...(pay_type.reply_shows_state && {
        pay_type: order.pay_type,
        trade_state: tradeState(order, at_ms),
        // A payment code that is paid at once shows the bare label: 支付成功.
        trade_info: tradeInfo(order, at_ms).replace(/, $/, ''),
        ...channelFields(order),
      }),
    },
  };
}
