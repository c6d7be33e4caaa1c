/** Asks for an order by our number (doc 4013070356), and reads the order object, which callbacks carry as well. */
import { fen } from '../../domain/money.ts';
import { hasPaymentCode } from '../../domain/order.ts';
import type { OrderReference, PaymentFacts, PaymentReport } from '../channel.ts';
import type { WechatClient } from './client.ts';
import type { WechatAccount } from './config.ts';
import { integerAt, objectAt, textAt, type JsonObject } from '../json.ts';
import { merchantNumbers, orderPath } from './party.ts';
import { codeOf, messageOf, unknown } from './status-map.ts';

/** Asks WeChat Pay what became of an order. A refused question decides nothing and is `unknown`. */
export async function queryOrder(
  client: WechatClient,
  account: WechatAccount,
  order: OrderReference,
): Promise<PaymentReport> {
  const numbers = new URLSearchParams(merchantNumbers(account, order.merchant_params)).toString();
  const answer = await client.call('GET', `${orderPath(account, order.out_trade_no)}?${numbers}`, null);
  if (answer.outcome !== 'verified') return answer;
  if (answer.status === 200 && answer.json) {
    // A signature does not say which question it answers: a genuine answer about another order may be a replay.
    if (answer.json['out_trade_no'] !== order.out_trade_no) {
      return { outcome: 'unknown', reason: 'other_order', raw: answer.text };
    }
    const report = readOrder(answer.json, answer.text);
    // Only payment codes can be reversed; whoever pays in another way may simply try again.
    return report.outcome === 'pay_error' && !hasPaymentCode(order) ? { ...report, outcome: 'waiting' } : report;
  }
  if (codeOf(answer) === 'ORDERNOTEXIST') {
    return { outcome: 'not_found', message: messageOf(answer), raw: answer.text };
  }
  return unknown(answer);
}

/**
 * The state of an order object (enumeration trade_state, doc 4013070356).
 * @param raw the text it was read from, for the timeline
 */
export function readOrder(order: JsonObject, raw: string): PaymentReport {
  const state = textAt(order, 'trade_state') ?? '';
  const message = textAt(order, 'trade_state_desc') ?? state;
  switch (state) {
    case 'SUCCESS':
      return paid(order, false, raw);
    case 'REFUND':
      // 转入退款: it was paid, and some or all of it has gone back since.
      return paid(order, true, raw);
    case 'NOTPAY':
    case 'USERPAYING':
    case 'ACCEPT':
      return { outcome: 'waiting', message, raw };
    case 'PAYERROR':
      // The payment failed, yet the vendor asks for a reverse before the order counts as over.
      return { outcome: 'pay_error', message, raw };
    case 'CLOSED':
      return { outcome: 'closed', message, raw };
    case 'REVOKED':
      return { outcome: 'reversed', message, raw };
    default:
      return { outcome: 'unknown', reason: 'not_understood', raw };
  }
}

function paid(order: JsonObject, refunded: boolean, raw: string): PaymentReport {
  const facts = paymentFacts(order, refunded);
  return facts ? { outcome: 'paid', facts, raw } : { outcome: 'unknown', reason: 'not_understood', raw };
}

const IDENTITY = ['appid', 'mchid', 'sp_appid', 'sp_mchid', 'sub_appid', 'sub_mchid'] as const;

/** Null when the number or the amount is missing: a success that does not say how much is not a success. */
function paymentFacts(order: JsonObject, refunded: boolean): PaymentFacts | null {
  const amount = objectAt(order, 'amount');
  const transaction_id = textAt(order, 'transaction_id');
  const total_fen = integerAt(amount, 'total');
  if (!transaction_id || total_fen === null) return null;
  const identity: Record<string, string> = {};
  for (const name of IDENTITY) {
    const value = textAt(order, name);
    if (value) identity[name] = value;
  }
  const paid_at_ms = Date.parse(textAt(order, 'success_time') ?? '');
  return {
    transaction_id,
    amount_fen: fen(total_fen),
    currency: textAt(amount, 'currency') ?? 'CNY',
    identity,
    paid_at_ms: Number.isNaN(paid_at_ms) ? null : paid_at_ms,
    details: paymentDetails(order, amount),
    refunded,
  };
}

/** What the merchant's notification passes on, under the names of our API. */
function paymentDetails(order: JsonObject, amount: JsonObject | null): Readonly<Record<string, string>> {
  const payer = objectAt(order, 'payer');
  const cash_fee = integerAt(amount, 'payer_total');
  const told = {
    bank_type: textAt(order, 'bank_type'),
    cash_fee: cash_fee === null ? null : String(cash_fee),
    fee_type: textAt(amount, 'payer_currency'),
    openid: textAt(payer, 'openid') ?? textAt(payer, 'sp_openid'),
    sub_openid: textAt(payer, 'sub_openid'),
  };
  const details: Record<string, string> = {};
  for (const [name, value] of Object.entries(told)) if (value) details[name] = value;
  return details;
}
