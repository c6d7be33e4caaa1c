/** Closes an order (关闭订单, vendor page chapter=9_3). */
import type { CloseReport, OrderReference } from '../../channel.ts';
import type { WechatV2Client } from './client.ts';
import { partyOf } from './party.ts';
import { classify, codeOf, declined, messageOf, unknown } from './status-map.ts';

/** Asks WeChat Pay to accept no payment for an order any more. The answer does not name the order. */
export async function closeOrder(client: WechatV2Client, order: OrderReference): Promise<CloseReport> {
  const { out_trade_no } = order;
  const answer = await client.call('/pay/closeorder', partyOf(client.account, order), { out_trade_no });
  if (answer.outcome !== 'verified') return answer;
  const { fields, raw } = answer;
  if (fields.get('result_code') === 'SUCCESS') return { outcome: 'closed', message: '', raw };
  if (fields.get('result_code') !== 'FAIL') return unknown(answer);
  const message = messageOf(answer);
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
