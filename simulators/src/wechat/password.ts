import type { PayerAction } from '../kernel/channel-simulator.ts';
import type { WechatWorld } from './operation.ts';
import { markPaid } from './payment.ts';
import type { WechatOrder } from './state.ts';

/** How long the payer of a USERPAYING order takes when nobody touches the phone. */
export const PASSWORD_AFTER_MS = 8_000;

/** Arms the moment at which the payer acts by himself. */
export function awaitPassword(world: WechatWorld, order: WechatOrder): void {
  if (!order.password) return;
  const { outcome, due_at_ms } = order.password;
  world.ports.schedule(Math.max(0, due_at_ms - world.ports.now()), () => {
    const current = world.state.order(order.mchid, order.out_trade_no);
    if (current?.state === 'USERPAYING') answerPassword(world, current, outcome);
  });
}

/** The payer types the password, types a wrong one, which changes nothing, or gives up, which fails the payment. */
export function answerPassword(world: WechatWorld, order: WechatOrder, action: PayerAction): WechatOrder {
  if (action === 'wrong_password') return order;
  const { password: _answered, ...rest } = order;
  if (action === 'pay') return markPaid(world, rest);
  // What cannot be paid any more must still be reversed by the merchant (doc v2 4011937125, 状态机).
  const failed: WechatOrder = { ...rest, state: 'PAYERROR' };
  world.state.saveOrder(failed);
  return failed;
}
