/** Places an order. */
import type { BeginReport, OrderForChannel, PaymentReport, PreparedBegin } from '../channel.ts';
import type { CallResult, WechatClient } from './client.ts';
import type { WechatAccount } from './config.ts';
import { ordersPath } from './party.ts';
import type { WechatPayType } from './pay-type.ts';
import { classify, declined, unknown } from './status-map.ts';

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
      return readBegin(pay_type, await client.send(request), query);
    },
  };
}

/**
 * ORDERPAID, ORDERCLOSED, ORDERREVERSED say that the number has a history, so that they stay unknown for the resolver's query to
 * settle; so does every code that is not known to be a refusal.
 */
async function readBegin(
  pay_type: WechatPayType,
  answer: CallResult,
  query: () => Promise<PaymentReport>,
): Promise<BeginReport> {
  if (answer.outcome !== 'verified') return answer;
  if (answer.status === 200) {
    const reply = answer.json && pay_type.readReply(answer.json);
    return reply ? { outcome: 'accepted', reply, message: 'success', raw: answer.text } : unknown(answer);
  }
  switch (classify('begin', answer)) {
    case 'refused':
      return declined(answer);
    case 'doubtful':
      return (await query()).outcome === 'not_found' ? declined(answer) : unknown(answer);
    case 'open':
      return unknown(answer);
  }
}
