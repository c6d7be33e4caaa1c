/** trade_status (opendocs.alipay.com/open/02ekfq). */
export type TradeStatus = 'WAIT_BUYER_PAY' | 'TRADE_CLOSED' | 'TRADE_SUCCESS' | 'TRADE_FINISHED';

/** How an order was placed. It decides what the merchant is told of by callback and what the payer sees. */
export type PlacedBy = 'precreate' | 'pay' | 'create' | 'wap' | 'app';

/** What a merchant says of an order, however it is placed. */
export interface OrderContent {
  readonly app_id: string;
  readonly out_trade_no: string;
  readonly total_fen: number;
  readonly subject: string;
  readonly body?: string;
  readonly store_id?: string;
  readonly passback_params?: string;
  readonly notify_url?: string;
  /** The request's content without its time limits; the same number with another context is refused. */
  readonly context: string;
}

/** What alipay.trade.precreate leaves behind: a QR code, and no trade until it is scanned. */
export interface PrecreatedCode extends OrderContent {
  readonly qr_code: string;
  readonly created_at_ms: number;
  /** After this the code opens no trade any more. */
  readonly code_expires_at_ms: number;
  /** After this a trade opened from the code is closed unpaid. */
  readonly trade_expires_at_ms: number;
}

/** What a trade begins with. */
export interface TradeOrder extends OrderContent {
  readonly placed_by: PlacedBy;
  readonly trade_expires_at_ms: number;
  readonly password?: PasswordDecision;
  readonly return_url?: string;
  readonly quit_url?: string;
}

/** What the payer does by themself when asked for the password, unless somebody acts on the phone before. */
export interface PasswordDecision {
  readonly at_ms: number;
  readonly outcome: 'pay' | 'cancel';
}

export interface Trade extends Omit<OrderContent, 'context'> {
  readonly trade_no: string;
  /** Absent in journals of the time when all orders were precreated; so is `context`. */
  readonly placed_by?: PlacedBy;
  readonly context?: string;
  readonly status: TradeStatus;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
  readonly paid_at_ms?: number;
  readonly closed_at_ms?: number;
  readonly password?: PasswordDecision;
  /** Where the wap page sends the payer after the payment, and when they give up. */
  readonly return_url?: string;
  readonly quit_url?: string;
  /** What alipay.trade.cancel did; the refund of a paid trade is in `refunds`, under the trade's own number. */
  readonly cancelled?: 'close' | 'refund';
  /** Whether alipay.trade.cancel has asked once to be called again. */
  readonly cancel_put_off?: true;
  /** In the order of their first request. */
  readonly refunds: readonly Refund[];
}

export interface Refund {
  readonly out_request_no: string;
  readonly amount_fen: number;
  readonly reason?: string;
  readonly state: 'success' | 'pending' | 'failed';
  readonly requested_at_ms: number;
  /** When the money left the seller; absent unless `success`. */
  readonly succeeded_at_ms?: number;
  /** For `pending`: when it is decided, and how. */
  readonly decision?: { readonly at_ms: number; readonly outcome: 'success' | 'failed' };
}

/** @returns whether the trade was opened by scanning a precreated QR code */
export function isScanned(trade: Trade): boolean {
  return (trade.placed_by ?? 'precreate') === 'precreate';
}

/** @returns fen that have gone back to the buyer */
export function refundedFen(trade: Trade): number {
  return sumOf(trade.refunds, 'success');
}

/** @returns fen that have gone back or may still: the rest can be refunded */
export function reservedFen(trade: Trade): number {
  return refundedFen(trade) + sumOf(trade.refunds, 'pending');
}

function sumOf(refunds: readonly Refund[], state: Refund['state']): number {
  return refunds.filter((refund) => refund.state === state).reduce((sum, refund) => sum + refund.amount_fen, 0);
}
