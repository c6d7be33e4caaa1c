/** Places an order: 统一下单 (vendor page chapter=9_1) or 付款码支付 (chapter=9_10). */
import type { BeginReport, OrderForChannel, PreparedBegin } from '../../channel.ts';
import type { CallResult, VerifiedAnswer, WechatV2Client } from './client.ts';
import { paymentFacts } from './facts.ts';
import { orderFields } from './order-fields.ts';
import { partyOf, type Party } from './party.ts';
import type { OrderedPayType, V2PayType } from './pay-type.ts';
import { otherOrder, queryOrder } from './query.ts';
import { classify, codeOf, declined, messageOf, unknown, type Operation } from './status-map.ts';

/** Builds and signs an order request. Throws `ChannelMisconfigured` when the route does not fit the account. */
export function prepareBegin(client: WechatV2Client, pay_type: V2PayType, order: OrderForChannel): PreparedBegin {
  const party = partyOf(client.account, order);
  const own = pay_type.requestFields(party, order);
  const content = { ...orderFields(order), ...own };
  if (pay_type.trade_type === 'MICROPAY') {
    const request = client.prepare('/pay/micropay', party, content);
    return { send: async () => readMicropay(client, order, await client.send(request)) };
  }
  const { trade_type } = pay_type;
  const { notify_url } = order;
  const request = client.prepare('/pay/unifiedorder', party, { ...content, trade_type, notify_url });
  return { send: async () => readOrdered(client, pay_type, party, order, await client.send(request)) };
}

async function readOrdered(
  client: WechatV2Client,
  pay_type: OrderedPayType,
  party: Party,
  order: OrderForChannel,
  answer: CallResult,
): Promise<BeginReport> {
  if (answer.outcome !== 'verified') return answer;
  const { fields, raw } = answer;
  if (fields.get('result_code') !== 'SUCCESS') return readRefusal(client, 'order', order, answer);
  // The answer does not name our number; that it is of the same kind is what can be seen.
  if (fields.get('trade_type') !== pay_type.trade_type) return unknown(answer);
  const reply = pay_type.readReply(fields, {
    account: client.account,
    party,
    nonce: client.nonce(),
    timestamp_s: String(Math.floor(client.ports.clock.now_ms() / 1000)),
  });
  return reply ? { outcome: 'accepted', reply, message: 'success', raw } : unknown(answer);
}

async function readMicropay(client: WechatV2Client, order: OrderForChannel, answer: CallResult): Promise<BeginReport> {
  if (answer.outcome !== 'verified') return answer;
  const { fields, raw } = answer;
  if (fields.get('result_code') === 'SUCCESS') {
    if (fields.get('out_trade_no') !== order.out_trade_no) return otherOrder(raw);
    const facts = paymentFacts(client.account, fields, false);
    return facts ? { outcome: 'paid', facts, message: 'success', raw } : unknown(answer);
  }
  if (codeOf(answer) === 'USERPAYING' && fields.get('result_code') === 'FAIL') {
    const words = messageOf(answer);
    return { outcome: 'paying', message: words === '' ? 'USERPAYING' : `USERPAYING, ${words}`, raw };
  }
  return readRefusal(client, 'micropay', order, answer);
}

/** A code about the number may be the echo of an earlier try: a query tells whether there was one, and what became of it. */
async function readRefusal(
  client: WechatV2Client,
  operation: Extract<Operation, 'order' | 'micropay'>,
  order: OrderForChannel,
  answer: VerifiedAnswer,
): Promise<BeginReport> {
  switch (classify(operation, answer)) {
    case 'refused':
      return declined(answer);
    case 'doubtful': {
      const known = await queryOrder(client, order);
      if (known.outcome === 'not_found') return declined(answer);
      if (operation === 'micropay' && known.outcome === 'paid') return { ...known, message: 'success' };
      return unknown(answer);
    }
    case 'open':
      return unknown(answer);
  }
}
