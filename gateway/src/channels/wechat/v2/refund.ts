/** Refunds (申请退款, vendor page chapter=9_4) and their state (查询退款, chapter=9_5). */
import type { RefundForChannel, RefundReport } from '../../channel.ts';
import { firstBytes } from '../../text.ts';
import type { WechatV2Client } from './client.ts';
import { amountAt } from './facts.ts';
import { partyOf } from './party.ts';
import { otherOrder } from './query.ts';
import { classify, codeOf, declined, messageOf, unknown } from './status-map.ts';
import type { Fields } from './xml.ts';

/**
 * Asks for a refund. The same out_refund_no pays back only once, however often it is sent. An acceptance is no success yet:
 * "退款申请接收成功", the query and the callback tell the result. Throws `ChannelMisconfigured` without a client certificate.
 */
export async function requestRefund(client: WechatV2Client, refund: RefundForChannel): Promise<RefundReport> {
  const answer = await client.call('/secapi/pay/refund', partyOf(client.account, refund.order), {
    out_trade_no: refund.order.out_trade_no,
    out_refund_no: refund.out_refund_no,
    total_fee: String(refund.order.total_fen),
    refund_fee: String(refund.refund_fen),
    refund_desc: firstBytes(refund.reason, 80),
    notify_url: refund.notify_url,
  });
  if (answer.outcome !== 'verified') return answer;
  const { fields, raw } = answer;
  if (fields.get('result_code') === 'SUCCESS') {
    if (!isAbout(fields, refund) || fields.get('out_refund_no') !== refund.out_refund_no) return otherOrder(raw);
    return { outcome: 'processing', channel_refund_id: fields.get('refund_id') || null, message: 'PROCESSING', raw };
  }
  if (codeOf(answer) === 'NOTENOUGH' && fields.get('result_code') === 'FAIL') {
    // Not enough unsettled money in the merchant's account right now: the same number is to be sent again later.
    return { outcome: 'processing', channel_refund_id: null, message: messageOf(answer), raw };
  }
  switch (classify('refund', answer)) {
    case 'refused':
      return declined(answer);
    case 'doubtful':
      return (await queryRefund(client, refund)).outcome === 'not_found' ? declined(answer) : unknown(answer);
    case 'open':
      return unknown(answer);
  }
}

/** Asks what became of a refund. */
export async function queryRefund(client: WechatV2Client, refund: RefundForChannel): Promise<RefundReport> {
  const { out_refund_no } = refund;
  const answer = await client.call('/pay/refundquery', partyOf(client.account, refund.order), { out_refund_no });
  if (answer.outcome !== 'verified') return answer;
  const { fields, raw } = answer;
  if (fields.get('result_code') === 'SUCCESS') {
    const index = isAbout(fields, refund) ? indexOf(fields, out_refund_no) : null;
    if (index === null) return otherOrder(raw);
    return readRefund(fields, `_${index}`, raw);
  }
  return codeOf(answer) === 'REFUNDNOTEXIST' && fields.get('result_code') === 'FAIL'
    ? { outcome: 'not_found', message: messageOf(answer), raw }
    : unknown(answer);
}

/** A signature does not say which question it answers: a genuine answer about another order may be a replay. */
function isAbout(fields: Fields, refund: RefundForChannel): boolean {
  return fields.get('out_trade_no') === refund.order.out_trade_no;
}

/** An answer lists the order's refunds by `out_refund_no_0`, `_1` …; "部分退款次数最多 50 次". */
const MAX_REFUNDS = 50;

function indexOf(fields: Fields, out_refund_no: string): number | null {
  for (let index = 0; index < MAX_REFUNDS; index += 1)
    if (fields.get(`out_refund_no_${index}`) === out_refund_no) return index;
  return null;
}

/**
 * The state of one refund.
 * @param suffix of the members' names: `_0`, `_1` … in a query's answer, '' in a callback
 * @param raw the text it was read from, for the timeline
 */
export function readRefund(fields: Fields, suffix: string, raw: string): RefundReport {
  const channel_refund_id = fields.get(`refund_id${suffix}`) || null;
  const status = fields.get(`refund_status${suffix}`) ?? '';
  switch (status) {
    case 'SUCCESS': {
      const amount_fen = amountAt(fields, `refund_fee${suffix}`);
      return { outcome: 'succeeded', channel_refund_id, amount_fen, raw };
    }
    case 'PROCESSING':
      return { outcome: 'processing', channel_refund_id, message: status, raw };
    case 'REFUNDCLOSE':
      return { outcome: 'closed', message: status, raw };
    case 'CHANGE':
      // 退款异常: the payer's card is gone or frozen, the money has to be sent another way from the merchant platform.
      return { outcome: 'abnormal', message: status, raw };
    default:
      return { outcome: 'unknown', reason: 'not_understood', raw };
  }
}
