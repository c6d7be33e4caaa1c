/**
 * Asking about an order. A bank says whether the number is open; that money came is told by credits alone, so that each has one
 * way into the books.
 */
import type { OrderReference, PaymentReport } from '../channel.ts';
import { OPEN_MESSAGE } from './begin.ts';
import { unanswered, type BankClient } from './client.ts';
import type { BankAccount } from './config.ts';

/** Whether the order's number is open. One of our own pool is as long as we say so. */
export async function queryNumber(
  client: BankClient,
  account: BankAccount,
  order: OrderReference,
): Promise<PaymentReport> {
  if (account.pool) return { outcome: 'waiting', message: OPEN_MESSAGE, raw: '' };
  const result = await client.call('GET', `/v1/virtual-accounts/${order.out_trade_no}`, null);
  if (result.outcome !== 'answered') return unanswered(result);
  const { json, text } = result;
  if (json['out_trade_no'] !== order.out_trade_no) return { outcome: 'unknown', reason: 'other_number', raw: text };
  if (json['status'] === 'OPEN') return { outcome: 'waiting', message: OPEN_MESSAGE, raw: text };
  if (json['status'] === 'CLOSED') return { outcome: 'closed', message: 'CLOSED', raw: text };
  return { outcome: 'unknown', reason: 'not_understood', raw: text };
}
