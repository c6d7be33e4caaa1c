/**
 * POST /v2/pay/close. That the order is to be closed is saved before the channel is called, so that a lost answer or a dead
 * node delays the close and does not forget it. What the channel has not confirmed is not closed here.
 */
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import { hasPaymentCode, hasVirtualAccount, type Order } from '../domain/order.ts';
import { tradeInfo, tradeState } from '../domain/trade-state.ts';
import { applyToOrder } from './apply-channel-result.ts';
import { closePreorder } from './close-preorder.ts';
import { closeAtChannel } from './end-order.ts';
import type { Gateway } from './gateway.ts';
import type { Answer } from './pay-answer.ts';
import { findOrder } from './query.ts';

/** Closes an unpaid order. Closing one that is over already succeeds. Throws 104, 301, 302 (paid, or to be reversed), 600, 601. */
export async function close(
  gateway: Gateway,
  merchant_id: string,
  mch_trade_id: string,
  nonce: Nonce | null,
): Promise<Answer> {
  const order = await findOrder(gateway, merchant_id, mch_trade_id, nonce).catch(noOrder);
  if (order instanceof ApiError) {
    const closed = await closePreorder(gateway, merchant_id, mch_trade_id);
    if (closed) return closed;
    throw order;
  }
  if (order.state === 'paid') throw alreadyPaid(gateway, order);
  if (order.state !== 'undecided') return endedAnswer(gateway, order);
  if (hasPaymentCode(order))
    throw new ApiError('wrong_state', 'an order of a payment code cannot be closed at the channel: reverse it');
  const wanted = await applyToOrder(gateway, order, { kind: 'ending_wanted', ending: 'close' }, { source: 'close' });
  const ended =
    wanted.state === 'undecided'
      ? await closeAtChannel(gateway, wanted, wanted.ending ?? 'close')
      : { order: wanted, refused: null };
  if (ended.order.state === 'paid') throw alreadyPaid(gateway, ended.order);
  if (ended.order.state !== 'undecided') return endedAnswer(gateway, ended.order);
  if (ended.refused) throw new ApiError('channel_refused', `${ended.refused.code}: ${ended.refused.message}`);
  throw notSureYet('close', ended.order);
}

/** No order has this number, but a preorder may. */
function noOrder(error: unknown): ApiError {
  if (error instanceof ApiError && error.code_name === 'no_order') return error;
  throw error;
}

function alreadyPaid(gateway: Gateway, order: Order): ApiError {
  const state = tradeState(order, gateway.ports.clock.now_ms());
  return new ApiError(
    'wrong_state',
    `the order is paid (trade_state ${state}): refund ${hasVirtualAccount(order) ? '' : 'or reverse '}it instead`,
  );
}

/** The channel has not confirmed: the gateway goes on by itself, and the merchant may ask again. */
export function notSureYet(what: 'close' | 'reverse', order: Order): ApiError {
  return new ApiError(
    'channel_timeout',
    `the channel has not confirmed yet (${order.channel_message || 'no answer'}): the gateway repeats the ${what} by itself; ` +
      `query the order, or send the ${what} again`,
  );
}

/** What a merchant is told of an order that is over. */
export function endedAnswer(gateway: Gateway, order: Order): Answer {
  const now_ms = gateway.ports.clock.now_ms();
  return {
    msg: 'success',
    data: {
      trade_id: order.trade_id,
      mch_trade_id: order.mch_trade_id,
      merchant_id: order.merchant_id,
      pay_type: order.pay_type,
      total_fee: order.total_fen,
      trade_state: tradeState(order, now_ms),
      trade_info: tradeInfo(order, now_ms),
    },
  };
}
