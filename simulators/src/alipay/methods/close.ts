import { tradeReference } from '../biz-content.ts';
import { BusinessRefusal } from '../business-refusal.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod } from './method.ts';

/**
 * alipay.trade.close (opendocs.alipay.com/open/02o6e8): closes a trade that waits for its buyer. A precreated code that
 * nobody has scanned is no trade: it answers ACQ.TRADE_NOT_EXIST and can still be scanned and paid until it expires.
 */
export const close: AlipayMethod = {
  name: 'alipay.trade.close',
  operation: 'close',
  takesBizContent: true,
  run({ app, biz }, { book }) {
    const trade = book.find(app, tradeReference(biz));
    if (!trade) throw new BusinessRefusal('ACQ.TRADE_NOT_EXIST');
    // Both codes are documented for "not waiting for payment" without saying which for what; the observed one for a
    // paid trade is TRADE_STATUS_ERROR.
    if (trade.status === 'TRADE_CLOSED') throw new BusinessRefusal('ACQ.REASON_TRADE_STATUS_INVALID');
    if (trade.status !== 'WAIT_BUYER_PAY') throw new BusinessRefusal('ACQ.TRADE_STATUS_ERROR');
    book.close(trade, 'closed');
    return { fields: { out_trade_no: trade.out_trade_no, trade_no: trade.trade_no } };
  },
  refusalFields: echoedOutTradeNo,
};
