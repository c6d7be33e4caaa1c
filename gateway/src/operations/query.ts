/** POST /v2/pay/query: the order as it stands; an undecided one is asked about at the channel first. */
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import { isCalling, type Order } from '../domain/order.ts';
import { tradeInfo, tradeState } from '../domain/trade-state.ts';
import { channelFields } from '../notifications/payload.ts';
import type { Gateway } from './gateway.ts';
import { nonceRepeated } from './nonce.ts';
import type { Answer } from './pay-answer.ts';
import { resolveOrder } from './resolve-order.ts';

/** A till that polls every second makes no more than one question in this time. */
const FRESH_MS = 2_000;

/** Reads an order by the merchant's number. Throws 104, 301. */
export async function findOrder(
  gateway: Gateway,
  merchant_id: string,
  mch_trade_id: string,
  nonce: Nonce | null,
): Promise<Order> {
  const { nonce_new, order } = await gateway.store.orders.byNumberOnce(merchant_id, mch_trade_id, nonce);
  if (!nonce_new) throw nonceRepeated();
  if (!order) throw new ApiError('no_order', 'mch_trade_id does not exist at this merchant');
  return order;
}

/** The order after asking the channel, unless it is decided, was just asked about, or is being placed right now. */
export async function freshOrder(gateway: Gateway, order: Order): Promise<Order> {
  const now_ms = gateway.ports.clock.now_ms();
  if (order.state !== 'undecided' || isCalling(order, now_ms) || now_ms - order.checked_at_ms < FRESH_MS) return order;
  // An account that does not answer just now is left to the resolver: the merchant hears what is known.
  if (!gateway.breakers.admits(order.account_id)) return order;
  return resolveOrder(gateway, order, 'query');
}

/** Answers a merchant's query. */
export async function query(
  gateway: Gateway,
  merchant_id: string,
  mch_trade_id: string,
  nonce: Nonce | null,
): Promise<Answer> {
  const order = await freshOrder(gateway, await findOrder(gateway, merchant_id, mch_trade_id, nonce));
  return { msg: 'success', data: orderFields(order, gateway.ports.clock.now_ms()) };
}

const ECHOED = ['attach', 'body', 'device_info', 'op_user_id', 'store_id', 'spbill_create_ip', 'time_start'] as const;

/** Everything a merchant may know of its order. */
export function orderFields(order: Order, at_ms: number): Record<string, unknown> {
  const echoed = Object.fromEntries(
    ECHOED.filter((name) => name in order.request).map((name) => [name, order.request[name]]),
  );
  const paid_at_ms = order.facts?.paid_at_ms ?? null;
  return {
    trade_id: order.trade_id,
    mch_trade_id: order.mch_trade_id,
    merchant_id: order.merchant_id,
    pay_type: order.pay_type,
    total_fee: order.total_fen,
    trade_state: tradeState(order, at_ms),
    trade_info: tradeInfo(order, at_ms),
    ...channelFields(order),
    ...order.reply,
    ...echoed,
    ...(order.notify_url !== null && { notify_url: order.notify_url }),
    refunded_fee: order.refunded_fen,
    refunding_fee: order.refund_reserved_fen,
    time_expire: Math.floor(order.expires_at_ms / 1000),
    created_at: Math.floor(order.created_at_ms / 1000),
    updated_at: Math.floor(order.updated_at_ms / 1000),
    ...(paid_at_ms !== null && { paid_at: Math.floor(paid_at_ms / 1000) }),
  };
}
