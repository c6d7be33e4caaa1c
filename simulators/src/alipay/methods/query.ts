import type { NodeFields } from '../answers.ts';
import { tradeReference } from '../biz-content.ts';
import { BusinessRefusal } from '../business-refusal.ts';
import { chinaTime } from '../china-time.ts';
import type { AlipayConfig } from '../config.ts';
import { yuan } from '../money.ts';
import type { Trade } from '../trade-records.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod } from './method.ts';

/**
 * alipay.trade.query (opendocs.alipay.com/open/02ekfq). code 10000 says that the query succeeded; what became of the
 * trade is in trade_status. TRADE_CLOSED means "never paid" or "fully refunded": only the latter has send_pay_date.
 */
export const query: AlipayMethod = {
  name: 'alipay.trade.query',
  operation: 'query',
  takesBizContent: true,
  run({ app, biz }, { book, config }) {
    const trade = book.find(app, tradeReference(biz));
    if (!trade) throw new BusinessRefusal('ACQ.TRADE_NOT_EXIST');
    return { fields: tradeFields(trade, config) };
  },
  // Upstream sends the amounts even when there is no trade.
  refusalFields: (call) => ({ ...echoedOutTradeNo(call), ...amounts(0) }),
};

function tradeFields(trade: Trade, config: AlipayConfig): NodeFields {
  const paid = trade.paid_at_ms !== undefined;
  return {
    trade_no: trade.trade_no,
    out_trade_no: trade.out_trade_no,
    trade_status: trade.status,
    total_amount: yuan(trade.total_fen),
    buyer_logon_id: config.buyer.logon_id,
    buyer_user_id: config.buyer.user_id,
    buyer_user_type: 'PRIVATE',
    ...amounts(paid ? trade.total_fen : 0),
    fund_bill_list: paid ? [{ amount: yuan(trade.total_fen), fund_channel: 'ALIPAYACCOUNT' }] : undefined,
    send_pay_date: trade.paid_at_ms === undefined ? undefined : chinaTime(trade.paid_at_ms),
    store_id: trade.store_id,
    passback_params: trade.passback_params,
  };
}

function amounts(paid_fen: number): NodeFields {
  const amount = yuan(paid_fen);
  return { buyer_pay_amount: amount, invoice_amount: amount, receipt_amount: amount, point_amount: '0.00' };
}
