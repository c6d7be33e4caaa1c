import type { PayType } from '../channels/channel.ts';
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
  if (pay_type.reply_shows_order) return orderAnswer(order, pay_type, at_ms);
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

/** The shape of 定向转账支付: the order's own fields around the reply. */
function orderAnswer(order: Order, pay_type: PayType, at_ms: number): Answer {
  const attach = order.request['attach'];
  const reply = Object.keys(pay_type.reply).flatMap((name) => {
    const value = order.reply?.[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    msg: order.reply_message === '' ? 'success' : order.reply_message,
    data: {
      trade_id: order.trade_id,
      ...(attach !== undefined && { attach }),
      mch_trade_id: order.mch_trade_id,
      merchant_id: order.merchant_id,
      pay_type: order.pay_type,
      total_fee: order.total_fen,
      ...(Object.fromEntries(reply) as Record<string, string>),
      trade_state: tradeState(order, at_ms),
      trade_info: tradeInfo(order, at_ms),
    },
  };
}
