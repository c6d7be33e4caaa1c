import type { PayerAction } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { TradeBook } from './trade-book.ts';
import type { Trade } from './trade-records.ts';

/**
 * The payer acts on a trade on the phone. `wrong_password` leaves it WAIT_BUYER_PAY, so does `cancel`: the buyer may try
 * again. Only a payment that a till has asked for ends with `cancel`, and no longer decides itself after either.
 *
 * @returns the trade afterwards
 * @throws ControlError 409 for a trade that is paid or closed
 */
export function payerActs(trade: Trade, action: PayerAction, book: TradeBook): Trade {
  requireWaiting(trade);
  if (action === 'pay') return book.pay(trade);
  if (trade.placed_by !== 'pay') return trade;
  return action === 'cancel' ? book.close(trade, 'payer_cancelled') : book.keepWaiting(trade);
}

/** @throws ControlError 409 for a trade that is paid or closed */
export function requireWaiting(trade: Trade): void {
  if (trade.status === 'WAIT_BUYER_PAY') return;
  const why = trade.paid_at_ms === undefined ? 'is closed' : 'is paid already';
  throw new ControlError(409, `the trade ${why} (${trade.status}): place a new order`);
}
