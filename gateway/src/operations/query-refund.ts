/** POST /v2/pay/refund_query: by refund number one object, by order number a list (pay-api, Refund query). */
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import type { Order } from '../domain/order.ts';
import { isOpen, type Refund } from '../domain/refund.ts';
import { refundFields } from '../notifications/payload.ts';
import type { Gateway } from './gateway.ts';
import { spendNonce } from './nonce.ts';
import type { Answer } from './pay-answer.ts';
import { findOrder } from './query.ts';
import { refundAnswer } from './refund.ts';
import { resolveRefund } from './resolve-refund.ts';

export interface RefundQueryRequest {
  readonly mch_refund_id: string | null;
  readonly mch_trade_id: string | null;
  readonly nonce: Nonce | null;
}

/** Alipay asks to wait ten seconds before a refund is queried; within them the answer is what we know. */
const FRESH_MS = 10_000;

/** Answers a merchant's refund query. Throws 104, 301. */
export async function queryRefund(gateway: Gateway, merchant_id: string, request: RefundQueryRequest): Promise<Answer> {
  if (request.mch_refund_id !== null) return byRefundNumber(gateway, merchant_id, request.mch_refund_id, request.nonce);
  const order = await findOrder(gateway, merchant_id, request.mch_trade_id ?? '', request.nonce);
  const refunds = await gateway.store.refunds.ofOrder(merchant_id, order.trade_id);
  return {
    msg: 'success',
    data: refundAnswer(
      order,
      refunds.filter((one) => one.mch_refund_id !== null).map(refundFields),
      gateway.ports.clock.now_ms(),
    ),
  };
}

async function byRefundNumber(
  gateway: Gateway,
  merchant_id: string,
  mch_refund_id: string,
  nonce: Nonce | null,
): Promise<Answer> {
  await spendNonce(gateway, nonce);
  const known = await gateway.store.refunds.byNumber(merchant_id, mch_refund_id);
  if (!known) throw new ApiError('no_order', 'mch_refund_id does not exist at this merchant');
  const order = await orderOf(gateway, known);
  const now_ms = gateway.ports.clock.now_ms();
  const stale = isOpen(known) && known.calling_until_ms <= now_ms && now_ms - known.updated_at_ms >= FRESH_MS;
  // An account that does not answer just now is left to the resolver: the merchant hears what is known.
  if (!stale || !gateway.breakers.admits(order.account_id))
    return { msg: 'success', data: refundAnswer(order, refundFields(known), now_ms) };
  const refund = await resolveRefund(gateway, order, known, 'query');
  return { msg: 'success', data: refundAnswer(await orderOf(gateway, known), refundFields(refund), now_ms) };
}

async function orderOf(gateway: Gateway, refund: Refund): Promise<Order> {
  const order = await gateway.store.orders.byTradeId(refund.merchant_id, refund.trade_id);
  if (!order) throw new Error('a refund without its order');
  return order;
}
