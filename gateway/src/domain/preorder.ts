/**
 * A preorder (预下单): one amount, one link, and as many tries to pay it as its payer needs. Each try is a pay order of its own,
 * numbered {mch_pre_id}.1, .2 …; at most one of them succeeds. Pure: no clock, no I/O.
 *
 *   open   ──a try is paid──────────────▶ paid
 *   open   ──its merchant closes it─────▶ closed   (no try may be undecided then)
 *   closed ──a late payment is accepted─▶ paid
 *
 * Time that is up is no state of its own: an open preorder whose time is up and of which no try is undecided shows as closed
 * (pre_state 3). What is told to payer and merchant, row by row: docs/cashier.md.
 *
 *   what the payer asks for      | how it stands                             | step
 *   -----------------------------+-------------------------------------------+-------------------------------
 *   anything                     | paid                                      | over: paid
 *   anything                     | closed by the merchant                    | over: closed
 *   own try again                | undecided, its answer still good          | resume: the same number again
 *   anything                     | time is up                                | over: expired
 *   anything                     | another try (or an old one) is undecided  | end it at its channel first
 *   anything                     | no try is undecided                       | place the next
 *   anything                     | MAX_TRIES used up                         | over: exhausted
 *
 * The database holds the two rules that money depends on: no two tries of one preorder are undecided at once, and the first
 * success takes the preorder in the statement that makes its order paid (storage/save-orders.ts, storage/migrations/0004).
 */
import type { Fen } from './money.ts';
import type { Order } from './order.ts';
import { tradeState } from './trade-state.ts';

export type PreorderState = 'open' | 'paid' | 'closed';

export interface Preorder {
  readonly merchant_id: string;
  /** 24 hex characters: `_id` of the merchant API. */
  readonly preorder_id: string;
  readonly mch_pre_id: string;
  readonly total_fen: Fen;
  /** The request's fields as read, without nonce_str. */
  readonly request: Readonly<Record<string, string | number>>;
  readonly request_hash: string;
  readonly notify_url: string | null;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
  // What changes:
  readonly version: number;
  readonly state: PreorderState;
  /** How many tries were numbered. */
  readonly tries: number;
  /** The latest try; null before the first. A number that was taken leaves a trade_id that no order has. */
  readonly current_trade_id: string | null;
  readonly paid_trade_id: string | null;
  readonly updated_at_ms: number;
}

/** The pay type of `/v2/pay` that makes a preorder (pay-api, 预下单支付). */
export const PREORDER_PAY_TYPE = 'pooul.preorder';

/** Somebody who has the link cannot make orders without end. */
export const MAX_TRIES = 50;

/** What is left of a number of 64 characters for `.1` to `.50`. */
export const MAX_PRE_ID_LENGTH = 60;

/** How long a preorder can be paid when its merchant does not say. */
export const DEFAULT_LIFETIME_MS = 2 * 3_600_000;

/** The longest that a merchant may ask for: links go by chat and are opened days later. */
export const MAX_LIFETIME_MS = 30 * 86_400_000;

/** Channels take no order that lives shorter; who begins in the last minute may end in the next. */
export const MIN_TRY_LIFETIME_MS = 60_000;

export type Step =
  | { readonly kind: 'over'; readonly why: 'paid' | 'closed' | 'expired' | 'exhausted' }
  /** The payer's own try is under way: it is answered what it was answered, or sent again under its number. */
  | { readonly kind: 'resume'; readonly order: Order }
  | { readonly kind: 'end_first'; readonly order: Order }
  | { readonly kind: 'place'; readonly mch_trade_id: string };

export interface Wish {
  readonly pay_type: string;
  /** Who asks: two wishes with the same key are the same payer in the same wallet. */
  readonly payer_key: string;
}

/** How long the answer to a try stays good, where that is shorter than the order: mweb_url of WeChat Pay opens for five minutes. */
const ANSWER_LIVES_MS: Readonly<Record<string, number>> = { 'wechat.wap': 4 * 60_000 };

/**
 * What to do for a payer who wants to pay.
 * @param current the latest try; null: none, or none that is stored
 */
export function nextStep(preorder: Preorder, current: Order | null, wish: Wish, at_ms: number): Step {
  if (preorder.state !== 'open') return { kind: 'over', why: preorder.state };
  const undecided = current?.state === 'undecided' ? current : null;
  if (undecided && isOwn(undecided, wish, at_ms)) return { kind: 'resume', order: undecided };
  if (at_ms >= preorder.expires_at_ms) return { kind: 'over', why: 'expired' };
  if (undecided) return { kind: 'end_first', order: undecided };
  if (preorder.tries >= MAX_TRIES) return { kind: 'over', why: 'exhausted' };
  return { kind: 'place', mch_trade_id: tryNumber(preorder, preorder.tries + 1) };
}

function isOwn(order: Order, wish: Wish, at_ms: number): boolean {
  if (order.payer_key !== wish.payer_key || order.pay_type !== wish.pay_type || order.ending !== null) return false;
  const lives_ms = ANSWER_LIVES_MS[order.pay_type];
  const good_until_ms = lives_ms === undefined ? order.expires_at_ms : order.created_at_ms + lives_ms;
  return at_ms < Math.min(good_until_ms, order.expires_at_ms);
}

/** The merchant's number of a try: {mch_pre_id}.1, .2 … */
export function tryNumber(preorder: Pick<Preorder, 'mch_pre_id'>, number: number): string {
  return `${preorder.mch_pre_id}.${number}`;
}

/**
 * pre_state: the numbers of trade_state.
 *
 * @param current the latest try
 * @param paid the try that took the preorder
 */
export function preState(preorder: Preorder, current: Order | null, paid: Order | null, at_ms: number): number {
  switch (preorder.state) {
    case 'paid':
      return paid ? tradeState(paid, at_ms) : 0;
    case 'closed':
      return 3;
    case 'open':
      if (current?.state === 'undecided') return 6;
      return at_ms < preorder.expires_at_ms ? 2 : 3;
  }
}
