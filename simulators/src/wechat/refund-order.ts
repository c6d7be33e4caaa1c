import { newRefundId } from './numbers.ts';
import type { WechatWorld } from './operation.ts';
import { refundOutcome } from './refund-sentinels.ts';
import { scheduleSettlement } from './refund-settlement.ts';
import { receiver } from './state.ts';
import type { WechatOrder, WechatRefund } from './state.ts';
import { WechatError } from './wechat-error.ts';

/** Doc 4012791883: refunds within a year of the payment, at most fifty for an order. */
const REFUND_WINDOW_MS = 365 * 24 * 60 * 60 * 1000;
const MOST_REFUNDS = 50;

/** A refund as either API asks for it; one of transaction_id and out_trade_no is there. */
export interface RefundWish {
  readonly mchid: string;
  readonly sub_mchid?: string;
  readonly api_v2?: { readonly appid: string; readonly sub_appid?: string };
  readonly transaction_id?: string;
  readonly out_trade_no?: string;
  readonly out_refund_no: string;
  /** Fen. */
  readonly refund: number;
  /** Fen: the order's total. */
  readonly total: number;
  readonly reason?: string;
  readonly notify_url?: string;
  readonly funds_account?: string;
}

/**
 * Accepts a refund, or finds the one that the same request made before. Checks run in this order: order found, same refund
 * number before, order paid and not reversed, order's total, a year, what is left to refund, fifty refunds, balance.
 *
 * @throws WechatError
 */
export function refundOrder(world: WechatWorld, wish: RefundWish): WechatRefund {
  const order = findPaidFor(world, wish);
  const existing = world.state.refund(order.mchid, order.sub_mchid, wish.out_refund_no);
  if (existing) return sameRefund(existing, order, wish);
  checkRefundable(world, order, wish);
  return accept(world, order, wish);
}

function findPaidFor(world: WechatWorld, wish: RefundWish): WechatOrder {
  const order =
    wish.transaction_id === undefined
      ? world.state.order(wish.mchid, wish.out_trade_no ?? '')
      : world.state.orderByTransaction(wish.transaction_id);
  if (!order || order.mchid !== wish.mchid || order.sub_mchid !== wish.sub_mchid) {
    throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '订单不存在', { v2_code: 'ORDERNOTEXIST' });
  }
  if (wish.out_trade_no !== undefined && wish.out_trade_no !== order.out_trade_no) {
    throw new WechatError(400, 'INVALID_REQUEST', '您的请求参数与订单信息不一致');
  }
  return order;
}

/** The same refund number is the same refund, or a refusal (doc 4012791883, 错误码). */
function sameRefund(refund: WechatRefund, order: WechatOrder, wish: RefundWish): WechatRefund {
  const same =
    refund.out_trade_no === order.out_trade_no && refund.refund === wish.refund && refund.total === wish.total;
  if (same) return refund;
  // APIv2 has a code for it (wiki api chapter=9_4, 错误码).
  throw new WechatError(400, 'INVALID_REQUEST', '订单金额或退款金额与之前请求不一致，请核实后再试', {
    v2_code: 'REFUND_FEE_MISMATCH',
  });
}

function checkRefundable(world: WechatWorld, order: WechatOrder, wish: RefundWish): void {
  if (!order.payment) {
    throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '原订单不存在', { v2_code: 'ORDERNOTEXIST' });
  }
  if (order.state === 'REVOKED') throw new WechatError(400, 'INVALID_REQUEST', '订单已撤销，资金已退还用户');
  if (wish.total !== order.total) {
    throw new WechatError(400, 'INVALID_REQUEST', '您的请求参数与订单信息不一致');
  }
  if (world.ports.now() - order.payment.paid_at_ms > REFUND_WINDOW_MS) {
    throw new WechatError(400, 'TRADE_OVERDUE', '订单已经超过可退款的最大期限');
  }
  // A closed refund gave its amount back; one that is abnormal still holds it.
  const standing = world.state.refundsOf(order).filter((refund) => refund.status !== 'CLOSED');
  const refunded = standing.reduce((sum, refund) => sum + refund.refund, 0);
  if (refunded === order.total) throw new WechatError(400, 'INVALID_REQUEST', '订单已全额退款');
  if (refunded + wish.refund > order.total) {
    throw new WechatError(400, 'INVALID_REQUEST', '申请退款金额大于订单剩余可退金额');
  }
  if (standing.length >= MOST_REFUNDS) throw new WechatError(400, 'INVALID_REQUEST', '部分退款次数超过50次');
  const balance = world.state.balance(receiver(order));
  if (balance !== undefined && balance < wish.refund) {
    throw new WechatError(403, 'NOT_ENOUGH', '基本账户余额不足，请充值后重新发起');
  }
}

function accept(world: WechatWorld, order: WechatOrder, wish: RefundWish): WechatRefund {
  const created_at_ms = world.ports.now();
  const refund: WechatRefund = {
    mchid: order.mchid,
    ...(order.sub_mchid === undefined ? {} : { sub_mchid: order.sub_mchid }),
    refund_id: newRefundId(world.ports, created_at_ms),
    out_refund_no: wish.out_refund_no,
    out_trade_no: order.out_trade_no,
    transaction_id: order.payment?.transaction_id ?? '',
    ...(wish.api_v2 ? { api_v2: wish.api_v2 } : {}),
    ...(wish.reason === undefined ? {} : { reason: wish.reason }),
    ...(wish.notify_url === undefined ? {} : { notify_url: wish.notify_url }),
    funds_account: wish.funds_account ?? 'UNSETTLED',
    refund: wish.refund,
    total: order.total,
    status: 'PROCESSING',
    outcome: refundOutcome(wish.reason, wish.refund),
    created_at_ms,
    due_at_ms: created_at_ms + world.config.refund_delay_ms,
  };
  world.journal.atomically(() => {
    world.state.saveRefund(refund);
    world.state.saveOrder({ ...order, state: 'REFUND' });
    world.state.moveBalance(receiver(order), -refund.refund);
  });
  scheduleSettlement(world, refund);
  return refund;
}
