import { optionalText, requiredAmount, requiredText } from './biz-content.ts';
import type { BizContent } from './biz-content.ts';
import { BusinessRefusal } from './business-refusal.ts';
import type { MethodCall } from './methods/method.ts';
import type { TradeBook } from './trade-book.ts';
import type { OrderContent, PlacedBy, Trade } from './trade-records.ts';

/** The product codes that a method takes. */
export interface ProductRule {
  readonly allowed: readonly string[];
  /** Taken when the request names none; absent: it must name one. */
  readonly default?: string;
}

/**
 * What every method that places an order says of it: the same members with the same limits (业务请求参数 of
 * alipay.trade.precreate, .pay, .create, .wap.pay and .app.pay).
 *
 * @throws BusinessRefusal ACQ.INVALID_PARAMETER, ACQ.TOTAL_FEE_EXCEED or ACQ.SELLER_NOT_EXIST
 */
export function readOrder(
  { app, parameters, biz }: MethodCall,
  placed_by: PlacedBy,
  product: ProductRule,
): OrderContent {
  const out_trade_no = requiredText(biz, 'out_trade_no', 64);
  if (!/^[A-Za-z0-9_]+$/.test(out_trade_no)) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', 'out_trade_no');
  const total_fen = requiredAmount(biz, 'total_amount');
  const subject = requiredText(biz, 'subject', 256);
  // "不可使用特殊字符，如 /，=，& 等" (open/05osv9, subject).
  if (/[/=&]/.test(subject)) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', 'subject');
  productCode(biz, product);
  const seller_id = optionalText(biz, 'seller_id', 28);
  if (seller_id !== undefined && seller_id !== app.config.seller_id) throw new BusinessRefusal('ACQ.SELLER_NOT_EXIST');
  const body = optionalText(biz, 'body', 128);
  const store_id = optionalText(biz, 'store_id', 32);
  const passback_params = optionalText(biz, 'passback_params', 512);
  const notify_url = parameters.get('notify_url')?.trim() || undefined;
  return {
    app_id: app.config.app_id,
    out_trade_no,
    total_fen,
    subject,
    ...(body === undefined ? {} : { body }),
    ...(store_id === undefined ? {} : { store_id }),
    ...(passback_params === undefined ? {} : { passback_params }),
    ...(notify_url === undefined ? {} : { notify_url }),
    context: orderContext(biz, total_fen, placed_by),
  };
}

/**
 * @returns the product code that counts for a request
 * @throws BusinessRefusal ACQ.INVALID_PARAMETER when it is missing or not one of the method's
 */
export function productCode(biz: BizContent, product: ProductRule): string {
  const code = optionalText(biz, 'product_code', 64) ?? product.default;
  if (code === undefined) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', '缺少product_code');
  if (!product.allowed.includes(code)) throw new BusinessRefusal('ACQ.INVALID_PARAMETER', 'product_code');
  return code;
}

/**
 * The trade that the number of a new order already has, when the order may be placed again: it waits for its buyer, and
 * the order is the same. The state is looked at first, then the content.
 *
 * @throws BusinessRefusal ACQ.TRADE_HAS_SUCCESS, ACQ.TRADE_HAS_CLOSE or ACQ.CONTEXT_INCONSISTENT
 */
export function repeatedTrade(wanted: OrderContent, { app }: MethodCall, book: TradeBook): Trade | undefined {
  const trade = book.find(app, { out_trade_no: wanted.out_trade_no });
  if (!trade) return undefined;
  if (trade.status === 'TRADE_CLOSED') throw new BusinessRefusal('ACQ.TRADE_HAS_CLOSE');
  if (trade.status !== 'WAIT_BUYER_PAY') throw new BusinessRefusal('ACQ.TRADE_HAS_SUCCESS');
  if (trade.context !== undefined && trade.context !== wanted.context) {
    throw new BusinessRefusal('ACQ.CONTEXT_INCONSISTENT');
  }
  return trade;
}

/**
 * What must be the same when a number comes again: the method, and all of biz_content but its time limits, amounts by
 * their value.
 */
function orderContext(biz: BizContent, total_fen: number, placed_by: PlacedBy): string {
  const limits = ['timeout_express', 'qr_code_timeout_express', 'time_expire'];
  const members = Object.entries(biz).filter(([name]) => !limits.includes(name) && name !== 'total_amount');
  const sorted = members.sort(([left], [right]) => (left < right ? -1 : 1));
  // Journals hold the context of precreated codes without the method's name.
  return JSON.stringify([total_fen, ...sorted, ...(placed_by === 'precreate' ? [] : [placed_by])]);
}
