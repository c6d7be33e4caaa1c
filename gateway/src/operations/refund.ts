/**
 * POST /v2/pay/refund. The amount is reserved on the order before the channel is called, so that refunds that run at the same
 * time never exceed what was paid; it stays reserved until the channel has decided.
 */
import { createHash } from 'node:crypto';
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import { makeId } from '../domain/identifiers.ts';
import { fen } from '../domain/money.ts';
import type { Order } from '../domain/order.ts';
import { PLACING_LEASE_MS } from '../domain/order.ts';
import type { Refund } from '../domain/refund.ts';
import { MAX_REFUNDS } from '../domain/refund.ts';
import { isTooOldToRefund, tradeInfo, tradeState } from '../domain/trade-state.ts';
import { delayAfter } from '../domain/retry-schedule.ts';
import { refundFields } from '../notifications/payload.ts';
import type { NewRefund } from '../storage/refunds.ts';
import { isMisconfigured, openAccount } from './channel-calls.ts';
import type { Gateway } from './gateway.ts';
import type { Answer } from './pay-answer.ts';
import { findOrder, freshOrder } from './query.ts';
import { submitRefund } from './resolve-refund.ts';

export interface RefundRequest {
  readonly mch_trade_id: string;
  readonly mch_refund_id: string;
  readonly refund_fee: number;
  readonly refund_desc: string;
  readonly notify_url: string | null;
  readonly nonce: Nonce | null;
}

const MAX_CONFLICTS = 20;

/** Refunds (part of) a paid order. Throws `ApiError`. */
export async function refund(gateway: Gateway, merchant_id: string, request: RefundRequest): Promise<Answer> {
  const order = await freshOrder(gateway, await findOrder(gateway, merchant_id, request.mch_trade_id, request.nonce));
  // Before anything is recorded: an account that cannot be opened answers 1500.
  await openAccount(gateway, order.account_id);
  const known = await gateway.store.refunds.byNumber(merchant_id, request.mch_refund_id);
  const result = known ? await again(gateway, order, known, request) : await reserve(gateway, order, request);
  return {
    msg: 'success',
    data: refundAnswer(await latest(gateway, order), refundFields(result), gateway.ports.clock.now_ms()),
  };
}

async function latest(gateway: Gateway, order: Order): Promise<Order> {
  return (await gateway.store.orders.byTradeId(order.merchant_id, order.trade_id)) ?? order;
}

/** The document's refund answer: the order's head and, under `refunds`, one refund or a list. */
export function refundAnswer(order: Order, refunds: unknown, at_ms: number): Record<string, unknown> {
  return {
    ...(order.facts && { out_trade_id: order.facts.transaction_id }),
    total_fee: order.total_fen,
    trade_id: order.trade_id,
    mch_trade_id: order.mch_trade_id,
    merchant_id: order.merchant_id,
    pay_type: order.pay_type,
    trade_state: tradeState(order, at_ms),
    trade_info: tradeInfo(order, at_ms),
    refunds,
  };
}

function requestHash(request: RefundRequest): string {
  const { mch_trade_id, mch_refund_id, refund_fee, refund_desc, notify_url } = request;
  return createHash('sha256')
    .update(JSON.stringify([mch_trade_id, mch_refund_id, refund_fee, refund_desc, notify_url]))
    .digest('base64url');
}

/** What an order in this state and this request do not allow, in the documented order of the checks. */
function assertRefundable(order: Order, refund_fee: number, more_refunds: number, now_ms: number): void {
  if (order.state !== 'paid')
    throw new ApiError(
      'wrong_state',
      `the order is not paid (trade_state ${tradeState(order, now_ms)}): only a paid order can be refunded`,
    );
  if (order.finished)
    throw new ApiError('wrong_state', 'the order is finished (trade_state 4): the channel refunds it no more');
  if (isTooOldToRefund(order, now_ms))
    throw new ApiError('too_late', 'the order was paid more than a year ago: the channel refunds it no more');
  if (order.refund_count + more_refunds > MAX_REFUNDS)
    throw new ApiError('too_many_refunds', `one order takes at most ${MAX_REFUNDS} refunds`);
  const left = order.total_fen - order.refunded_fen - order.refund_reserved_fen;
  if (refund_fee > left)
    throw new ApiError('refund_exceeds', `refund_fee exceeds what is left: ${left} fen can still be refunded`);
}

