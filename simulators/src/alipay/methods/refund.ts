import type { NodeFields } from '../answers.ts';
import { optionalText, queryOptions, requiredAmount, tradeReference } from '../biz-content.ts';
import { BusinessRefusal } from '../business-refusal.ts';
import { chinaTime } from '../china-time.ts';
import { yuan } from '../money.ts';
import { sentinelOutcome, sentinelRefusal } from '../refund-sentinels.ts';
import { refundedFen, reservedFen } from '../trade-records.ts';
import type { Refund, Trade } from '../trade-records.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod, MethodCall, MethodContext } from './method.ts';

/**
 * alipay.trade.refund (opendocs.alipay.com/open/02ekfs). out_request_no is the idempotency key: the same number and
 * amount again answers 10000 with fund_change=N and moves nothing. code 10000 alone is no success: only fund_change=Y
 * is, else the refund query decides. refund_fee is the trade's whole refunded sum, not this refund's amount.
 */
export const refund: AlipayMethod = {
  name: 'alipay.trade.refund',
  operation: 'refund',
  takesBizContent: true,
  run(call, context) {
    const { trade, amount_fen, out_request_no, reason } = readRefund(call, context);
    const known = trade.refunds.find((candidate) => candidate.out_request_no === out_request_no);
    if (known && known.state !== 'failed') {
      if (known.amount_fen !== amount_fen) throw new BusinessRefusal('ACQ.DISCORDANT_REPEAT_REQUEST');
      return { fields: refundFields(call, context, trade, known, false) };
    }
    refuseRefund(call, context, trade, amount_fen, reason);
    const after = context.book.refund(trade, {
      out_request_no,
      amount_fen,
      ...(reason === undefined ? {} : { reason }),
      outcome: sentinelOutcome(reason, known !== undefined),
    });
    const taken = after.refunds.find((candidate) => candidate.out_request_no === out_request_no);
    if (!taken) throw new Error(`refund ${out_request_no} was not kept`);
    return { fields: refundFields(call, context, after, taken, taken.state === 'success') };
  },
  refusalFields: (call) => ({ ...echoedOutTradeNo(call), refund_fee: '0.00', send_back_fee: '0.00' }),
};

interface RefundInput {
  readonly trade: Trade;
  readonly amount_fen: number;
  readonly out_request_no: string;
  readonly reason: string | undefined;
}

function readRefund({ app, biz }: MethodCall, { book }: MethodContext): RefundInput {
  const reference = tradeReference(biz);
  const amount_fen = requiredAmount(biz, 'refund_amount');
  const given = optionalText(biz, 'out_request_no', 64);
  const reason = optionalText(biz, 'refund_reason', 256);
  const trade = book.find(app, reference);
  if (!trade) throw new BusinessRefusal('ACQ.TRADE_NOT_EXIST');
  // Only a full refund may leave out_request_no away; it is then known under the trade's own number (open/02ekft).
  if (given === undefined && amount_fen !== trade.total_fen) {
    throw new BusinessRefusal('ACQ.REFUND_AMT_NOT_EQUAL_TOTAL', '部分退款时out_request_no必填');
  }
  return { trade, amount_fen, out_request_no: given ?? trade.out_trade_no, reason };
}

/** The reasons against a refund, in the order in which they are looked at. */
function refuseRefund(
  { app }: MethodCall,
  { book }: MethodContext,
  trade: Trade,
  amount_fen: number,
  reason: string | undefined,
): void {
  if (trade.status === 'WAIT_BUYER_PAY') throw new BusinessRefusal('ACQ.TRADE_STATUS_ERROR');
  if (trade.status === 'TRADE_CLOSED') throw new BusinessRefusal('ACQ.TRADE_HAS_CLOSE');
  if (trade.status === 'TRADE_FINISHED') throw new BusinessRefusal('ACQ.TRADE_HAS_FINISHED');
  if (reservedFen(trade) + amount_fen > trade.total_fen) throw new BusinessRefusal('ACQ.REFUND_AMT_NOT_EQUAL_TOTAL');
  const asked = sentinelRefusal(reason);
  if (asked) throw new BusinessRefusal(asked);
  if (amount_fen > book.balance(app)) throw new BusinessRefusal('ACQ.SELLER_BALANCE_NOT_ENOUGH');
}

function refundFields(
  { biz }: MethodCall,
  { config, ports }: MethodContext,
  trade: Trade,
  item: Refund,
  moved: boolean,
): NodeFields {
  const amount = yuan(item.amount_fen);
  return {
    trade_no: trade.trade_no,
    out_trade_no: trade.out_trade_no,
    buyer_logon_id: config.buyer.logon_id,
    buyer_user_id: config.buyer.user_id,
    fund_change: moved ? 'Y' : 'N',
    refund_fee: yuan(refundedFen(trade)),
    send_back_fee: moved ? amount : '0.00',
    gmt_refund_pay: chinaTime(item.succeeded_at_ms ?? ports.now()),
    refund_detail_item_list:
      moved && queryOptions(biz).includes('refund_detail_item_list')
        ? [{ amount, fund_channel: 'ALIPAYACCOUNT' }]
        : undefined,
  };
}
