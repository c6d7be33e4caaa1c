/** Reverses an order of a payment code (撤销订单, vendor page micropay chapter=9_11): closed if unpaid, refunded if paid. */
import type { OrderReference, ReverseReport } from '../../channel.ts';
import type { WechatV2Client } from './client.ts';
import { partyOf } from './party.ts';
import { classify, codeOf, declined, messageOf, unknown } from './status-map.ts';

/** Repeating it is harmless. Throws `ChannelMisconfigured` without a client certificate. */
export async function reverseOrder(client: WechatV2Client, order: OrderReference): Promise<ReverseReport> {
  const { out_trade_no } = order;
  const answer = await client.call('/secapi/pay/reverse', partyOf(client.account, order), { out_trade_no });
  if (answer.outcome !== 'verified') return answer;
  const { fields, raw } = answer;
  const message = messageOf(answer);
  // "是否需要继续调用撤销": whatever else it says, it is not sure.
  if (fields.get('recall') === 'Y') return { outcome: 'again', message, raw };
  if (fields.get('result_code') === 'SUCCESS') return { outcome: 'reversed', refunded: null, message, raw };
  if (fields.get('result_code') !== 'FAIL') return unknown(answer);
  switch (codeOf(answer)) {
    case 'ORDERREVERSED':
    case 'ORDERCLOSED':
      // Nothing can be paid under it any more. Whether anything had been is not told.
      return { outcome: 'reversed', refunded: null, message, raw };
    case 'ORDERNOTEXIST':
      return { outcome: 'not_found', message, raw };
    case 'USERPAYING':
      // The payer is typing the password: the same call once that is over.
      return { outcome: 'again', message, raw };
    default:
      return classify('reverse', answer) === 'refused' ? declined(answer) : unknown(answer);
  }
}