async function reserve(gateway: Gateway, read: Order, request: RefundRequest): Promise<Refund> {
  let order = read;
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    const now_ms = gateway.ports.clock.now_ms();
    assertRefundable(order, request.refund_fee, 1, now_ms);
    const created = newRefund(gateway, order, request, now_ms);
    const outcome = await gateway.store.refunds.reserve(order, created);
    if (outcome === 'reserved') return submit(gateway, order, asRefund(created));
    if (outcome === 'number_taken') {
      const known = await gateway.store.refunds.byNumber(order.merchant_id, request.mch_refund_id);
      if (known) return again(gateway, order, known, request);
    }
    order = await latest(gateway, order);
  }
  throw new Error('an order kept changing under us');
}

/** The same refund number again: the same parameters show the refund as it stands, or send one that was refused once more. */
async function again(gateway: Gateway, order: Order, read: Refund, request: RefundRequest): Promise<Refund> {
  if (read.trade_id !== order.trade_id || read.request_hash !== requestHash(request)) {
    throw new ApiError(
      'refund_repeated',
      'mch_refund_id has been used with other parameters: use a new number for another refund',
    );
  }
  let known = read;
  for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
    if (known.state !== 'refused' && known.state !== 'closed') return known;
    const current = await latest(gateway, order);
    const saved = await reserveAgain(gateway, current, known);
    const fresh = await gateway.store.refunds.byId(known.merchant_id, known.refund_id);
    if (!fresh) throw new Error('a refund disappeared');
    if (saved) return submit(gateway, current, fresh);
    // Somebody else sent it again first, or another refund took the amount: look at both anew.
    known = fresh;
  }
  throw new Error('a refund kept changing under us');
}

/** Makes a refused or closed refund undecided again, its amount reserved. Answers false when somebody was faster. */
async function reserveAgain(gateway: Gateway, order: Order, known: Refund): Promise<boolean> {
  const now_ms = gateway.ports.clock.now_ms();
  assertRefundable(order, known.refund_fen, 0, now_ms);
  const next: Refund = {
    ...known,
    state: 'undecided',
    // A channel that closed a refund keeps its number closed: it needs a new one. After a refusal the number is free.
    channel_refund_no:
      known.state === 'closed' ? makeId(now_ms, gateway.ports.random.bytes(8)) : known.channel_refund_no,
    channel_message: '',
    calling_until_ms: now_ms + PLACING_LEASE_MS,
    check_count: 0,
    decided_at_ms: null,
    updated_at_ms: now_ms,
  };
  return gateway.store.refunds.save({
    refund: next,
    at_ms: now_ms,
    money: 'reserve',
    order_paid_again: false,
    event: { source: 'refund', kind: 'refund_submitted_again', detail: { refund_id: known.refund_id } },
    job: now_ms + PLACING_LEASE_MS,
    notification: null,
  });
}

/** Sends what is reserved. From here on the refund will be made: an account that cannot be used only delays it. */
async function submit(gateway: Gateway, order: Order, reserved: Refund): Promise<Refund> {
  try {
    return submitted(await submitRefund(gateway, order, reserved, 'refund'));
  } catch (error) {
    if (!isMisconfigured(error)) throw error;
    throw new ApiError(
      'channel_timeout',
      'the refund is recorded and its amount reserved; it is sent when the operator has mended the channel account',
    );
  }
}

/** What the merchant hears of a refund that has just been sent. */
function submitted(result: Refund): Refund {
  if (result.state === 'refused') throw new ApiError('channel_refused', result.channel_message);
  if (result.state === 'undecided') {
    // Nothing was heard where nothing was sent: the node stood still, and the resolver sends it.
    const why = result.channel_message === '' ? 'it is still to be sent' : result.channel_message;
    throw new ApiError(
      'channel_timeout',
      `the channel's answer is not known (${why}): query this refund; its amount stays reserved`,
    );
  }
  return result;
}

function newRefund(gateway: Gateway, order: Order, request: RefundRequest, now_ms: number): NewRefund {
  const refund_id = makeId(now_ms, gateway.ports.random.bytes(8));
  return {
    merchant_id: order.merchant_id,
    refund_id,
    trade_id: order.trade_id,
    mch_refund_id: request.mch_refund_id,
    refund_fen: fen(request.refund_fee),
    refund_desc: request.refund_desc,
    notify_url: request.notify_url,
    request_hash: requestHash(request),
    created_at_ms: now_ms,
    channel_refund_no: refund_id,
    calling_until_ms: now_ms + PLACING_LEASE_MS,
    check_at_ms: now_ms + Math.max(PLACING_LEASE_MS, delayAfter('refund', 0)),
  };
}

function asRefund({ check_at_ms: _check, ...created }: NewRefund): Refund {
  return {
    ...created,
    version: 1,
    state: 'undecided',
    channel_refund_id: null,
    channel_message: '',
    check_count: 0,
    decided_at_ms: null,
    updated_at_ms: created.created_at_ms,
  };
}
