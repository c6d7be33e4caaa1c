/** POST /v2/pay/writeoff: closes the number of a paid transfer (pay-api, 核销订单), so that nothing more can come to it for this order. */
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import { hasVirtualAccount, type Order } from '../domain/order.ts';
import { tradeState } from '../domain/trade-state.ts';
import { counted, openAccount, orderReference } from './channel-calls.ts';
import { endedAnswer } from './close.ts';
import type { Gateway } from './gateway.ts';
import type { Answer } from './pay-answer.ts';
import { findOrder } from './query.ts';
import { closeNumberOf } from './release-number.ts';

/** Writes an order off. Repeating it succeeds. Throws 104, 301, 302 (another pay type, or not paid), 601, 1500. */
export async function writeOff(
  gateway: Gateway,
  merchant_id: string,
  mch_trade_id: string,
  nonce: Nonce | null,
): Promise<Answer> {
  const order = await findOrder(gateway, merchant_id, mch_trade_id, nonce);
  const state = tradeState(order, gateway.ports.clock.now_ms());
  if (!hasVirtualAccount(order))
    throw new ApiError(
      'wrong_state',
      `only bank transfers (ecp.transfer) are written off, this order is ${order.pay_type}`,
    );
  if (order.state !== 'paid')
    throw new ApiError(
      'wrong_state',
      `the order is not paid (trade_state ${state}): ` +
        (order.state === 'undecided' ? 'close it to close its account number' : 'its account number is closed already'),
    );
  if (!(await closePaidNumber(gateway, order, 'writeoff')))
    throw new ApiError(
      'channel_timeout',
      'the bank has not confirmed yet that the account number is closed: send the write-off again',
    );
  return endedAnswer(gateway, order);
}

/** Closes the number of a paid order at the bank and here. Answers false when the bank has not confirmed. */
export async function closePaidNumber(gateway: Gateway, order: Order, source: 'writeoff' | 'expiry'): Promise<boolean> {
  const client = await openAccount(gateway, order.account_id);
  const report = counted(gateway, order, 'close', await client.close(orderReference(order)));
  if (report.outcome !== 'closed' && report.outcome !== 'not_found') return false;
  await closeNumberOf(gateway, order, source, 'written_off');
  return true;
}
