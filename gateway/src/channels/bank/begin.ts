/** Opening a number for an order: one of the pool, which was taken before, or one that the bank gives. */
import type { BeginReport, OrderForChannel } from '../channel.ts';
import { textAt } from '../json.ts';
import { firstCharacters } from '../text.ts';
import { undone, type BankClient } from './client.ts';
import type { BankAccount } from './config.ts';
import { payInfo } from './pay-types/transfer.ts';

/** What the document shows as msg and in trade_info. */
export const OPEN_MESSAGE = 'SUCCESS,OK';

const DEFINITE: ReadonlySet<string> = new Set(['INVALID_REQUEST', 'NO_NUMBER_LEFT', 'NUMBER_REPEATED']);

/** An account number that JSON can show: digits, not beginning with 0. */
const NUMBER = /^[1-9]\d{0,33}$/;

/** Accepts an order under its number. `order.fund_acc` is the one taken from the pool. */
export async function openNumber(
  client: BankClient,
  account: BankAccount,
  order: OrderForChannel,
): Promise<BeginReport> {
  if (account.pool) {
    const number = order.fund_acc ?? null;
    if (number === null)
      return { outcome: 'declined', code: 'NO_NUMBER_FREE', message: 'no account number is free', account_fault: true };
    return accepted(number, account.fund_acc_name, account.bank_branch);
  }
  const result = await client.call('POST', '/v1/virtual-accounts', {
    out_trade_no: order.out_trade_no,
    amount: order.total_fen,
    description: firstCharacters(order.body, 140),
    expires_at: new Date(order.expires_at_ms).toISOString(),
  });
  if (result.outcome !== 'answered') {
    const report = undone(result, DEFINITE);
    // Another account may have numbers left.
    return report.outcome === 'declined' && report.code === 'NO_NUMBER_LEFT'
      ? { ...report, account_fault: true }
      : report;
  }
  const { json, text } = result;
  const number = textAt(json, 'fund_acc');
  if (json['out_trade_no'] !== order.out_trade_no) return { outcome: 'unknown', reason: 'other_number', raw: text };
  if (json['status'] !== 'OPEN' || number === null || !NUMBER.test(number))
    return { outcome: 'unknown', reason: 'not_understood', raw: text };
  return accepted(
    number,
    textAt(json, 'fund_acc_name') ?? account.fund_acc_name,
    textAt(json, 'bank_branch') ?? account.bank_branch,
    text,
  );
}

function accepted(number: string, name: string, branch: string, raw?: string): BeginReport {
  return {
    outcome: 'accepted',
    reply: { pay_info: payInfo({ name, number, branch }), fund_acc: number },
    message: OPEN_MESSAGE,
    ...(raw !== undefined && { raw }),
  };
}
