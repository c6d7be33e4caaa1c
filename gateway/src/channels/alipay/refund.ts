/**
 * Refunds (alipay.trade.refund, opendocs.alipay.com/open/02ekfk) and asking about them (alipay.trade.fastpay.refund.query,
 * opendocs.alipay.com/open/02ekfl). Our refund number is out_request_no, the vendor's idempotency key.
 */
import { fenToYuan, yuanToFen } from '../../domain/money.ts';
import type { RefundForChannel, RefundReport } from '../channel.ts';
import { declined, unknown, type AlipayClient, type VerifiedAnswer } from './client.ts';
import { textAt } from './json.ts';

/** refund_reason is at most 256 characters. */
const MAX_REASON = 256;

/**
 * Submits a refund, or submits it again: the same number with the same amount moves money once.
 * `fund_change=Y` alone says that money moved with this request. `N` means "nothing new": with a repetition the refund may
 * be done, and with a first request it is not, so that the refund query decides, and what it does not confirm is processing.
 */
export async function requestRefund(client: AlipayClient, refund: RefundForChannel): Promise<RefundReport> {
  const answer = await client.call({
    operation: 'refund',
    method: 'alipay.trade.refund',
    biz_content: {
      out_trade_no: refund.order.out_trade_no,
      refund_amount: fenToYuan(refund.refund_fen),
      out_request_no: refund.out_refund_no,
      refund_reason: Array.from(refund.reason).slice(0, MAX_REASON).join(''),
    },
    out_trade_no: refund.order.out_trade_no,
    merchant_params: refund.order.merchant_params,
  });
  if (answer.outcome !== 'verified') return answer;
  switch (answer.verdict) {
    case 'ok':
      return afterAcceptance(client, refund, answer);
    case 'declined':
      return declined(answer);
    case 'ask':
      return afterRefusal(client, refund, answer);
    case 'not_found':
    case 'paying':
    case 'unknown':
      return unknown(answer);
  }
}

async function afterAcceptance(
  client: AlipayClient,
  refund: RefundForChannel,
  answer: VerifiedAnswer,
): Promise<RefundReport> {
  const { node, raw } = answer;
  if (node['out_trade_no'] !== refund.order.out_trade_no) {
    return { outcome: 'unknown', reason: 'not_understood', raw };
  }
  // refund_fee of this answer is the sum of all refunds of the trade, not this one's amount, and so is not reported.
  if (textAt(node, 'fund_change') === 'Y') {
    return { outcome: 'succeeded', channel_refund_id: null, amount_fen: null, raw };
  }
  const asked = await queryRefund(client, refund);
  if (asked.outcome === 'succeeded') return asked;
  return { outcome: 'processing', channel_refund_id: null, message: 'fund_change is not Y', raw };
}

/** A refusal for the state of the trade may be the echo of this refund's own success; the refund query tells. */
async function afterRefusal(
  client: AlipayClient,
  refund: RefundForChannel,
  answer: VerifiedAnswer,
): Promise<RefundReport> {
  const asked = await queryRefund(client, refund);
  if (asked.outcome === 'succeeded') return asked;
  return asked.outcome === 'not_found' ? declined(answer) : unknown(answer);
}

/**
 * Asks what became of a refund. An answer without refund_status means "not received, or failed" (未返回该字段表示退款请求未收到
 * 或者退款失败) and is reported as `not_found`: in both cases no money moved and the same number may be submitted again. The vendor
 * asks to wait ten seconds after the refund before asking, for a refund under way looks the same.
 */
export async function queryRefund(client: AlipayClient, refund: RefundForChannel): Promise<RefundReport> {
  const answer = await client.call({
    operation: 'query_refund',
    method: 'alipay.trade.fastpay.refund.query',
    biz_content: { out_trade_no: refund.order.out_trade_no, out_request_no: refund.out_refund_no },
    out_trade_no: refund.order.out_trade_no,
    merchant_params: refund.order.merchant_params,
  });
  if (answer.outcome !== 'verified') return answer;
  if (answer.verdict === 'not_found') return { outcome: 'not_found', message: answer.message, raw: answer.raw };
  if (answer.verdict !== 'ok') return unknown(answer);
  return readRefund(refund, answer);
}

function readRefund(refund: RefundForChannel, answer: VerifiedAnswer): RefundReport {
  const { node, raw } = answer;
  const about_ours =
    node['out_trade_no'] === refund.order.out_trade_no && node['out_request_no'] === refund.out_refund_no;
  const refund_status = textAt(node, 'refund_status');
  switch (refund_status) {
    case null:
      // Without a refund to tell about, the answer is often nothing but code and msg; one about another refund says nothing.
      if ('out_request_no' in node && !about_ours) return { outcome: 'unknown', reason: 'other_order', raw };
      return { outcome: 'not_found', message: `${answer.code},${answer.msg}`, raw };
    case 'REFUND_SUCCESS':
      if (!about_ours) return { outcome: 'unknown', reason: 'other_order', raw };
      return {
        outcome: 'succeeded',
        channel_refund_id: null,
        amount_fen: yuanToFen(textAt(node, 'refund_amount') ?? ''),
        raw,
      };
    case 'REFUND_PROCESSING':
      // Of asynchronous refunds, which we do not use; understood in case the vendor switches an account over.
      return { outcome: 'processing', channel_refund_id: null, message: refund_status, raw };
    default:
      return { outcome: 'unknown', reason: 'not_understood', raw };
  }
}
