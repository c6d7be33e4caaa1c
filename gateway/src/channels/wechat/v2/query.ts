/** Asks for an order by our number (查询订单, vendor page chapter=9_2). */
import type { OrderReference, PaymentReport } from '../../channel.ts';
import { hasPaymentCode } from '../../../domain/order.ts';
import type { VerifiedAnswer, WechatV2Client } from './client.ts';
import { paymentFacts } from './facts.ts';
import { partyOf } from './party.ts';
import { codeOf, messageOf, unknown } from './status-map.ts';

export const QUERY_PATH = '/pay/orderquery';

/** Asks WeChat Pay what became of an order. A refused question decides nothing and is `unknown`. */
export async function queryOrder(client: WechatV2Client, order: OrderReference): Promise<PaymentReport> {
  const { out_trade_no } = order;
  const answer = await client.call(QUERY_PATH, partyOf(client.account, order), { out_trade_no });
  if (answer.outcome !== 'verified') return answer;
  const { fields, raw } = answer;
  const named = fields.get('out_trade_no');
  if (fields.get('result_code') === 'SUCCESS') {
    // A signature does not say which question it answers: a genuine answer about another order may be a replay.
    return named === out_trade_no ? readState(client, order, answer) : otherOrder(raw);
  }
  if (codeOf(answer) !== 'ORDERNOTEXIST' || fields.get('result_code') !== 'FAIL') return unknown(answer);
  return named === undefined || named === out_trade_no
    ? { outcome: 'not_found', message: messageOf(answer), raw }
    : otherOrder(raw);
}

/** What is said about a number that we did not ask about. */
export function otherOrder(raw: string) {
  return { outcome: 'unknown', reason: 'other_order', raw } as const;
}

function readState(client: WechatV2Client, order: OrderReference, { fields, raw }: VerifiedAnswer): PaymentReport {
  const state = fields.get('trade_state') ?? '';
  const message = fields.get('trade_state_desc') || state;
  switch (state) {
    case 'SUCCESS':
    case 'REFUND': {
      // REFUND, 转入退款: it was paid, and some or all of it has gone back since.
      const facts = paymentFacts(client.account, fields, state === 'REFUND');
      return facts ? { outcome: 'paid', facts, raw } : { outcome: 'unknown', reason: 'not_understood', raw };
    }
    case 'NOTPAY':
    case 'USERPAYING':
    case 'ACCEPT':
      return { outcome: 'waiting', message, raw };
    case 'PAYERROR':
      // The vendor asks for a reverse before the order counts as over; other orders cannot be reversed, and may be paid yet.
      return { outcome: hasPaymentCode(order) ? 'pay_error' : 'waiting', message, raw };
    case 'CLOSED':
      return { outcome: 'closed', message, raw };
    case 'REVOKED':
      return { outcome: 'reversed', message, raw };
    default:
      return { outcome: 'unknown', reason: 'not_understood', raw };
  }
}
