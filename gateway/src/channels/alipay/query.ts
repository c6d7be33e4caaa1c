/** Asks for a trade by our number (alipay.trade.query, opendocs.alipay.com/open/02ekfh). */
import type { OrderReference, PaymentReport } from '../channel.ts';
import { unknown, type AlipayClient, type VerifiedAnswer } from './client.ts';
import type { AlipayAccount } from './config.ts';
import { answerIdentity, isPositive, paymentFacts } from './facts.ts';
import { textAt } from './json.ts';

/**
 * Asks Alipay what became of an order. `not_found` says of a QR code, a link or an order string that nobody has opened it yet,
 * or that it was never made: the trade comes into being with the payer.
 */
export async function queryOrder(
  client: AlipayClient,
  account: AlipayAccount,
  order: OrderReference,
): Promise<PaymentReport> {
  const answer = await client.call({
    operation: 'query',
    method: 'alipay.trade.query',
    // fund_bill_list comes only when it is asked for.
    biz_content: { out_trade_no: order.out_trade_no, query_options: ['fund_bill_list'] },
    out_trade_no: order.out_trade_no,
    merchant_params: order.merchant_params,
  });
  if (answer.outcome !== 'verified') return answer;
  if (answer.verdict === 'not_found') return { outcome: 'not_found', message: answer.message, raw: answer.raw };
  if (answer.verdict !== 'ok') return unknown(answer);
  if (answer.node['out_trade_no'] !== order.out_trade_no) return notUnderstood(answer);
  return readTrade(account, answer);
}

function readTrade(account: AlipayAccount, answer: VerifiedAnswer): PaymentReport {
  const { node, raw } = answer;
  const message = `${answer.code},${answer.msg}`;
  const trade_status = textAt(node, 'trade_status');
  switch (trade_status) {
    case 'WAIT_BUYER_PAY':
      return { outcome: 'waiting', message, raw };
    case 'TRADE_SUCCESS':
      return paid('paid', account, answer, false);
    case 'TRADE_FINISHED':
      return paid('finished', account, answer, false);
    case 'TRADE_CLOSED':
      // Two meanings: never paid and closed, or paid and refunded whole. Only a trade that was paid has a time and amounts of payment.
      return wasPaid(answer) ? paid('paid', account, answer, true) : { outcome: 'closed', message, raw };
    default:
      return notUnderstood(answer);
  }
}

function wasPaid({ node }: VerifiedAnswer): boolean {
  return (
    textAt(node, 'send_pay_date') !== null ||
    isPositive(textAt(node, 'buyer_pay_amount')) ||
    isPositive(textAt(node, 'receipt_amount'))
  );
}

function paid(
  outcome: 'paid' | 'finished',
  account: AlipayAccount,
  answer: VerifiedAnswer,
  refunded: boolean,
): PaymentReport {
  const facts = paymentFacts(answer.node, answerIdentity(account.app_id, answer.node), refunded);
  return facts ? { outcome, facts, raw: answer.raw } : notUnderstood(answer);
}

function notUnderstood(answer: VerifiedAnswer): PaymentReport {
  return { outcome: 'unknown', reason: 'not_understood', raw: answer.raw };
}
