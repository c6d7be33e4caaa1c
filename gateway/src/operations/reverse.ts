/**
 * POST /v2/pay/reverse: nothing is to be paid under this number, and what has been paid goes back (pay-api, 撤销订单).
 * An undecided order of a payment code is reversed by the channel's own reverse, any other is closed there; a payment that is
 * known, or found on the way, goes back as a refund of our own that nobody can forget. All of it is wanted in the database before
 * the channel is called, and repeated by the resolver until the channel is sure.
 */
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import { hasPaymentCode, hasVirtualAccount, type Order } from '../domain/order.ts';
import { tradeState } from '../domain/trade-state.ts';
import { applyToOrder } from './apply-channel-result.ts';
import { endedAnswer, notSureYet } from './close.ts';
import { closeAtChannel, reverseAtChannel, type Ended } from './end-order.ts';
import type { Gateway } from './gateway.ts';
import type { Answer } from './pay-answer.ts';
import { findOrder } from './query.ts';
import { resolveRefund } from './resolve-refund.ts';

/** "7天以内的交易单可调用撤销" (pay-api, 撤销订单). */
export const REVERSE_PERIOD_MS = 7 * 86_400_000;

/** While the channel itself asks for the same call again, it is repeated so often at once; then the resolver goes on. */
const CALLS_AT_ONCE = 3;
const PAUSE_MS = 1_000;

/** Reverses an order. Repeating it is harmless. Throws 104, 301, 302, 306, 600, 601. */
export async function reverse(
  gateway: Gateway,
  merchant_id: string,
  mch_trade_id: string,
  nonce: Nonce | null,
): Promise<Answer> {
  const order = await findOrder(gateway, merchant_id, mch_trade_id, nonce);
  // "可用支付渠道：微信支付、支付宝".
  if (hasVirtualAccount(order))
    throw new ApiError(
      'wrong_state',
      'a bank transfer cannot be reversed: close the order, or refund it once it is paid',
    );
  const ended = order.state === 'undecided' ? await endUndecided(gateway, order) : order;
  switch (ended.state) {
    case 'paid':
      return reversePaid(gateway, ended);
    case 'reversed':
      return returned(gateway, ended);
    case 'closed':
    case 'failed':
      return endedAnswer(gateway, ended);
    case 'undecided':
      throw notSureYet('reverse', ended);
  }
}

function assertInTime(gateway: Gateway, order: Order): void {
  if (gateway.ports.clock.now_ms() - order.created_at_ms > REVERSE_PERIOD_MS)
    throw new ApiError('too_late', 'an order can be reversed within 7 days: refund it instead');
}

async function endUndecided(gateway: Gateway, order: Order): Promise<Order> {
  assertInTime(gateway, order);
  const wanted = await applyToOrder(
    gateway,
    order,
    { kind: 'ending_wanted', ending: 'reverse' },
    { source: 'reverse' },
  );
  if (wanted.state !== 'undecided') return wanted;
  const { order: ended, refused } = hasPaymentCode(wanted)
    ? await reverseUntilSure(gateway, wanted)
    : await closeAtChannel(gateway, wanted, 'reverse');
  if (refused && ended.state === 'undecided')
    throw new ApiError('channel_refused', `${refused.code}: ${refused.message}`);
  return ended;
}

async function reverseUntilSure(gateway: Gateway, order: Order): Promise<Ended> {
  const { clock } = gateway.ports;
  let ended = await reverseAtChannel(gateway, order);
  for (let calls = 1; ended.again && ended.order.state === 'undecided' && calls < CALLS_AT_ONCE; calls += 1) {
    await new Promise<void>((resolve) => void clock.setTimer(PAUSE_MS, resolve));
    ended = await reverseAtChannel(gateway, ended.order);
  }
  return ended;
}

/** A payment goes back as a whole or not at all. */
async function reversePaid(gateway: Gateway, order: Order): Promise<Answer> {
  assertInTime(gateway, order);
  const now_ms = gateway.ports.clock.now_ms();
  if (order.finished)
    throw new ApiError('wrong_state', 'the order is finished (trade_state 4): nothing can be given back any more');
  if (order.refunded_fen + order.refund_reserved_fen > 0)
    throw new ApiError(
      'wrong_state',
      `refunds of this order exist (trade_state ${tradeState(order, now_ms)}): refund the rest instead of reversing it`,
    );
  const reversed = await applyToOrder(gateway, order, { kind: 'payment_returned' }, { source: 'reverse' });
  if (reversed.state === 'paid') return reversePaid(gateway, reversed);
  return returned(gateway, reversed);
}

/** The answer about a reversed order: whether its payment has really gone back, or is certain to. Throws 600, 601. */
async function returned(gateway: Gateway, order: Order): Promise<Answer> {
  const refunds = await gateway.store.refunds.ofOrder(order.merchant_id, order.trade_id);
  const own = refunds.findLast((refund) => refund.mch_refund_id === null);
  if (!own) return endedAnswer(gateway, order);
  const refund = await resolveRefund(gateway, order, own, 'reverse');
  if (refund.state === 'refused' || refund.state === 'closed')
    throw new ApiError(
      'channel_refused',
      order.facts
        ? `${refund.channel_message}; the payment stands, and the order is paid again: refund it when the channel allows`
        : `${refund.channel_message}; a payment came after the reverse and could not be given back: the operator is told`,
    );
  if (refund.state === 'abnormal')
    throw new ApiError(
      'channel_refused',
      `${refund.channel_message}: the payment is on its way back, but stuck at the channel; the operator is told`,
    );
  if (refund.state === 'undecided')
    throw new ApiError(
      'channel_timeout',
      'the order is reversed, but the channel has not confirmed yet that it gives the payment back: ' +
        'the gateway repeats it by itself; send the reverse again to know',
    );
  return endedAnswer(gateway, order);
}
