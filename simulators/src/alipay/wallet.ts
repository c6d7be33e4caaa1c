import type { PayerAction, PendingPayment } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Journal } from '../kernel/journal.ts';
import { openClientOrder, WAP_PAY } from './client-orders.ts';
import { webAddress } from './html.ts';
import type { MethodContext } from './methods/method.ts';
import { QR_CODE_ORIGIN } from './numbers.ts';
import { readOrder } from './order-fields.ts';
import { payerActs } from './payer.ts';
import { CLIENT_TIMEOUT_MS, paymentDeadline } from './payment-deadlines.ts';
import { parametersOf } from './request-parameters.ts';
import type { Parameters } from './signing.ts';
import { isScanned } from './trade-records.ts';
import type { PrecreatedCode, Trade } from './trade-records.ts';
import { seen, verifiedOrder } from './wallet-refusals.ts';

/** What the wallet page lists at most. */
const PENDING_LIMIT = 50;

/** What `PendingPayment.state` says of a code that opened no trade yet; upstream has no name for it. */
export const NOT_SCANNED = 'NOT_SCANNED';

/** How a phone finds a trade that has no QR code. The form is the sandbox's own: upstream pushes it to the phone. */
const PHONE_ORDER = 'alipays://platformapi/startapp?tradeNO=';

export interface WalletContext extends MethodContext {
  readonly journal: Journal;
}

/** Whether a phone would take a scanned text for one of Alipay's: a QR code, a waiting trade, or a signed wap URL. */
export function ownsCode(code: string): boolean {
  return code.startsWith(QR_CODE_ORIGIN) || code.startsWith(PHONE_ORDER) || wapParameters(code) !== undefined;
}

/**
 * What a phone shows of a code; looking opens no trade.
 * @throws ControlError 400 or 410 for a wap URL that the wallet would not open
 */
export function look(code: string, context: WalletContext): PendingPayment | undefined {
  const parameters = wapParameters(code);
  if (parameters) return lookAtUrl(code, parameters, context);
  const trade = tradeOnPhone(code, context);
  if (trade) return describe(code, trade, context);
  const precreated = context.store.code(code);
  return precreated && describeCode(precreated, context.book.findByCode(precreated), context);
}

/**
 * The payer scans, which opens the trade, and acts as `payerActs` says.
 *
 * @throws ControlError 404 unknown code, 410 expired code, 409 a trade that is paid or closed, 400 a wap URL that does
 *   not verify
 */
export function scan(
  code: string,
  action: PayerAction,
  context: WalletContext,
): { out_trade_no: string; state: string } {
  return context.journal.atomically(() => {
    const after = payerActs(openedBy(code, context), action, context.book);
    return { out_trade_no: after.out_trade_no, state: after.status };
  });
}

/**
 * Codes that can still be scanned and trades that still wait: newest first, at most 50. A trade that was opened by
 * scanning is listed under its QR code.
 */
export function pendingPayments(context: WalletContext): PendingPayment[] {
  const codes = context.store.codes();
  const trades = context.store.trades();
  const pending: PendingPayment[] = [];
  while (pending.length < PENDING_LIMIT) {
    const code = codes.at(-1);
    const trade = trades.at(-1);
    if (!code && !trade) break;
    const next =
      code && (!trade || code.created_at_ms >= trade.created_at_ms)
        ? codes.pop() && pendingCode(code, context)
        : trades.pop() && trade && pendingTrade(trade, context);
    if (next) pending.push(next);
  }
  return pending;
}

function openedBy(code: string, context: WalletContext): Trade {
  const parameters = wapParameters(code);
  if (parameters) {
    const call = verifiedOrder(parameters, WAP_PAY, context);
    return seen(() => openClientOrder(call, WAP_PAY, context));
  }
  const onPhone = tradeOnPhone(code, context);
  if (onPhone) return onPhone;
  const precreated = context.store.code(code);
  if (!precreated) throw new ControlError(404, 'no Alipay order has this code: was it made by another sandbox?');
  const existing = context.book.findByCode(precreated);
  if (!existing && context.ports.now() >= precreated.code_expires_at_ms) {
    throw new ControlError(410, 'the QR code has expired: place a new order');
  }
  if (existing && !isScanned(existing)) {
    throw new ControlError(409, `the number of this order was used by another (${existing.status}): place a new order`);
  }
  return existing ?? context.book.openCode(precreated);
}

function pendingCode(code: PrecreatedCode, context: WalletContext): PendingPayment | undefined {
  const trade = context.book.findByCode(code);
  const waits = trade
    ? trade.status === 'WAIT_BUYER_PAY' && isScanned(trade)
    : context.ports.now() < code.code_expires_at_ms;
  return waits ? describeCode(code, trade, context) : undefined;
}

function pendingTrade(saved: Trade, context: WalletContext): PendingPayment | undefined {
  if (isScanned(saved) || saved.status !== 'WAIT_BUYER_PAY') return undefined;
  const trade = context.book.refresh(saved);
  const code = `${PHONE_ORDER}${trade.trade_no}`;
  return trade.status === 'WAIT_BUYER_PAY' ? describe(code, trade, context) : undefined;
}

function tradeOnPhone(code: string, { store, book }: WalletContext): Trade | undefined {
  if (!code.startsWith(PHONE_ORDER)) return undefined;
  const trade = store.trade(code.slice(PHONE_ORDER.length));
  return trade && book.refresh(trade);
}

/** @returns the parameters of a signed alipay.trade.wap.pay URL; undefined for any other text */
function wapParameters(code: string): Parameters | undefined {
  const url = webAddress(code);
  if (!url?.pathname.endsWith('/gateway.do')) return undefined;
  const parameters = parametersOf(url.search.slice(1));
  return parameters.get('method') === WAP_PAY.name ? parameters : undefined;
}

function lookAtUrl(code: string, parameters: Parameters, context: WalletContext): PendingPayment {
  const call = verifiedOrder(parameters, WAP_PAY, context);
  return seen(() => {
    const order = readOrder(call, WAP_PAY.placed_by, WAP_PAY.product);
    const trade = context.book.find(call.app, { out_trade_no: order.out_trade_no });
    if (trade) return describe(code, trade, context);
    const now = context.ports.now();
    const limits = { created_at_ms: now, expires_at_ms: paymentDeadline(call.biz, now, CLIENT_TIMEOUT_MS) };
    return describe(code, { ...order, ...limits, status: NOT_SCANNED }, context);
  });
}

function describeCode(code: PrecreatedCode, trade: Trade | undefined, context: WalletContext): PendingPayment {
  const { created_at_ms } = code;
  const [status, expires_at_ms] = trade ? [trade.status, trade.expires_at_ms] : [NOT_SCANNED, code.code_expires_at_ms];
  return describe(code.qr_code, { ...code, created_at_ms, expires_at_ms, status }, context);
}

function describe(
  code: string,
  order: Pick<Trade, 'app_id' | 'out_trade_no' | 'total_fen' | 'subject' | 'created_at_ms' | 'expires_at_ms'> & {
    readonly status: string;
  },
  { apps }: WalletContext,
): PendingPayment {
  return {
    code,
    out_trade_no: order.out_trade_no,
    amount: order.total_fen,
    description: order.subject,
    merchant_name: apps.get(order.app_id)?.config.seller_name ?? order.app_id,
    state: order.status,
    created_at_ms: order.created_at_ms,
    expires_at_ms: order.expires_at_ms,
  };
}
