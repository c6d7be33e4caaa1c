/** Places an order by whatever method its pay type uses. */
import type { BeginReport, OrderForChannel, PreparedBegin } from '../channel.ts';
import { declined, unknown, type AlipayClient, type VerifiedAnswer } from './client.ts';
import type { AlipayAccount } from './config.ts';
import type { AlipayPayType } from './pay-type.ts';

/** Builds and signs the order request; `send()` places it. */
export async function prepareBegin(
  client: AlipayClient,
  account: AlipayAccount,
  pay_type: AlipayPayType,
  order: OrderForChannel,
): Promise<PreparedBegin> {
  const call = await client.prepare({
    operation: 'begin',
    method: pay_type.method,
    biz_content: pay_type.bizContent(account, order),
    out_trade_no: order.out_trade_no,
    merchant_params: order.merchant_params,
    notify_url: order.notify_url,
  });
  return {
    async send(): Promise<BeginReport> {
      const answer = await call.send();
      return answer.outcome === 'verified' ? report(pay_type, order, answer) : answer;
    },
  };
}

function report(pay_type: AlipayPayType, order: OrderForChannel, answer: VerifiedAnswer): BeginReport {
  if (answer.verdict === 'declined') return declined(answer);
  if (answer.verdict !== 'ok') return unknown(answer);
  const reply = pay_type.readReply(answer.node);
  if (!reply || answer.node['out_trade_no'] !== order.out_trade_no) {
    return { outcome: 'unknown', reason: 'not_understood', raw: answer.raw };
  }
  return { outcome: 'accepted', reply, message: `${answer.code},${answer.msg}`, raw: answer.raw };
}
