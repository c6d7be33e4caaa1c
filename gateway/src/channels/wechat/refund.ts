/** Refunds (申请退款, doc 4012552567) and their state (查询单笔退款). */
import { fen } from '../../domain/money.ts';
import type { RefundForChannel, RefundReport } from '../channel.ts';
import { firstBytes } from '../text.ts';
import type { VerifiedAnswer, WechatClient } from './client.ts';
import type { WechatAccount } from './config.ts';
import { integerAt, objectAt, textAt, type JsonObject } from '../json.ts';
import { subMerchantOf } from './party.ts';
import { classify, codeOf, declined, messageOf, unknown } from './status-map.ts';

const REFUNDS_PATH = '/v3/refund/domestic/refunds';

/** Asks for a refund. The same out_refund_no pays back only once, however often it is sent. */
export async function requestRefund(
  client: WechatClient,
  account: WechatAccount,
  refund: RefundForChannel,
): Promise<RefundReport> {
  const body = JSON.stringify(refundBody(account, refund));
  const answer = await client.call('POST', REFUNDS_PATH, body);
  if (answer.outcome !== 'verified') return answer;
  if (answer.status === 200) return readOwnRefund(answer, refund);
  if (codeOf(answer) === 'NOTENOUGH') {
    // Not enough unsettled money in the merchant's account right now: the vendor asks to send the same number again later.
    return { outcome: 'processing', channel_refund_id: null, message: messageOf(answer), raw: answer.text };
  }
  switch (classify('refund', answer)) {
    case 'refused':
      return declined(answer);
    case 'doubtful':
      return (await queryRefund(client, account, refund)).outcome === 'not_found' ? declined(answer) : unknown(answer);
    case 'open':
      return unknown(answer);
  }
}

/** Asks what became of a refund. WeChat Pay recommends to wait a minute after the request. */
export async function queryRefund(
  client: WechatClient,
  account: WechatAccount,
  refund: RefundForChannel,
): Promise<RefundReport> {
  const sub_mchid = subMerchantOf(account, refund.order.merchant_params);
  const path = `${REFUNDS_PATH}/${encodeURIComponent(refund.out_refund_no)}`;
  const query = sub_mchid === null ? '' : `?sub_mchid=${encodeURIComponent(sub_mchid)}`;
  const answer = await client.call('GET', path + query, null);
  if (answer.outcome !== 'verified') return answer;
  if (answer.status === 200) return readOwnRefund(answer, refund);
  if (codeOf(answer) === 'RESOURCENOTEXISTS') {
    return { outcome: 'not_found', message: messageOf(answer), raw: answer.text };
  }
  return unknown(answer);
}

function refundBody(account: WechatAccount, refund: RefundForChannel): Record<string, unknown> {
  const sub_mchid = subMerchantOf(account, refund.order.merchant_params);
  return {
    ...(sub_mchid === null ? {} : { sub_mchid }),
    out_trade_no: refund.order.out_trade_no,
    out_refund_no: refund.out_refund_no,
    // string(80), counted in bytes; an empty reason is not a reason.
    ...(refund.reason === '' ? {} : { reason: firstBytes(refund.reason, 80) }),
    notify_url: refund.notify_url,
    amount: { refund: refund.refund_fen, total: refund.order.total_fen, currency: 'CNY' },
  };
}

/** A signature does not say which question it answers: a genuine answer about another refund may be a replay. */
function readOwnRefund(answer: VerifiedAnswer, refund: RefundForChannel): RefundReport {
  if (!answer.json) return unknown(answer);
  const { out_refund_no, out_trade_no } = answer.json;
  if (out_refund_no !== refund.out_refund_no || out_trade_no !== refund.order.out_trade_no) {
    return { outcome: 'unknown', reason: 'other_order', raw: answer.text };
  }
  return readRefund(answer.json, textAt(answer.json, 'status'), answer.text);
}

/**
 * The state of a refund object.
 * @param status `status` of an answer, `refund_status` of a callback
 * @param raw the text it was read from, for the timeline
 */
export function readRefund(refund: JsonObject, status: string | null, raw: string): RefundReport {
  const channel_refund_id = textAt(refund, 'refund_id');
  switch (status) {
    case 'SUCCESS': {
      const amount = integerAt(objectAt(refund, 'amount'), 'refund');
      return { outcome: 'succeeded', channel_refund_id, amount_fen: amount === null ? null : fen(amount), raw };
    }
    case 'PROCESSING':
      return { outcome: 'processing', channel_refund_id, message: status, raw };
    case 'CLOSED':
      return { outcome: 'closed', message: status, raw };
    case 'ABNORMAL':
      // The payer's card is gone or frozen: the money has to be sent another way from the merchant platform.
      return { outcome: 'abnormal', message: status, raw };
    default:
      return { outcome: 'unknown', reason: 'not_understood', raw };
  }
}
