/**
 * Reverses an order that was placed with a payment code (撤销, direct:
 * docs/merchant/apis/code-payment-v3/direct/reverse.html; partner: docs/partner/apis/partner-code-payment-v3/partner/partner-reverse.html).
 */
import type { OrderReference, ReverseReport } from '../channel.ts';
import type { WechatClient } from './client.ts';
import type { WechatAccount } from './config.ts';
import { orderPath, partyOf } from './party.ts';
import { classify, codeOf, declined, messageOf, unknown } from './status-map.ts';

/**
 * "如果此订单用户支付失败，微信支付系统会将此订单关闭；如果用户支付成功，微信支付系统会将此订单资金退还给用户": the answer does not say
 * which of the two. May be repeated. The application ids belong to the request: without sp_appid it is answered SYSTEM_ERROR.
 */
export async function reverseOrder(
  client: WechatClient,
  account: WechatAccount,
  order: OrderReference,
): Promise<ReverseReport> {
  const body = JSON.stringify(partyOf(account, order));
  const answer = await client.call('POST', `${orderPath(account, order.out_trade_no)}/reverse`, body);
  if (answer.outcome !== 'verified') return answer;
  const raw = answer.text;
  if (answer.status === 200 && answer.json) {
    // A signature does not say which question it answers: a genuine answer about another order may be a replay.
    if (answer.json['out_trade_no'] !== order.out_trade_no) return { outcome: 'unknown', reason: 'other_order', raw };
    return { outcome: 'reversed', refunded: null, message: '', raw };
  }
  const message = messageOf(answer);
  switch (codeOf(answer)) {
    case 'ORDERREVERSED':
      return { outcome: 'reversed', refunded: null, message, raw };
    case 'ORDERCLOSED':
      // A closed order was never paid, and cannot be paid any more.
      return { outcome: 'reversed', refunded: false, message, raw };
    case 'ORDERNOTEXIST':
      return { outcome: 'not_found', message, raw };
    default:
      return classify('reverse', answer) === 'refused' ? declined(answer) : unknown(answer);
  }
}
