import type { NodeFields } from '../answers.ts';
import { queryOptions, requiredText, tradeReference } from '../biz-content.ts';
import { BusinessRefusal } from '../business-refusal.ts';
import { chinaTime } from '../china-time.ts';
import { yuan } from '../money.ts';
import type { Refund, Trade } from '../trade-records.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod } from './method.ts';

/**
 * alipay.trade.fastpay.refund.query (opendocs.alipay.com/open/02ekft). A refund that is unknown, pending or failed
 * answers a bare 10000 without refund_status: from here alone the three cannot be told apart.
 */
export const refundQuery: AlipayMethod = {
  name: 'alipay.trade.fastpay.refund.query',
  operation: 'query',
  takesBizContent: true,
  run({ app, biz }, { book }) {
    const reference = tradeReference(biz);
    const out_request_no = requiredText(biz, 'out_request_no', 64);
    const trade = book.find(app, reference);
    if (!trade) throw new BusinessRefusal('ACQ.TRADE_NOT_EXIST');
    const refund = trade.refunds.find((candidate) => candidate.out_request_no === out_request_no);
    if (refund?.state !== 'success') return { fields: {} };
    return { fields: refundFields(trade, refund, queryOptions(biz)) };
  },
  refusalFields: echoedOutTradeNo,
};

function refundFields(trade: Trade, refund: Refund, options: readonly string[]): NodeFields {
  const amount = yuan(refund.amount_fen);
  return {
    trade_no: trade.trade_no,
    out_trade_no: trade.out_trade_no,
    out_request_no: refund.out_request_no,
    refund_status: 'REFUND_SUCCESS',
    refund_amount: amount,
    total_amount: yuan(trade.total_fen),
    refund_reason: refund.reason,
    gmt_refund_pay:
      options.includes('gmt_refund_pay') && refund.succeeded_at_ms !== undefined
        ? chinaTime(refund.succeeded_at_ms)
        : undefined,
    refund_detail_item_list: options.includes('refund_detail_item_list')
      ? [{ amount, fund_channel: 'ALIPAYACCOUNT' }]
      : undefined,
    send_back_fee: options.includes('refund_detail_item_list') ? amount : undefined,
  };
}
