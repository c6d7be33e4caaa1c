/** What Alipay tells about a paid trade, out of an answer or a callback: they use different names for the same. */
import { yuanToFen } from '../../domain/money.ts';
import type { PaymentFacts } from '../channel.ts';
import type { JsonObject } from '../json.ts';
import { objectsIn, textAt } from './json.ts';
import { parseTime } from './time.ts';

/**
 * @param identity what the message says, or proves, about whose trade it is
 * @param refunded whether the message says that money has gone back
 * @returns null when the trade's number or amount is missing: a success that does not say how much is not a success
 */
export function paymentFacts(
  message: JsonObject,
  identity: Readonly<Record<string, string>>,
  refunded: boolean,
): PaymentFacts | null {
  const transaction_id = textAt(message, 'trade_no');
  const amount_fen = yuanToFen(textAt(message, 'total_amount') ?? '');
  if (!transaction_id || amount_fen === null) return null;
  // Query: send_pay_date, "本次交易打款给卖家的时间". Payment codes and callbacks: gmt_payment, "买家付款时间".
  const paid_at = textAt(message, 'send_pay_date') ?? textAt(message, 'gmt_payment');
  return {
    transaction_id,
    amount_fen,
    // Named only for trades priced in another currency.
    currency: textAt(message, 'trans_currency') ?? 'CNY',
    identity,
    paid_at_ms: paid_at === null ? null : parseTime(paid_at),
    details: paymentDetails(message),
    refunded,
  };
}

/**
 * Whose trade an answer of ours is about. It names no application, but the question carried our number and our signature; the
 * seller is compared when it is told.
 */
export function answerIdentity(app_id: string, node: JsonObject): Readonly<Record<string, string>> {
  const seller_id = textAt(node, 'seller_id');
  return seller_id ? { app_id, seller_id } : { app_id };
}

/** What the merchant's notification passes on, under the names of our API. */
function paymentDetails(message: JsonObject): Readonly<Record<string, string>> {
  const cash_fen = yuanToFen(textAt(message, 'buyer_pay_amount') ?? '');
  const told = {
    // fund_bill_list: a list with fund_channel in answers, a JSON text with fundChannel in callbacks. A payer may use several.
    bank_type: [...new Set(objectsIn(message['fund_bill_list']).flatMap(fundChannel))].join(','),
    cash_fee: cash_fen === null ? null : String(cash_fen),
    fee_type: cash_fen === null ? null : (textAt(message, 'pay_currency') ?? 'CNY'),
    // buyer_user_id in answers, buyer_id in callbacks; newer applications see only buyer_open_id.
    openid: textAt(message, 'buyer_user_id') ?? textAt(message, 'buyer_id') ?? textAt(message, 'buyer_open_id'),
  };
  const details: Record<string, string> = {};
  for (const [name, value] of Object.entries(told)) if (value) details[name] = value;
  return details;
}

function fundChannel(bill: JsonObject): readonly string[] {
  const channel = textAt(bill, 'fund_channel') ?? textAt(bill, 'fundChannel');
  return channel ? [channel] : [];
}

/** Whether a yuan amount is there and more than nothing: Alipay writes "0.00" as well as leaving amounts out. */
export function isPositive(yuan: string | null): boolean {
  return (yuanToFen(yuan ?? '') ?? 0) > 0;
}
