/**
 * A refund and the one decision about it. The amount is reserved on the order, under its row lock, before the channel is
 * called, and stays reserved until the channel has decided.
 *
 *   undecided ──succeeded──▶ succeeded   reserved → refunded           refund_status 0
 *   undecided ──processing─▶ processing  stays reserved                refund_status 1
 *   undecided|processing ──refused by the channel──▶ refused  released refund_status 2, same number may be sent again
 *   undecided|processing ──closed at the channel──▶ closed    released refund_status 2, same number may be sent again
 *   undecided|processing ──abnormal──▶ abnormal  stays reserved, a person must act refund_status 3
 *   abnormal ──succeeded──▶ succeeded, abnormal ──closed──▶ closed
 *   refused|closed ──submitted again by the merchant──▶ undecided  reserved anew
 */
import type { Fen } from './money.ts';

export type RefundState = 'undecided' | 'processing' | 'succeeded' | 'refused' | 'closed' | 'abnormal';

export interface Refund {
  readonly merchant_id: string;
  readonly refund_id: string;
  readonly trade_id: string;
  /** Null for a refund that Heliu makes on its own (a late payment). */
  readonly mch_refund_id: string | null;
  readonly refund_fen: Fen;
  readonly refund_desc: string;
  readonly notify_url: string | null;
  readonly request_hash: string;
  readonly created_at_ms: number;
  // What changes:
  readonly version: number;
  readonly state: RefundState;
  /** The number the channel knows: refund_id, or a new one after the channel closed the first. */
  readonly channel_refund_no: string;
  readonly channel_refund_id: string | null;
  readonly channel_message: string;
  readonly calling_until_ms: number;
  readonly check_count: number;
  readonly decided_at_ms: number | null;
  readonly updated_at_ms: number;
}

export type RefundEvent =
  | { readonly kind: 'succeeded'; readonly channel_refund_id: string | null }
  | { readonly kind: 'processing'; readonly channel_refund_id: string | null; readonly message: string }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'closed'; readonly message: string }
  | { readonly kind: 'abnormal'; readonly message: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export type RefundChanges = Partial<
  Pick<
    Refund,
    | 'state'
    | 'channel_refund_no'
    | 'channel_refund_id'
    | 'channel_message'
    | 'calling_until_ms'
    | 'check_count'
    | 'decided_at_ms'
  >
>;

export interface RefundDecision {
  readonly changes: RefundChanges | null;
  readonly timeline: string;
  /** What happens to the reserved amount. */
  readonly money: 'keep' | 'refunded' | 'released';
  /** The merchant is told each outcome, once it is known. */
  readonly notify: boolean;
  readonly exception: {
    readonly kind: string;
    readonly detail: Readonly<Record<string, string | number | null>>;
  } | null;
}

const NOTHING: RefundDecision = { changes: null, timeline: '', money: 'keep', notify: false, exception: null };

const OPEN: ReadonlySet<RefundState> = new Set(['undecided', 'processing', 'abnormal']);

/** Whether the channel has still to say, or a person to do, what becomes of a refund: its amount is reserved until then. */
export function isOpen(refund: Pick<Refund, 'state'>): boolean {
  return OPEN.has(refund.state);
}

/** Decides what one event does to a refund. A decided refund never goes back but by `resubmit`. */
export function decideRefund(refund: Refund, event: RefundEvent, at_ms: number): RefundDecision {
  if (!isOpen(refund)) return contradiction(refund, event);
  const decided = { calling_until_ms: 0, decided_at_ms: at_ms };
  switch (event.kind) {
    case 'succeeded':
      return {
        changes: {
          ...decided,
          state: 'succeeded',
          channel_refund_id: event.channel_refund_id ?? refund.channel_refund_id,
          channel_message: '',
        },
        timeline: 'refund_succeeded',
        money: 'refunded',
        notify: true,
        exception: null,
      };
    case 'processing':
      if (refund.state === 'abnormal') return NOTHING;
      return {
        ...NOTHING,
        changes: {
          state: 'processing',
          calling_until_ms: 0,
          channel_refund_id: event.channel_refund_id ?? refund.channel_refund_id,
          channel_message: event.message,
          check_count: refund.check_count + 1,
        },
        timeline: 'refund_processing',
      };
    case 'refused':
      return {
        changes: { ...decided, state: 'refused', channel_message: `${event.code}: ${event.message}` },
        timeline: 'refund_refused',
        money: 'released',
        notify: true,
        exception: automatic(refund, event.code, event.message),
      };
    case 'closed':
      return {
        changes: { ...decided, state: 'closed', channel_message: event.message },
        timeline: 'refund_closed',
        money: 'released',
        notify: true,
        exception: automatic(refund, 'closed', event.message),
      };
    case 'abnormal':
      if (refund.state === 'abnormal') return NOTHING;
      return {
        changes: { ...decided, state: 'abnormal', channel_message: event.message },
        timeline: 'refund_abnormal',
        money: 'keep',
        notify: true,
        exception: { kind: 'refund_abnormal', detail: { refund_id: refund.refund_id, message: event.message } },
      };
    case 'unknown':
      return {
        ...NOTHING,
        changes: { calling_until_ms: 0, check_count: refund.check_count + 1, channel_message: event.reason },
        timeline: 'refund_unknown',
      };
  }
}

/** A refund of our own that fails leaves a payer's money with the merchant: a person must see it. */
function automatic(refund: Refund, code: string, message: string): RefundDecision['exception'] {
  if (refund.mch_refund_id !== null) return null;
  const { refund_id, refund_fen } = refund;
  return { kind: 'late_payment_not_refunded', detail: { refund_id, refund_fen, code, message } };
}

function contradiction(refund: Refund, event: RefundEvent): RefundDecision {
  if (event.kind !== 'succeeded' || refund.state === 'succeeded') return NOTHING;
  return {
    ...NOTHING,
    exception: {
      kind: 'refund_contradiction',
      detail: { refund_id: refund.refund_id, we_have: refund.state, channel_says: event.kind },
    },
  };
}

/** 退款状态码 of the product document. */
export function refundStatus(state: RefundState): 0 | 1 | 2 | 3 {
  switch (state) {
    case 'succeeded':
      return 0;
    case 'undecided':
    case 'processing':
      return 1;
    case 'refused':
    case 'closed':
      return 2;
    case 'abnormal':
      return 3;
  }
}

/** The most refunds one order takes (WeChat Pay: 50; pay-api 申请退款). */
export const MAX_REFUNDS = 50;

/** How long after payment a refund can be asked for: one year at WeChat Pay (pay-api 申请退款, note 1). */
export const REFUND_PERIOD_MS = 365 * 86_400_000;
