/**
 * POST /v2/pay. One insert commits nonce, order and its first job before the channel hears of it; the channel is called with
 * no transaction open; the funnel records what it said. Signatures are made while the commits are on their way.
 */
import { createHash } from 'node:crypto';
import type { PayType } from '../channels/channel.ts';
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import { makeId } from '../domain/identifiers.ts';
import { fen } from '../domain/money.ts';
import type { Order } from '../domain/order.ts';
import { PLACING_LEASE_MS } from '../domain/order.ts';
import { delayAfter } from '../domain/retry-schedule.ts';
import type { Route } from '../storage/configuration.ts';
import type { NewOrder } from '../storage/orders.ts';
import { openAccount } from './channel-calls.ts';
import { candidateRoutes } from './choose-route.ts';
import type { MerchantEntry } from './directory.ts';
import type { Gateway } from './gateway.ts';
import { nonceRepeated } from './nonce.ts';
import { place, prepare, type PendingAnswer } from './place-order.ts';
import { repeatPay } from './repeat-pay.ts';

export interface PayRequest {
  readonly pay_type: PayType;
  readonly mch_trade_id: string;
  readonly total_fee: number;
  readonly nonce: Nonce | null;
  readonly notify_url: string | null;
  readonly time_expire: number | null;
  /** Every documented field as read, without nonce_str. */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** The earliest expiry that still makes sense: WeChat Pay refuses less than a minute. */
const MIN_LIFETIME_MS = 60_000;

/** Places an order. Throws `ApiError` for everything a merchant did wrong or the channel refused. */
export async function pay(gateway: Gateway, merchant: MerchantEntry, request: PayRequest): Promise<PendingAnswer> {
  const routes = await candidateRoutes(gateway, merchant, request.pay_type, request.mch_trade_id);
  const [route, ...others] = routes;
  // Before anything is recorded: when no account can be opened at all, 1500 is the answer.
  if (others.length === 0) await openAccount(gateway, route.account_id);
  const new_order = newOrder(gateway, request, route);
  await assertLifetime(gateway, new_order);
  const order = asOrder(new_order);
  const [inserted, begin] = await Promise.allSettled([gateway.store.orders.insert(new_order), prepare(gateway, order)]);
  if (inserted.status === 'rejected') throw inserted.reason;
  if (inserted.value === 'nonce_repeated') throw nonceRepeated();
  if (inserted.value === 'number_repeated') return repeatPay(gateway, new_order, routes);
  if (begin.status === 'rejected') throw begin.reason;
  return place(gateway, order, begin.value, others);
}

/**
 * A new order needs a minute to be paid in; one that is sent again after a lost answer had it when it came first, and must not
 * be told in its last minute that it is malformed. Throws 102 for a new order.
 */
export async function assertLifetime(gateway: Gateway, order: NewOrder): Promise<void> {
  const { merchant_id, mch_trade_id } = order;
  if (order.expires_at_ms >= order.created_at_ms + MIN_LIFETIME_MS) return;
  if (await gateway.store.orders.byNumber(merchant_id, mch_trade_id)) return;
  throw new ApiError('malformed_field', 'time_expire must be at least one minute from now (10-digit Unix second)');
}

/** The row of a new order through a route. */
export function newOrder(gateway: Gateway, request: PayRequest, route: Route): NewOrder {
  const now_ms = gateway.ports.clock.now_ms();
  const latest_ms = now_ms + request.pay_type.lifetime_s * 1000;
  const asked_ms = request.time_expire === null ? latest_ms : request.time_expire * 1000;
  return {
    merchant_id: route.merchant_id,
    trade_id: makeId(now_ms, gateway.ports.random.bytes(8)),
    mch_trade_id: request.mch_trade_id,
    nonce_str: request.nonce?.nonce_str ?? null,
    ...(request.nonce && request.nonce.signer_id !== route.merchant_id && { signer_id: request.nonce.signer_id }),
    pay_type: request.pay_type.code,
    initial_trade_state: request.pay_type.initial_trade_state,
    channel: request.pay_type.channel,
    account_id: route.account_id,
    merchant_params: route.merchant_params,
    total_fen: fen(request.total_fee),
    request: request.fields,
    request_hash: createHash('sha256').update(JSON.stringify(request.fields)).digest('base64url'),
    notify_url: request.notify_url,
    created_at_ms: now_ms,
    // A channel's code lives no longer than the channel says, whatever the merchant asks for.
    expires_at_ms: Math.min(asked_ms, latest_ms),
    placing_until_ms: now_ms + PLACING_LEASE_MS,
    first_check_at_ms: now_ms + delayAfter(request.pay_type.payment_code ? 'at_till' : 'waiting_for_payer', 0),
  };
}

/** The row that the insert made, without reading it back. */
export function asOrder(new_order: NewOrder): Order {
  const { nonce_str: _nonce, signer_id: _signer, first_check_at_ms: _check, ...order } = new_order;
  return {
    preorder_id: null,
    payer_key: null,
    placement: 'calling',
    ...order,
    version: 1,
    state: 'undecided',
    finished: false,
    ending: null,
    reply: null,
    reply_message: '',
    channel_message: '',
    facts: null,
    late_facts: null,
    refunded_fen: fen(0),
    refund_reserved_fen: fen(0),
    refund_count: 0,
    checked_at_ms: 0,
    check_count: 0,
    decided_at_ms: null,
    updated_at_ms: order.created_at_ms,
  };
}
