import { array, integer, object, parameterError, required, text } from './field-rules.ts';
import type { FieldRules } from './field-rules.ts';
import { newRefundId } from './numbers.ts';
import type { WechatCall, WechatOperation, WechatWorld } from './operation.ts';
import { notifyUrl } from './order-fields.ts';
import { findSubMerchant } from './ownership.ts';
import { refundOutcome } from './refund-sentinels.ts';
import { scheduleSettlement } from './refund-settlement.ts';
import { refundView } from './refund-view.ts';
import { receiver } from './state.ts';
import type { WechatOrder, WechatRefund } from './state.ts';
import { WechatError } from './wechat-error.ts';

/** Doc 4012791883: refunds within a year of the payment, at most fifty for an order. */
const REFUND_WINDOW_MS = 365 * 24 * 60 * 60 * 1000;
const MOST_REFUNDS = 50;

export const outRefundNo = text('商户退款单号', 64, {
  ...required,
  unit: '字节数',
  pattern: '^[0-9a-zA-Z_\\-\\|\\*@]+$',
});

const bodyFields: FieldRules = {
  sub_mchid: text('子商户号', 32),
  transaction_id: text('微信支付订单号', 32),
  out_trade_no: text('商户订单号', 32),
  out_refund_no: outRefundNo,
  reason: text('退款原因', 80),
  notify_url: notifyUrl({}),
  funds_account: text('退款资金来源', 32, { options: ['AVAILABLE', 'UNSETTLED'] }),
  amount: object(
    '金额信息',
    {
      refund: integer('退款金额', { ...required, min: 1 }),
      from: array(
        '退款出资账户及金额',
        object('出资', {
          account: text('出资账户类型', 32, { ...required, options: ['AVAILABLE', 'UNAVAILABLE'] }),
          amount: integer('出资金额', { ...required, min: 1 }),
        }),
      ),
      total: integer('原订单金额', { ...required, min: 1 }),
      currency: text('退款币种', 16, { ...required, options: ['CNY'] }),
    },
    required,
  ),
  goods_detail: array(
    '退款商品',
    object('商品', {
      merchant_goods_id: text('商户侧商品编码', 32, required),
      wechatpay_goods_id: text('微信侧商品编码', 32),
      goods_name: text('商品名称', 256),
      unit_price: integer('商品单价', { ...required, min: 0 }),
      refund_amount: integer('商品退款金额', { ...required, min: 0 }),
      refund_quantity: integer('商品退货数量', { ...required, min: 1 }),
    }),
  ),
};

interface RefundBody {
  readonly sub_mchid?: string | null;
  readonly transaction_id?: string | null;
  readonly out_trade_no?: string | null;
  readonly out_refund_no: string;
  readonly reason?: string | null;
  readonly notify_url?: string | null;
  readonly funds_account?: string | null;
  readonly amount: { readonly refund: number; readonly total: number };
}

/**
 * 申请退款 (docs 4012791883 direct, 4012738538 partner). Checks run in this order: sub-merchant, order found, same refund
 * number before, order paid, order's total, a year, what is left to refund, fifty refunds, balance.
 */
export const refundOperation: WechatOperation = {
  fault_operation: 'refund',
  method: 'POST',
  path: '/v3/refund/domestic/refunds',
  body_fields: bodyFields,
  run: (world, call) => {
    const body = call.body as unknown as RefundBody;
    const sub_mchid = refundSubMerchant(world, call, body.sub_mchid ?? undefined);
    const order = findPaidFor(world, call.merchant.mchid, sub_mchid, body);
    const existing = world.state.refund(order.mchid, sub_mchid, body.out_refund_no);
    if (existing) return { body: refundView(sameRefund(existing, order, body)) };
    checkRefundable(world, order, body);
    return { body: refundView(accept(world, order, body)) };
  },
};

