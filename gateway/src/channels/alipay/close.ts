/** Closes a trade that nobody has paid (alipay.trade.close, opendocs.alipay.com/open/02o6e7). */
import type { CloseReport, OrderReference, PaymentReport } from '../channel.ts';
import { declined, unknown, type AlipayClient } from './client.ts';
import type { AlipayAccount } from './config.ts';
import { queryOrder } from './query.ts';

/**
 * Asks Alipay to accept no payment for an order any more.
 * `not_found` does not mean that it cannot be paid: a QR code, a link or an order string that nobody has opened has no trade to
 * close and stays good until the time_expire it was made with.
 * A refusal for the trade's state is the same code for a paid, a finished and a closed trade, so that a query follows and
 * its answer decides.
 */
export async function closeOrder(
  client: AlipayClient,
  account: AlipayAccount,
  order: OrderReference,
): Promise<CloseReport> {
  const answer = await client.call({
    operation: 'close',
    method: 'alipay.trade.close',
    biz_content: { out_trade_no: order.out_trade_no },
    out_trade_no: order.out_trade_no,
    merchant_params: order.merchant_params,
  });
  if (answer.outcome !== 'verified') return answer;
  const { message, raw } = answer;
  switch (answer.verdict) {
    case 'ok':
      if (answer.node['out_trade_no'] !== order.out_trade_no) {
        return { outcome: 'unknown', reason: 'not_understood', raw };
      }
      return { outcome: 'closed', message: `${answer.code},${answer.msg}`, raw };
    case 'not_found':
      return { outcome: 'not_found', message, raw };
    case 'declined':
      return declined(answer);
    case 'ask':
      return afterQuery(await queryOrder(client, account, order), message);
    case 'paying':
    case 'unknown':
      return unknown(answer);
  }
}

/** What a trade that refused to be closed is. */
function afterQuery(report: PaymentReport, message: string): CloseReport {
  switch (report.outcome) {
    case 'paid':
    case 'finished':
      return { outcome: 'already_paid', message, raw: report.raw };
    case 'closed':
    case 'reversed':
      return { outcome: 'closed', message: report.message, raw: report.raw };
    case 'not_found':
      return { outcome: 'not_found', message: report.message, raw: report.raw };
    case 'waiting':
    case 'pay_error':
      // Refused although it waits for its payer: it may be being paid at this moment.
      return { outcome: 'unknown', reason: 'waiting_for_payer', raw: report.raw };
    case 'not_sent':
      // The question did not go, but the close before it did.
      return { outcome: 'unknown', reason: report.reason };
    case 'declined':
    case 'unknown':
      return { outcome: 'unknown', reason: 'reason' in report ? report.reason : 'query_refused', ...rawOf(report) };
  }
}

function rawOf(report: { readonly raw?: string }): { readonly raw?: string } {
  return report.raw === undefined ? {} : { raw: report.raw };
}
