/** Money back to the account it came from: an outgoing transfer, which the bank confirms later. */
import { fen } from '../../domain/money.ts';
import type { RefundForChannel, RefundReport } from '../channel.ts';
import { textAt } from '../json.ts';
import { firstCharacters } from '../text.ts';
import { unanswered, undone, type BankAnswer, type BankClient } from './client.ts';

/** NOT_ENOUGH is none of them: there may be enough tomorrow, and the amount stays reserved. */
const DEFINITE: ReadonlySet<string> = new Set(['INVALID_REQUEST', 'PAYEE_UNKNOWN']);

/** Sends the transfer. The same number again makes no second one. */
export async function requestTransfer(client: BankClient, refund: RefundForChannel): Promise<RefundReport> {
  if (!client.has_interface)
    return {
      outcome: 'declined',
      code: 'NO_INTERFACE',
      message: 'this account has no interface for outgoing transfers',
    };
  const payee_account = refund.paid_details?.['payer_account'];
  if (payee_account === undefined)
    return {
      outcome: 'declined',
      code: 'PAYEE_UNKNOWN',
      message: 'the bank did not name the account the payment came from',
    };
  const result = await client.call('POST', '/v1/transfers', {
    out_transfer_no: refund.out_refund_no,
    amount: refund.refund_fen,
    payee_account,
    payee_name: refund.paid_details?.['payer_name'] ?? '',
    payee_bank: refund.paid_details?.['payer_bank'] ?? '',
    remark: firstCharacters(refund.reason, 140),
  });
  if (result.outcome === 'refused' && result.code === 'NOT_ENOUGH')
    return { outcome: 'processing', channel_refund_id: null, message: result.code, raw: result.text };
  return result.outcome === 'answered' ? readTransfer(refund, result) : undone(result, DEFINITE);
}

/** Asks how a transfer stands. */
export async function queryTransfer(client: BankClient, refund: RefundForChannel): Promise<RefundReport> {
  const result = await client.call('GET', `/v1/transfers/${refund.out_refund_no}`, null);
  return result.outcome === 'answered' ? readTransfer(refund, result) : unanswered(result);
}

function readTransfer(refund: RefundForChannel, { json, text }: BankAnswer): RefundReport {
  if (json['out_transfer_no'] !== refund.out_refund_no)
    return { outcome: 'unknown', reason: 'other_number', raw: text };
  const channel_refund_id = textAt(json, 'transfer_no');
  const amount = json['amount'];
  switch (json['status']) {
    case 'PROCESSING':
      return { outcome: 'processing', channel_refund_id, message: 'PROCESSING', raw: text };
    case 'SUCCEEDED':
      if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 0)
        return { outcome: 'unknown', reason: 'not_understood', raw: text };
      return { outcome: 'succeeded', channel_refund_id, amount_fen: fen(amount), raw: text };
    case 'FAILED':
      return { outcome: 'closed', message: textAt(json, 'reason') ?? 'FAILED', raw: text };
    default:
      return { outcome: 'unknown', reason: 'not_understood', raw: text };
  }
}
