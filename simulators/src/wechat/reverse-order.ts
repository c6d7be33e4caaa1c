import type { WechatWorld } from './operation.ts';
import { receiver } from './state.ts';
import type { WechatOrder } from './state.ts';
import { WechatError } from './wechat-error.ts';

/** "7天以内的交易单可调用撤销" (doc v2 4011937361). */
const REVERSIBLE_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * 撤销订单: an unpaid order dies, a paid one gives the money back at once. Reversing a reversed order changes nothing and
 * succeeds. Checks run in this order: payment-code order, reversed already, seven days, refunded, balance.
 *
 * @throws WechatError
 */
export function reverseOrder(world: WechatWorld, order: WechatOrder): void {
  if (order.trade_type !== 'MICROPAY') {
    throw new WechatError(400, 'INVALID_REQUEST', '仅付款码支付的订单支持撤销');
  }
  if (order.state === 'REVOKED') return;
  if (world.ports.now() - order.created_at_ms > REVERSIBLE_MS) {
    throw new WechatError(400, 'INVALID_REQUEST', '订单已超过7天，无法撤销');
  }
  if (order.state === 'REFUND') throw new WechatError(400, 'INVALID_REQUEST', '订单已转入退款，无法撤销');
  const balance = world.state.balance(receiver(order));
  if (order.payment && balance !== undefined && balance < order.total) {
    throw new WechatError(403, 'NOT_ENOUGH', '基本账户余额不足，请充值后重新发起');
  }
  revoke(world, order);
}

function revoke(world: WechatWorld, order: WechatOrder): void {
  const { password: _ended, ...rest } = order;
  const shared = {
    at_ms: world.ports.now(),
    channel: 'wechat',
    out_trade_no: order.out_trade_no,
    amount: order.total,
    merchant: receiver(order),
  } as const;
  world.journal.atomically(() => {
    world.state.saveOrder({ ...rest, state: 'REVOKED' });
    if (!order.payment) {
      world.ledger.add({ ...shared, kind: 'close', note: 'reversed' });
      return;
    }
    world.state.moveBalance(receiver(order), -order.total);
    world.ledger.add({ ...shared, kind: 'reverse', transaction_id: order.payment.transaction_id });
  });
}
