import { optionalText, requiredAmount, requiredText } from '../biz-content.ts';
import type { BizContent } from '../biz-content.ts';
import { BusinessRefusal } from '../business-refusal.ts';
import { newQrCode } from '../numbers.ts';
import { paymentDeadlines } from '../payment-deadlines.ts';
import type { PrecreatedCode } from '../trade-records.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod, MethodCall, MethodContext } from './method.ts';

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
    const wanted = readOrder(call, context);
    const { app } = call;
    const { store, book } = context;
    const earlier = store.codeOf(app.config.app_id, wanted.out_trade_no);
    const trade = book.find(app, { out_trade_no: wanted.out_trade_no });
    if (trade?.status === 'TRADE_CLOSED') throw new BusinessRefusal('ACQ.TRADE_HAS_CLOSE');
    if (trade && trade.status !== 'WAIT_BUYER_PAY') throw new BusinessRefusal('ACQ.TRADE_HAS_SUCCESS');
    if (earlier && earlier.context !== wanted.context) throw new BusinessRefusal('ACQ.CONTEXT_INCONSISTENT');
    if (earlier && (trade || context.ports.now() < earlier.code_expires_at_ms)) return codeFields(earlier);
    store.saveCode(wanted);
    return codeFields(wanted);
  },
  refusalFields: echoedOutTradeNo,
};

const codeFields = (code: PrecreatedCode) => ({ out_trade_no: code.out_trade_no, qr_code: code.qr_code });

function readOrder({ app, parameters, biz }: MethodCall, { ports }: MethodContext): PrecreatedCode {
  const out_trade_no = requiredText(biz, 'out_trade_no', 64);
  if (!/^[A-Za-z0-9_]+$/.test(out_trade_no)) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', 'out_trade_no');
  const total_fen = requiredAmount(biz, 'total_amount');
  const subject = requiredText(biz, 'subject', 256);
  // "不可使用特殊字符，如 /，=，& 等" (open/05osv9, subject).
  if (/[/=&]/.test(subject)) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', 'subject');
  const product_code = optionalText(biz, 'product_code', 64) ?? 'FACE_TO_FACE_PAYMENT';
  if (!['FACE_TO_FACE_PAYMENT', 'QR_CODE_OFFLINE'].includes(product_code)) {
    throw new BusinessRefusal('ACQ.INVALID_PARAMETER', 'product_code');
  }
  const seller_id = optionalText(biz, 'seller_id', 28);
  if (seller_id !== undefined && seller_id !== app.config.seller_id) throw new BusinessRefusal('ACQ.SELLER_NOT_EXIST');
  const body = optionalText(biz, 'body', 128);
  const store_id = optionalText(biz, 'store_id', 32);
  const passback_params = optionalText(biz, 'passback_params', 512);
  const notify_url = parameters.get('notify_url')?.trim() || undefined;
  const created_at_ms = ports.now();
  return {
    qr_code: newQrCode(ports),
    app_id: app.config.app_id,
    out_trade_no,
    total_fen,
    subject,
    ...(body === undefined ? {} : { body }),
    ...(store_id === undefined ? {} : { store_id }),
    ...(passback_params === undefined ? {} : { passback_params }),
    ...(notify_url === undefined ? {} : { notify_url }),
    context: orderContext(biz, total_fen),
    created_at_ms,
    ...paymentDeadlines(biz, created_at_ms),
  };
}

/** What must be the same when a number comes again: all of biz_content but its time limits, amounts by their value. */
function orderContext(biz: BizContent, total_fen: number): string {
  const limits = ['timeout_express', 'qr_code_timeout_express', 'time_expire'];
  const members = Object.entries(biz).filter(([name]) => !limits.includes(name) && name !== 'total_amount');
  return JSON.stringify([total_fen, ...members.sort(([left], [right]) => (left < right ? -1 : 1))]);
}
