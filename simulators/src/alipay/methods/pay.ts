import type { NodeFields, NodeHead } from '../answers.ts';
import { requiredText } from '../biz-content.ts';
import { BusinessRefusal } from '../business-refusal.ts';
import { chinaTime } from '../china-time.ts';
import type { AlipayConfig } from '../config.ts';
import { yuan } from '../money.ts';
import { readOrder, repeatedTrade } from '../order-fields.ts';
import { FACE_TO_FACE_TIMEOUT_MS, paymentDeadline } from '../payment-deadlines.ts';
import type { OrderContent, PasswordDecision, Trade, TradeOrder } from '../trade-records.ts';
import { echoedOutTradeNo } from './method.ts';
import type { AlipayMethod, MethodCall, MethodContext, MethodOutcome } from './method.ts';

/** How long the payer takes to enter the password, or to give up, when nobody acts on the phone. */
export const PASSWORD_MS = 8000;

const PRODUCT = { allowed: ['FACE_TO_FACE_PAYMENT'], default: 'FACE_TO_FACE_PAYMENT' };

/** "等待用户付款": the payment is under way, and the query tells how it ends (open/02ekfp, 公共响应参数). */
const WAITING: NodeHead = { code: '10003', msg: 'order success pay inprocess' };

/**
 * alipay.trade.pay (opendocs.alipay.com/open/02ekfp): the till presents the payer's code. Looked at in this order: the
 * fields; whether the number has a trade already (while that waits for the password the same request is answered 10003
 * again, any other ACQ.CONTEXT_INCONSISTENT); the code, which is then used up.
 */
export const pay: AlipayMethod = {
  name: 'alipay.trade.pay',
  operation: 'pay',
  takesBizContent: true,
  run(call, context) {
    const { content, auth_code } = readPayment(call);
    const earlier = repeatedTrade(content, call, context.book);
    if (earlier) return waiting(earlier, context.config);
    const trade_expires_at_ms = paymentDeadline(call.biz, context.ports.now(), FACE_TO_FACE_TIMEOUT_MS);
    const order: TradeOrder = { ...content, placed_by: 'pay', trade_expires_at_ms };
    // What is no payment code at all, another wallet's for example, gets the same refusal as an unknown one.
    const behaviour = context.auth_codes.take(auth_code);
    switch (behaviour) {
      case 'pay':
        return payNow(order, context);
      case 'timeout_but_paid':
        return { ...payNow(order, context), silent: true };
      case 'timeout_not_paid':
        return { fields: {}, silent: true };
      case 'password_then_pay':
        return waiting(open(order, context, 'pay'), context.config);
      case 'password_then_cancel':
        return waiting(open(order, context, 'cancel'), context.config);
      case 'insufficient':
        throw new BusinessRefusal('ACQ.BUYER_BALANCE_NOT_ENOUGH');
      case 'expired':
      case undefined:
        throw new BusinessRefusal('ACQ.PAYMENT_AUTH_CODE_INVALID');
    }
  },
  refusalFields: (call) => ({
    ...echoedOutTradeNo(call),
    buyer_pay_amount: '0.00',
    invoice_amount: '0.00',
    point_amount: '0.00',
    receipt_amount: '0.00',
  }),
};

function readPayment(call: MethodCall): { content: OrderContent; auth_code: string } {
  const content = readOrder(call, 'pay', PRODUCT);
  if (requiredText(call.biz, 'scene', 32) !== 'bar_code') throw new BusinessRefusal('ACQ.INVALID_PARAMETER', 'scene');
  return { content, auth_code: requiredText(call.biz, 'auth_code', 64) };
}

function open(order: TradeOrder, { ports, book }: MethodContext, outcome: PasswordDecision['outcome']): Trade {
  return book.open({ ...order, password: { at_ms: ports.now() + PASSWORD_MS, outcome } });
}

function payNow(order: TradeOrder, { book, config }: MethodContext): MethodOutcome {
  const trade = book.pay(book.open(order));
  const amount = yuan(trade.total_fen);
  return {
    fields: {
      ...tradeFields(trade, config),
      buyer_pay_amount: amount,
      invoice_amount: amount,
      receipt_amount: amount,
      point_amount: '0.00',
      gmt_payment: chinaTime(trade.paid_at_ms ?? trade.created_at_ms),
      fund_bill_list: [{ amount, fund_channel: 'ALIPAYACCOUNT' }],
    },
  };
}

function waiting(trade: Trade, config: AlipayConfig): MethodOutcome {
  return { head: WAITING, fields: tradeFields(trade, config) };
}

function tradeFields(trade: Trade, config: AlipayConfig): NodeFields {
  return {
    trade_no: trade.trade_no,
    out_trade_no: trade.out_trade_no,
    buyer_logon_id: config.buyer.logon_id,
    buyer_user_id: config.buyer.user_id,
    total_amount: yuan(trade.total_fen),
  };
}
