/** Places an order. */
import type { BeginReport, OrderForChannel, PaymentReport, PreparedBegin } from '../channel.ts';
import type { VerifiedAnswer, WechatClient } from './client.ts';
import type { WechatAccount } from './config.ts';
import { ordersPath } from './party.ts';
import type { WechatPayType } from './pay-type.ts';
import { classify, refusedOrder, unknown } from './status-map.ts';

/**
 * Builds and signs an order request.
 * @param query asks for the order when a refusal may speak of an earlier one
 */
export async function prepareBegin(
  client: WechatClient,
  account: WechatAccount,
  pay_type: WechatPayType,
  order: OrderForChannel,
  query: () => Promise<PaymentReport>,
): Promise<PreparedBegin> {
  const body = JSON.stringify(pay_type.requestBody(account, order));
  const request = await client.prepare('POST', `${ordersPath(account)}/${pay_type.endpoint}`, body);
  return {
    async send() {
      const answer = await client.send(request);
      if (answer.outcome !== 'verified') return answer;
      const report = await pay_type.readAnswer(answer, {
        account,
        order,
        sign: (...what) => client.signInvocation(...what),
      });
      return report ?? readRefusal(pay_type, answer, query);
    },
  };
}

/**
 * ORDERPAID, ORDERCLOSED, ORDERREVERSED say that the number has a history, so that they stay unknown for the resolver's query to
 * settle; so does every code that is not known to be a refusal.
 */
async function readRefusal(
  pay_type: WechatPayType,
  answer: VerifiedAnswer,
  query: () => Promise<PaymentReport>,
): Promise<BeginReport> {
  switch (classify(pay_type.payment_code ? 'codepay' : 'begin', answer)) {
    case 'refused':
      return refusedOrder(answer);
    case 'doubtful':
      return (await query()).outcome === 'not_found' ? refusedOrder(answer) : unknown(answer);
    case 'open':
      return unknown(answer);
  }
}
