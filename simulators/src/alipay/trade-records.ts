/** trade_status (opendocs.alipay.com/open/02ekfq). */
export type TradeStatus = 'WAIT_BUYER_PAY' | 'TRADE_CLOSED' | 'TRADE_SUCCESS' | 'TRADE_FINISHED';

/** What alipay.trade.precreate leaves behind: a QR code, and no trade until it is scanned. */
export interface PrecreatedCode {
  readonly qr_code: string;
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
  readonly created_at_ms: number;
  /** After this the code opens no trade any more. */
  readonly code_expires_at_ms: number;
  /** After this a trade opened from the code is closed unpaid. */
  readonly trade_expires_at_ms: number;
}

export interface Trade {
  readonly trade_no: string;
  readonly out_trade_no: string;
  readonly app_id: string;
  readonly status: TradeStatus;
  readonly total_fen: number;
  readonly subject: string;
  readonly body?: string;
  readonly store_id?: string;
  readonly passback_params?: string;
  readonly notify_url?: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
  readonly paid_at_ms?: number;
  readonly closed_at_ms?: number;
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
