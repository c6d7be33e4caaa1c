import { BusinessRefusal } from '../business-refusal.ts';
import { newQrCode } from '../numbers.ts';
import { readOrder, repeatedTrade } from '../order-fields.ts';
import { paymentDeadlines } from '../payment-deadlines.ts';
import type { PrecreatedCode } from '../trade-records.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod } from './method.ts';

const PRODUCT = { allowed: ['FACE_TO_FACE_PAYMENT', 'QR_CODE_OFFLINE'], default: 'FACE_TO_FACE_PAYMENT' };

/**
 * alipay.trade.precreate (opendocs.alipay.com/open/05osv9): a QR code for one order. No trade exists until it is scanned.
 * The same number with the same content answers the same code again while that is valid, with other content
 * ACQ.CONTEXT_INCONSISTENT.
 */
export const precreate: AlipayMethod = {
  name: 'alipay.trade.precreate',
  operation: 'pay',
  takesBizContent: true,
  run(call, context) {
    const { store, book, ports } = context;
    const order = readOrder(call, 'precreate', PRODUCT);
    const now = ports.now();
    const earlier = store.codeOf(call.app.config.app_id, order.out_trade_no);
    const trade = repeatedTrade(order, call, book);
    if (earlier && earlier.context !== order.context) throw new BusinessRefusal('ACQ.CONTEXT_INCONSISTENT');
    if (earlier && (trade || now < earlier.code_expires_at_ms)) return { fields: codeFields(earlier) };
    const code = {
      qr_code: newQrCode(ports),
      ...order,
      created_at_ms: now,
      ...paymentDeadlines(call.biz, now),
    };
    store.saveCode(code);
    return { fields: codeFields(code) };
  },
  refusalFields: echoedOutTradeNo,
};

const codeFields = (code: PrecreatedCode) => ({ out_trade_no: code.out_trade_no, qr_code: code.qr_code });
