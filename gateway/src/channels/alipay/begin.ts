/** Places an order by whatever method its pay type uses. */
import type { BeginReport, OrderForChannel, PreparedBegin } from '../channel.ts';
import { orderDeclined, unknown, type AlipayClient, type VerifiedAnswer } from './client.ts';
import type { AlipayAccount } from './config.ts';
import type { AlipayPayType, CalledPayType, CarriedPayType } from './pay-type.ts';

/** Builds and signs the order request; `send()` places it. */
export async function prepareBegin(
  client: AlipayClient,
  account: AlipayAccount,
  pay_type: AlipayPayType,
  order: OrderForChannel,
): Promise<PreparedBegin> {
  const request = {
    method: pay_type.method,
    biz_content: pay_type.bizContent(account, order),
    merchant_params: order.merchant_params,
    notify_url: order.notify_url,
  };
  if (!('operation' in pay_type)) return carry(client, account, pay_type, order, request);
  const call = await client.prepare({
    ...request,
    operation: pay_type.operation,
    out_trade_no: order.out_trade_no,
  });
  return {
    async send(): Promise<BeginReport> {
      const answer = await call.send();
      return answer.outcome === 'verified' ? report(account, pay_type, order, answer) : answer;
    },
  };
}

/** The payer carries it to Alipay, which hears of the order only then: it is accepted because nobody is there to refuse it. */
async function carry(
  client: AlipayClient,
  account: AlipayAccount,
  pay_type: CarriedPayType,
  order: OrderForChannel,
  request: Parameters<AlipayClient['sign']>[0],
): Promise<PreparedBegin> {
  const return_url = pay_type.returnUrl?.(order);
  const signed = await client.sign(return_url === undefined ? request : { ...request, return_url });
  const reply = pay_type.replyOf(account, signed);
  // Alipay has said nothing yet whose words could be passed on.
  return {
    made_here: true,
    send: () => Promise.resolve({ outcome: 'accepted', reply, message: 'success', made_here: true }),
  };
}

function report(
  account: AlipayAccount,
  pay_type: CalledPayType,
  order: OrderForChannel,
  answer: VerifiedAnswer,
): BeginReport {
  if (answer.verdict === 'declined') return orderDeclined(answer);
  if (answer.verdict !== 'ok' && answer.verdict !== 'paying') return unknown(answer);
  const said = answer.verdict === 'paying' ? paying(answer) : pay_type.readSuccess(account, answer);
  if (!said || answer.node['out_trade_no'] !== order.out_trade_no) {
    return { outcome: 'unknown', reason: 'not_understood', raw: answer.raw };
  }
  return said;
}

/** Code and words, in the manner of the product document's "USERPAYING, 需要用户输入支付密码". */
function paying({ code, message, raw }: VerifiedAnswer): BeginReport {
  return { outcome: 'paying', message: `${code}, ${message}`, raw };
}