/** Who a refund is for: the given sub-merchant of a service provider, nobody else for a direct merchant. */
export function refundSubMerchant(
  world: WechatWorld,
  call: WechatCall,
  sub_mchid: string | undefined,
): string | undefined {
  if (sub_mchid === undefined) {
    if (call.merchant.sub_merchants.length === 0) return undefined;
    throw parameterError('输入源“/body/sub_mchid”映射到字段“子商户号”必填性规则校验失败，此字段为必填项', 'body', '');
  }
  return findSubMerchant(world, call.merchant, sub_mchid, 404).mchid;
}

function findPaidFor(world: WechatWorld, mchid: string, sub_mchid: string | undefined, body: RefundBody): WechatOrder {
  if (!body.transaction_id && !body.out_trade_no) {
    throw parameterError('微信支付订单号与商户订单号不能同时为空', 'body', '');
  }
  const order = body.transaction_id
    ? world.state.orderByTransaction(body.transaction_id)
    : world.state.order(mchid, body.out_trade_no ?? '');
  if (!order || order.mchid !== mchid || order.sub_mchid !== sub_mchid) {
    throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '订单不存在');
  }
  if (body.out_trade_no && body.out_trade_no !== order.out_trade_no) {
    throw new WechatError(400, 'INVALID_REQUEST', '您的请求参数与订单信息不一致');
  }
  return order;
}

/** The same refund number is the same refund, or a refusal (doc 4012791883, 错误码). */
function sameRefund(refund: WechatRefund, order: WechatOrder, body: RefundBody): WechatRefund {
  const same =
    refund.out_trade_no === order.out_trade_no &&
    refund.refund === body.amount.refund &&
    refund.total === body.amount.total;
  if (same) return refund;
  throw new WechatError(400, 'INVALID_REQUEST', '订单金额或退款金额与之前请求不一致，请核实后再试');
}

function checkRefundable(world: WechatWorld, order: WechatOrder, body: RefundBody): void {
  if (!order.payment) throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '原订单不存在');
  if (body.amount.total !== order.total) {
    throw new WechatError(400, 'INVALID_REQUEST', '您的请求参数与订单信息不一致');
  }
  if (world.ports.now() - order.payment.paid_at_ms > REFUND_WINDOW_MS) {
    throw new WechatError(400, 'TRADE_OVERDUE', '订单已经超过可退款的最大期限');
  }
  // A closed refund gave its amount back; one that is abnormal still holds it.
  const standing = world.state.refundsOf(order).filter((refund) => refund.status !== 'CLOSED');
  const refunded = standing.reduce((sum, refund) => sum + refund.refund, 0);
  if (refunded === order.total) throw new WechatError(400, 'INVALID_REQUEST', '订单已全额退款');
  if (refunded + body.amount.refund > order.total) {
    throw new WechatError(400, 'INVALID_REQUEST', '申请退款金额大于订单剩余可退金额');
  }
  if (standing.length >= MOST_REFUNDS) throw new WechatError(400, 'INVALID_REQUEST', '部分退款次数超过50次');
  const balance = world.state.balance(receiver(order));
  if (balance !== undefined && balance < body.amount.refund) {
    throw new WechatError(403, 'NOT_ENOUGH', '基本账户余额不足，请充值后重新发起');
  }
}

function accept(world: WechatWorld, order: WechatOrder, body: RefundBody): WechatRefund {
  const created_at_ms = world.ports.now();
  const refund: WechatRefund = {
    mchid: order.mchid,
    ...(order.sub_mchid === undefined ? {} : { sub_mchid: order.sub_mchid }),
    refund_id: newRefundId(world.ports, created_at_ms),
    out_refund_no: body.out_refund_no,
    out_trade_no: order.out_trade_no,
    transaction_id: order.payment?.transaction_id ?? '',
    ...(body.reason ? { reason: body.reason } : {}),
    ...(body.notify_url ? { notify_url: body.notify_url } : {}),
    funds_account: body.funds_account ?? 'UNSETTLED',
    refund: body.amount.refund,
    total: order.total,
    status: 'PROCESSING',
    outcome: refundOutcome(body.reason ?? undefined, body.amount.refund),
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
