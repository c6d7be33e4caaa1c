import type { PayerAction, PendingPayment } from '../kernel/channel-simulator.ts';
import { ControlError } from '../kernel/control-error.ts';
import type { Journal } from '../kernel/journal.ts';
import type { SimulatorPorts } from '../kernel/ports.ts';
import type { AlipayApp } from './config.ts';
import type { TradeBook } from './trade-book.ts';
import type { PrecreatedCode, Trade } from './trade-records.ts';
import type { TradeStore } from './trade-store.ts';

/** What the wallet page lists at most. */
const PENDING_LIMIT = 50;

/** What `PendingPayment.state` says of a code that opened no trade yet; upstream has no name for it. */
export const NOT_SCANNED = 'NOT_SCANNED';

export interface WalletContext {
  readonly ports: Pick<SimulatorPorts, 'now'>;
  readonly journal: Journal;
  readonly apps: ReadonlyMap<string, AlipayApp>;
  readonly store: TradeStore;
  readonly book: TradeBook;
}

/** What a phone shows of a code; looking opens no trade. */
export function look(qr_code: string, context: WalletContext): PendingPayment | undefined {
  const code = context.store.code(qr_code);
  return code && describe(code, context.book.findByCode(code), context);
}

/**
 * The payer scans, which opens the trade, and acts. `cancel` and `wrong_password` leave it WAIT_BUYER_PAY: the buyer may
 * scan again.
 *
 * @throws ControlError 404 unknown code, 410 expired code, 409 a trade that is paid or closed
 */
export function scan(
  qr_code: string,
  action: PayerAction,
  { ports, journal, store, book }: WalletContext,
): { out_trade_no: string; state: string } {
  const code = store.code(qr_code);
  if (!code) throw new ControlError(404, 'no Alipay order has this code: was it made by another sandbox?');
  const existing = book.findByCode(code);
  if (!existing && ports.now() >= code.code_expires_at_ms) {
    throw new ControlError(410, 'the QR code has expired: place a new order');
  }
  if (existing && existing.status !== 'WAIT_BUYER_PAY') {
    const why = existing.paid_at_ms === undefined ? 'is closed' : 'is paid already';
    throw new ControlError(409, `the trade ${why} (${existing.status}): place a new order`);
  }
  return journal.atomically(() => {
    const trade = existing ?? book.open(code);
    const after = action === 'pay' ? book.pay(trade) : trade;
    return { out_trade_no: after.out_trade_no, state: after.status };
  });
}

/** Codes that can still be scanned or whose trade still waits: newest first, at most 50. */
export function pendingPayments(context: WalletContext): PendingPayment[] {
  const pending: PendingPayment[] = [];
  for (const code of context.store.codes().toReversed()) {
    if (pending.length === PENDING_LIMIT) break;
    const trade = context.book.findByCode(code);
    const waits = trade ? trade.status === 'WAIT_BUYER_PAY' : context.ports.now() < code.code_expires_at_ms;
    if (waits) pending.push(describe(code, trade, context));
  }
  return pending;
}

function describe(code: PrecreatedCode, trade: Trade | undefined, { apps }: WalletContext): PendingPayment {
  return {
    code: code.qr_code,
    out_trade_no: code.out_trade_no,
    amount: code.total_fen,
    description: code.subject,
    merchant_name: apps.get(code.app_id)?.config.seller_name ?? code.app_id,
    state: trade?.status ?? NOT_SCANNED,
    created_at_ms: code.created_at_ms,
    expires_at_ms: trade ? trade.expires_at_ms : code.code_expires_at_ms,
  };
}
