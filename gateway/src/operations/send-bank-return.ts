/** Sends money back to its payer by an operator's word, and finds out what became of it. */
import type { RefundForChannel, RefundReport } from '../channels/channel.ts';
import { fen } from '../domain/money.ts';
import { BANK_TRANSFER_PAY_TYPE } from '../domain/order.ts';
import { delayAfter } from '../domain/retry-schedule.ts';
import type { StoredCredit } from '../storage/bank-credits.ts';
import type { BankReturn } from '../storage/bank-returns.ts';
import { counted, inTime, openAccount } from './channel-calls.ts';
import type { Gateway } from './gateway.ts';
import { raiseReturnFailed } from './take-bank-correction.ts';

/**
 * One step of a return: sends it, or asks about it, and records what the bank said.
 * @param until_ms until when nobody else does the same; later it is not sent, and an error says so
 */
export async function sendBankReturn(gateway: Gateway, back: BankReturn, until_ms: number): Promise<void> {
  const credit = await gateway.store.bank_credits.byReference(back.account_id, back.reference);
  if (!credit) throw new Error('a credit disappeared');
  const report = await speak(gateway, back, transferOf(back, credit), until_ms);
  const now_ms = gateway.ports.clock.now_ms();
  const { bank_returns, exceptions } = gateway.store;
  switch (report.outcome) {
    case 'succeeded':
      if (!(await bank_returns.end(back.return_no, 'succeeded', '', now_ms, null))) return;
      if (back.whole && credit.exception_id !== null)
        await exceptions.resolve(
          credit.exception_id,
          `returned to the payer as ${back.return_no}`,
          back.asked_by,
          now_ms,
        );
      return;
    case 'declined':
    case 'closed': {
      const message = report.outcome === 'declined' ? `${report.code}: ${report.message}` : report.message;
      // A refusal that is old by now says nothing about what somebody else has sent since.
      if (!(await bank_returns.end(back.return_no, 'failed', message, now_ms, until_ms))) return;
      return raiseReturnFailed(gateway, back.account_id, back.reference, back.return_no, message);
    }
    case 'processing':
    case 'abnormal':
    case 'not_found':
    case 'not_sent':
    case 'unknown': {
      const channel_transfer_id = report.outcome === 'processing' ? report.channel_refund_id : null;
      const message = 'reason' in report ? report.reason : report.message;
      const check_at_ms = now_ms + delayAfter('refund', back.check_count);
      return bank_returns.wait(back.return_no, { channel_transfer_id, message }, check_at_ms, now_ms);
    }
  }
}

/** The bank takes the same number for the same transfer: sending again is safe, and asking first tells more. */
async function speak(
  gateway: Gateway,
  back: BankReturn,
  transfer: RefundForChannel,
  until_ms: number,
): Promise<RefundReport> {
  const client = await openAccount(gateway, back.account_id);
  const order = { channel: 'bank', account_id: back.account_id };
  if (back.state === 'processing') {
    const known = counted(gateway, order, 'refund_query', await client.queryRefund(transfer));
    if (known.outcome !== 'not_found') return known;
  }
  if (!inTime(gateway, until_ms)) throw new Error('it took too long, and somebody else may send it by now');
  const sent = counted(gateway, order, 'refund', await client.refund(transfer));
  if (sent.outcome !== 'declined' || back.state === 'due') return sent;
  // The refusal may be of this repeat alone, while an earlier attempt went through.
  const asked_again = counted(gateway, order, 'refund_query', await client.queryRefund(transfer));
  return asked_again.outcome === 'not_found' ? sent : asked_again;
}

function transferOf(back: BankReturn, credit: StoredCredit): RefundForChannel {
  const details: Record<string, string> = {};
  for (const name of ['payer_name', 'payer_account', 'payer_bank'] as const) {
    const value = credit[name];
    if (value !== null) details[name] = value;
  }
  return {
    order: {
      out_trade_no: credit.trade_id ?? credit.reference,
      pay_type: BANK_TRANSFER_PAY_TYPE,
      total_fen: fen(credit.amount_fen),
      created_at_ms: credit.heard_at_ms,
      fields: {},
      merchant_params: {},
    },
    out_refund_no: back.return_no,
    refund_fen: fen(back.amount_fen),
    reason: back.whole ? '退回来款' : '退回多付款项',
    notify_url: '',
    paid_details: details,
  };
}
