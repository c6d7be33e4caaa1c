import { optionalText } from '../biz-content.ts';
import { BusinessRefusal } from '../business-refusal.ts';
import { productCode, readOrder, repeatedTrade } from '../order-fields.ts';
import { FACE_TO_FACE_TIMEOUT_MS, paymentDeadline } from '../payment-deadlines.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod, MethodCall } from './method.ts';

const PRODUCT = { allowed: ['FACE_TO_FACE_PAYMENT', 'JSAPI_PAY'], default: 'FACE_TO_FACE_PAYMENT' };

/**
 * alipay.trade.create (opendocs.alipay.com/open/02ekfj): a trade for a buyer who is known already, to be paid in the
 * wallet by its trade_no. The same order again answers the same trade_no.
 */
export const create: AlipayMethod = {
  name: 'alipay.trade.create',
  operation: 'pay',
  takesBizContent: true,
  run(call, context) {
    const content = readOrder(call, 'create', PRODUCT);
    checkBuyer(call);
    const trade =
      repeatedTrade(content, call, context.book) ??
      context.book.open({
        ...content,
        placed_by: 'create',
        trade_expires_at_ms: paymentDeadline(call.biz, context.ports.now(), FACE_TO_FACE_TIMEOUT_MS),
      });
    return { fields: { out_trade_no: trade.out_trade_no, trade_no: trade.trade_no } };
  },
  refusalFields: echoedOutTradeNo,
};

/** Either way of naming the buyer will do; a mini program's order also says which program (op_app_id). */
function checkBuyer({ biz }: MethodCall): void {
  const op_app_id = optionalText(biz, 'op_app_id', 32);
  if (productCode(biz, PRODUCT) === 'JSAPI_PAY' && op_app_id === undefined) {
    throw new BusinessRefusal('ACQ.INVALID_PARAMETER', '缺少op_app_id');
  }
  const buyer_id = optionalText(biz, 'buyer_id', 28);
  const open_id = optionalText(biz, 'buyer_open_id', 128);
  if (buyer_id === undefined && open_id === undefined) {
    throw new BusinessRefusal('ACQ.INVALID_PARAMETER', '缺少buyer_id或buyer_open_id');
  }
  const known = (buyer_id === undefined || USER_ID.test(buyer_id)) && (open_id === undefined || OPEN_ID.test(open_id));
  if (!known) throw new BusinessRefusal('ACQ.BUYER_NOT_EXIST');
}

/** Everybody of the right form is the one payer; twelve zeros are nobody, so that a person can see a buyer refused. */
const USER_ID = /^2088(?!0{12}$)\d{12}$/;
const OPEN_ID = /^[\w-]{20,128}$/;
