import type { WechatWorld } from './operation.ts';
import { receiver } from './state.ts';
import type { WechatOrder } from './state.ts';
import { WechatError } from './wechat-error.ts';

/**
 * Closes an order that nobody has paid; closing a closed one changes nothing. Checks run in this order: payment-code
 * order, which can only be reversed (doc 4012382150), paid.
 *
 * @throws WechatError
 */
export function closeOrder(world: WechatWorld, order: WechatOrder): void {
  if (order.trade_type === 'MICROPAY') {
    throw new WechatError(400, 'INVALID_REQUEST', '付款码支付的订单不支持关单，请使用撤销订单接口');
  }
  if (order.payment) throw new WechatError(400, 'ORDER_PAID', '该订单已支付');
  if (order.state === 'CLOSED') return;
  world.journal.atomically(() => {
    world.state.saveOrder({ ...order, state: 'CLOSED' });
    world.ledger.add({
      at_ms: world.ports.now(),
      channel: 'wechat',
      kind: 'close',
      out_trade_no: order.out_trade_no,
      amount: order.total,
      merchant: receiver(order),
    });
  });
}
