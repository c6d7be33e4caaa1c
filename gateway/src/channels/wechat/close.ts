/** Closes an order (doc 4012556398). */
import type { CloseReport, OrderReference } from '../channel.ts';
import type { WechatClient } from './client.ts';
import type { WechatAccount } from './config.ts';
import { merchantNumbers, orderPath } from './party.ts';
import { classify, codeOf, declined, messageOf, unknown } from './status-map.ts';

/**
 * Asks WeChat Pay to accept no payment for an order any more. The success is 204 without a body, and WeChat Pay gives it for
 * numbers it has never seen, too: `closed` says "cannot be paid from now on", not "had been placed".
 */
export async function closeOrder(
  client: WechatClient,
  account: WechatAccount,
  order: OrderReference,
): Promise<CloseReport> {
  const body = JSON.stringify(merchantNumbers(account, order.merchant_params));
  const answer = await client.call('POST', `${orderPath(account, order.out_trade_no)}/close`, body);
  if (answer.outcome !== 'verified') return answer;
  const raw = answer.text;
  if (answer.status === 204) return { outcome: 'closed', message: '', raw };
  const message = messageOf(answer);
  // The status of these varies from page to page; the code is what counts.
  switch (codeOf(answer)) {
    case 'ORDERPAID':
      return { outcome: 'already_paid', message, raw };
    case 'ORDERCLOSED':
      return { outcome: 'closed', message, raw };
    case 'ORDERNOTEXIST':
      return { outcome: 'not_found', message, raw };
    default:
      return classify('close', answer) === 'refused' ? declined(answer) : unknown(answer);
  }
}
