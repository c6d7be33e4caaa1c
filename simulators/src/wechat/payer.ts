import { ControlError } from '../kernel/control-error.ts';
import type { PayerAction, PendingPayment } from '../kernel/channel-simulator.ts';
import { transactionNotice } from './notifications.ts';
import { newTransactionId, openidOf } from './numbers.ts';
import type { WechatWorld } from './operation.ts';
import { receiver } from './state.ts';
import type { Payment, WechatOrder } from './state.ts';

const MOST_PENDING = 50;

/** Codes of the Native form, known or not. */
export function ownsWechatCode(code: string): boolean {
  return code.startsWith('weixin://wxpay/');
}

/** What the phone shows after scanning; undefined: no such code. */
export function lookAt(world: WechatWorld, code: string): PendingPayment | undefined {
  const order = world.state.orderByCode(code);
  return order ? pendingView(world, order, code) : undefined;
}

/** Orders that can still be paid, newest first. */
export function pendingPayments(world: WechatWorld): PendingPayment[] {
  const now = world.ports.now();
  return world.state
    .unpaid(MOST_PENDING, (order) => order.code_expires_at_ms > now)
    .map((order) => pendingView(world, order, order.code_url));
}

/**
 * The payer acts. Cancelling or a wrong password leaves a scanned order NOTPAY: it can be paid later.
 * @throws ControlError 404 no such code, 409 paid or closed, 410 too late
 */
export function payerActs(
  world: WechatWorld,
  code: string,
  action: PayerAction,
): { out_trade_no: string; state: string } {
  const order = world.state.orderByCode(code);
  if (!order) throw new ControlError(404, 'WeChat Pay knows no such code');
  if (order.payment) throw new ControlError(409, `order ${order.out_trade_no} is already paid`);
  if (order.state === 'CLOSED') throw new ControlError(409, `order ${order.out_trade_no} is closed`);
  // Past time_expire nobody can pay, yet the order stays NOTPAY until it is closed (doc 4012791877, time_expire); a
  // code that a newer one has replaced dies at its own two hours.
  if (order.code_url !== code || order.code_expires_at_ms <= world.ports.now()) {
    throw new ControlError(410, `the code of order ${order.out_trade_no} has expired`);
  }
  const after = action === 'pay' ? pay(world, order) : order;
  return { out_trade_no: after.out_trade_no, state: after.state };
}

function pay(world: WechatWorld, order: WechatOrder): WechatOrder {
  const paid_at_ms = world.ports.now();
  const payment: Payment = {
    transaction_id: newTransactionId(world.ports, paid_at_ms),
    paid_at_ms,
    // 零钱 and whatever else is no bank (doc 4012791880, bank_type).
    bank_type: 'OTHERS',
    openid: openidOf(order.appid),
    ...(order.sub_appid === undefined ? {} : { sub_openid: openidOf(order.sub_appid) }),
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
    world.callbacks.enqueue(transactionNotice(world, paid));
  });
  return paid;
}

function pendingView(world: WechatWorld, order: WechatOrder, code: string): PendingPayment {
  const merchant = world.config.merchants.find((candidate) => candidate.mchid === order.mchid);
  const sub = merchant?.sub_merchants.find((candidate) => candidate.mchid === order.sub_mchid);
  return {
    code,
    out_trade_no: order.out_trade_no,
    amount: order.total,
    description: order.description,
    merchant_name: sub?.name ?? merchant?.name ?? order.mchid,
    state: order.state,
    created_at_ms: order.created_at_ms,
    expires_at_ms: order.code_expires_at_ms,
  };
}
