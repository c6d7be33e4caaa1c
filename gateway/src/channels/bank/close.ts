/** Closing an order's number: before payment (关单), and after it (核销). */
import type { CloseReport, OrderReference } from '../channel.ts';
import { unanswered, type BankClient } from './client.ts';
import type { BankAccount } from './config.ts';

/** Closes the number at the bank; one of our own pool is closed by our own books alone. */
export async function closeNumber(
  client: BankClient,
  account: BankAccount,
  order: OrderReference,
): Promise<CloseReport> {
  if (account.pool) return { outcome: 'closed', message: 'CLOSED', raw: '' };
  const result = await client.call('POST', `/v1/virtual-accounts/${order.out_trade_no}/close`, {});
  if (result.outcome !== 'answered') return unanswered(result);
  const { json, text } = result;
  if (json['out_trade_no'] !== order.out_trade_no) return { outcome: 'unknown', reason: 'other_number', raw: text };
  if (json['status'] !== 'CLOSED') return { outcome: 'unknown', reason: 'not_understood', raw: text };
  return { outcome: 'closed', message: 'CLOSED', raw: text };
}
