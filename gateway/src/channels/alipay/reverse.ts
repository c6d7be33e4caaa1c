/** Reverses a trade that was made with a payment code (alipay.trade.cancel, opendocs.alipay.com/open/02ekfi). */
import type { OrderReference, PaymentReport, ReverseReport } from '../channel.ts';
import { declined, unknown, type AlipayClient, type VerifiedAnswer } from './client.ts';
import type { AlipayAccount } from './config.ts';
import { textAt } from './json.ts';
import { queryOrder } from './query.ts';

/**
 * Makes sure that nothing is paid under an order's number, or gives back what was. Repeating it is harmless.
 * `retry_flag=Y` asks for the same call again, whatever the code beside it says.
 */
export async function reverseOrder(
  client: AlipayClient,
  account: AlipayAccount,
  order: OrderReference,
): Promise<ReverseReport> {
  const answer = await client.call({
    operation: 'cancel',
    method: 'alipay.trade.cancel',
    biz_content: { out_trade_no: order.out_trade_no },
    out_trade_no: order.out_trade_no,
    merchant_params: order.merchant_params,
  });
  if (answer.outcome !== 'verified') return answer;
  const { raw } = answer;
  if (textAt(answer.node, 'retry_flag') === 'Y') return { outcome: 'again', message: words(answer), raw };
  switch (answer.verdict) {
    case 'ok':
      return readAction(order, answer);
    case 'declined':
      return declined(answer);
    case 'ask':
      return afterQuery(answer, await queryOrder(client, account, order));
    default:
      return unknown(answer);
  }
}

/**
 * `action` says what this cancel did: "close：交易未支付，触发关闭交易动作，无退款; refund：交易已支付，触发交易退款动作; 未返回：未查询到交易".
 */
function readAction(order: OrderReference, answer: VerifiedAnswer): ReverseReport {
  const { node, raw } = answer;
  const message = words(answer);
  if (node['out_trade_no'] !== order.out_trade_no) return { outcome: 'unknown', reason: 'not_understood', raw };
  const action = textAt(node, 'action');
  switch (action) {
    case 'close':
      return { outcome: 'reversed', refunded: false, message, raw };
    case 'refund':
      return { outcome: 'reversed', refunded: true, message, raw };
    case null:
      return { outcome: 'not_found', message, raw };
    default:
      return { outcome: 'unknown', reason: 'not_understood', raw };
  }
}

/** Refused because money has gone back already: all of it, as after an earlier cancel of ours, or some by another way. */
function afterQuery(refusal: VerifiedAnswer, asked: PaymentReport): ReverseReport {
  switch (asked.outcome) {
    case 'closed':
    case 'reversed':
      return { outcome: 'reversed', refunded: false, message: asked.message, raw: asked.raw };
    case 'finished':
      return declined(refusal);
    case 'paid':
      if (!asked.facts.refunded) return declined(refusal);
      return { outcome: 'reversed', refunded: true, message: words(refusal), raw: asked.raw };
    default:
      return unknown(refusal);
  }
}

function words({ code, msg, sub_code, message }: VerifiedAnswer): string {
  return sub_code ? `${sub_code}: ${message}` : `${code},${msg}`;
}
