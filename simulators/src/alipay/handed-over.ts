import type { PayerAction } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import { APP_PAY, openClientOrder } from './client-orders.ts';
import { payerActs, requireWaiting } from './payer.ts';
import { parametersOf } from './request-parameters.ts';
import type { Trade } from './trade-records.ts';
import { seen, verifiedOrder } from './wallet-refusals.ts';
import type { WalletContext } from './wallet.ts';

/** Whether a text is a trade_no, or an order string of alipay.trade.app.pay. */
export function ownsPrepay(text: string): boolean {
  return /^\d{28}$/.test(text) || isOrderString(text);
}

/**
 * The payer acts on an order that a page or an app has handed to the wallet. An order string opens its trade.
 * @throws ControlError 404 unknown trade_no, 409 paid or closed, 400 or 410 an order string that the wallet refuses
 */
export function payPrepay(
  text: string,
  action: PayerAction,
  context: WalletContext,
): { out_trade_no: string; state: string } {
  return context.journal.atomically(() => {
    const trade = isOrderString(text) ? openOrderString(text, context) : tradeOf(text, context);
    const after = payerActs(trade, action, context.book);
    return { out_trade_no: after.out_trade_no, state: after.status };
  });
}

/** Whether a text is what `tradePay` takes in the wallet's browser, or an order string. */
export function ownsInvocation(pay_info: string): boolean {
  return isOrderString(pay_info) || tradeNumberIn(pay_info) !== undefined;
}

/**
 * Checks what a merchant's client hands to the wallet, as the wallet does before it shows the payment: of `tradePay`
 * that the trade was made by alipay.trade.create, as its page demands of tradeNO, and waits; of an order string
 * (open/02e7gq) app, signature, required fields and time limit. The latter's trade comes into being.
 *
 * @throws ControlError with the wallet's reason: 400 form or signature, 404 unknown trade, 409 paid or closed, 410 expired
 */
export function invoke(pay_info: string, context: WalletContext): { out_trade_no: string; prepay_id: string } {
  const trade = context.journal.atomically(() =>
    isOrderString(pay_info) ? openOrderString(pay_info, context) : createdTrade(pay_info, context),
  );
  return { out_trade_no: trade.out_trade_no, prepay_id: trade.trade_no };
}

function isOrderString(text: string): boolean {
  return parametersOf(text).get('method') === APP_PAY.name;
}

function openOrderString(text: string, context: WalletContext): Trade {
  const call = verifiedOrder(parametersOf(text), APP_PAY, context);
  return seen(() => openClientOrder(call, APP_PAY, context));
}

function createdTrade(pay_info: string, context: WalletContext): Trade {
  const trade_no = tradeNumberIn(pay_info);
  if (typeof trade_no !== 'string') {
    throw new ControlError(400, 'the wallet refuses it: tradePay takes {"tradeNO":"…"}, the number as text');
  }
  const trade = tradeOf(trade_no, context);
  if (trade.placed_by !== 'create') {
    throw new ControlError(400, 'the wallet refuses it: tradePay takes trades of alipay.trade.create alone');
  }
  requireWaiting(trade);
  return trade;
}

function tradeOf(trade_no: string, { store, book }: WalletContext): Trade {
  const trade = store.trade(trade_no);
  if (!trade) throw new ControlError(404, 'no Alipay trade has this trade_no: was it made by another sandbox?');
  return book.refresh(trade);
}

/** @returns the member tradeNO of a JSON object; undefined for any other text */
function tradeNumberIn(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'tradeNO' in parsed ? parsed.tradeNO : undefined;
  } catch {
    return undefined;
  }
}
