import { tradeReference } from '../biz-content.ts';
import { BusinessRefusal } from '../business-refusal.ts';
import type { Trade } from '../trade-records.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod, MethodCall, MethodContext } from './method.ts';

/** A payment can be cancelled for 24 hours; later the refund interface has to be used. */
export const CANCELLABLE_MS = 24 * 60 * 60 * 1000;

/** A word in `subject` or `body` by which a person makes the first cancellation of an order ask for a second one. */
export const CANCEL_RETRY = 'CANCEL_RETRY';

/**
 * alipay.trade.cancel (opendocs.alipay.com/open/02ekfr): closes a trade that waits, gives all the money of a paid one
 * back, and succeeds again when called again. A number without a trade succeeds too, but without `action`: nothing was
 * there, and nothing keeps a payment that is still on its way from coming.
 */
export const cancel: AlipayMethod = {
  name: 'alipay.trade.cancel',
  operation: 'reverse',
  takesBizContent: true,
  run(call, context) {
    const reference = tradeReference(call.biz);
    const trade = context.book.find(call.app, reference);
    if (!trade) return { fields: { out_trade_no: reference.out_trade_no, retry_flag: 'N' } };
    const numbers = { trade_no: trade.trade_no, out_trade_no: trade.out_trade_no };
    const done = trade.status === 'TRADE_CLOSED' ? closedBy(trade) : undefined;
    if (done) return { fields: { ...numbers, retry_flag: 'N', action: done } };
    refuseCancel(call, context, trade);
    if (asksForRetry(trade)) {
      context.book.putOffCancel(trade);
      return { fields: { ...numbers, retry_flag: 'Y' } };
    }
    return { fields: { ...numbers, retry_flag: 'N', action: context.book.cancel(trade).cancelled } };
  },
  refusalFields: (call) => ({ ...echoedOutTradeNo(call), retry_flag: 'N' }),
  systemErrorFields: { retry_flag: 'Y' },
};

/** What ended a trade, in this method's words; undefined for one that was paid and refunded by the refund interface. */
function closedBy(trade: Trade): 'close' | 'refund' | undefined {
  return trade.cancelled ?? (trade.paid_at_ms === undefined ? 'close' : undefined);
}

/** The reasons against it, in the order in which they are looked at. */
function refuseCancel({ app }: MethodCall, { book, ports }: MethodContext, trade: Trade): void {
  if (trade.status === 'TRADE_FINISHED') throw new BusinessRefusal('ACQ.TRADE_HAS_FINISHED');
  if (trade.paid_at_ms === undefined) return;
  if (trade.refunds.some((refund) => refund.state !== 'failed')) throw new BusinessRefusal('ACQ.CANCEL_NOT_ALLOWED');
  if (ports.now() >= trade.paid_at_ms + CANCELLABLE_MS) throw new BusinessRefusal('ACQ.TRADE_CANCEL_TIME_OUT');
  if (trade.total_fen > book.balance(app)) throw new BusinessRefusal('ACQ.SELLER_BALANCE_NOT_ENOUGH');
}

function asksForRetry(trade: Trade): boolean {
  const said = trade.subject.includes(CANCEL_RETRY) || (trade.body ?? '').includes(CANCEL_RETRY);
  return said && !trade.cancel_put_off;
}
