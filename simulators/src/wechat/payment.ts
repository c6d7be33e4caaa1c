import { transactionNotice } from './notifications.ts';
import { newTransactionId, openidOf } from './numbers.ts';
import type { WechatWorld } from './operation.ts';
import { receiver } from './state.ts';
import type { Payment, WechatOrder } from './state.ts';

/** Moves the payer's money to the merchant and owes the callback, if the order has one. */
export function markPaid(world: WechatWorld, order: WechatOrder): WechatOrder {
  const paid_at_ms = world.ports.now();
  const payment: Payment = {
    transaction_id: newTransactionId(world.ports, paid_at_ms),
    paid_at_ms,
    // 零钱 and whatever else is no bank (doc 4012791880, bank_type).
    bank_type: 'OTHERS',
    openid: order.openid ?? openidOf(order.appid),
    ...(order.sub_appid === undefined ? {} : { sub_openid: order.sub_openid ?? openidOf(order.sub_appid) }),
  };
  const paid: WechatOrder = { ...order, state: 'SUCCESS', payment };
  world.journal.atomically(() => {
    world.state.saveOrder(paid);
    world.state.moveBalance(receiver(paid), paid.total);
    world.ledger.add({
      at_ms: paid_at_ms,
      channel: 'wechat',
      kind: 'payment',
      out_trade_no: paid.out_trade_no,
      transaction_id: payment.transaction_id,
      amount: paid.total,
      merchant: receiver(paid),
    });
    if (paid.notify_url !== undefined) world.callbacks.enqueue(transactionNotice(world, paid, paid.notify_url));
  });
  return paid;
}
