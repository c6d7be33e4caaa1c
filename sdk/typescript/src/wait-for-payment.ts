/**
 * Waiting for a payer, at the pace of the product document (pay-api, 统一反扫支付): ask 5 s after the payment, then about
 * every 10 s, for about 30 s; what is undecided then is reversed, not before 15 s after the payment, again and again until
 * it is certain.
 */
import type { CallOptions } from './call.ts';
import type { Clock } from './clock.ts';
import { ChannelRefused, OutcomeUnknown, isRefused } from './errors.ts';
import { outcomeOf } from './outcome.ts';
import type { Order, OrderState } from './types.ts';

export interface WaitOptions {
  /** Milliseconds before the first question: 5 s. */
  readonly first_ms?: number;
  /** Milliseconds between questions: 10 s. */
  readonly every_ms?: number;
  /** Milliseconds of asking in all: 30 s. Give a payer who scans a code as long as your page waits. */
  readonly patience_ms?: number;
  /**
   * Reverse the payment when it is undecided after all (撤销): for payment codes, whose payer has left by then. A payment that
   * succeeded after all is given back.
   */
  readonly reverse?: boolean;
  /** Milliseconds of reversing before it is given up as OutcomeUnknown: 10 min. */
  readonly reverse_patience_ms?: number;
  /**
   * Ends the waiting; what is known then is the result. With `reverse`, what is undecided then is reversed: it does not end a
   * reversal.
   */
  readonly signal?: AbortSignal;
}

/** How a payment came out. */
export type PaymentOutcome =
  /** The money is there (trade_state 0, 1 or 4), or none was taken or it went back: closed, refused, reversed (3 or 5). */
  | { readonly outcome: 'paid' | 'not_paid'; readonly order: OrderState }
  /** Nobody knows yet (2 or 6). `order` is null when even the query got no answer. */
  | { readonly outcome: 'undecided'; readonly order: OrderState | null };

/** What waiting needs of the client. */
export interface Asking {
  readonly clock: Clock;
  query(mch_trade_id: string, options: CallOptions): Promise<Order>;
  reverse(mch_trade_id: string, options: CallOptions): Promise<OrderState>;
}

const FIRST_MS = 5_000;
const EVERY_MS = 10_000;
const PATIENCE_MS = 30_000;
const NO_REVERSAL_WITHIN_MS = 15_000;
const REVERSE_EVERY_MS = 5_000;
const REVERSE_PATIENCE_MS = 600_000;

/**
 * Asks until the order is decided or patience is over.
 *
 * @param paid_at_ms when the order was sent to be paid, as far as it is known; else now
 * @throws Refused when the order does not exist or the merchant may not ask; OutcomeUnknown when it could not be reversed
 */
export async function waitForPayment(
  asking: Asking,
  mch_trade_id: string,
  options: WaitOptions,
  paid_at_ms: number = asking.clock.now_ms(),
): Promise<PaymentOutcome> {
  const { clock } = asking;
  const { signal, first_ms = FIRST_MS, every_ms = EVERY_MS, patience_ms = PATIENCE_MS } = options;
  const until_ms = clock.now_ms() + patience_ms;
  let known: Order | null = null;
  for (let wait_ms = first_ms; ; wait_ms = every_ms) {
    await clock.sleep(Math.max(0, Math.min(wait_ms, until_ms - clock.now_ms())), signal);
    if (signal?.aborted) break;
    known = (await ask(asking, mch_trade_id, options.reverse === true, signal)) ?? known;
    if (known !== null && isDecided(known)) return { outcome: outcomeOf(known), order: known };
    if (clock.now_ms() >= until_ms) break;
  }
  if (options.reverse === true) return reverse(asking, mch_trade_id, options, paid_at_ms);
  return { outcome: 'undecided', order: known };
}

function isDecided(order: OrderState): boolean {
  return outcomeOf(order) !== 'undecided';
}

/** The order; null when there was no answer. An order that is on its way may not be there yet. */
async function ask(
  asking: Asking,
  mch_trade_id: string,
  may_be_coming: boolean,
  signal: AbortSignal | undefined,
): Promise<Order | null> {
  try {
    return await asking.query(mch_trade_id, { max_retries: 0, ...(signal && { signal }) });
  } catch (error) {
    // One call too many was not looked at: it says nothing about the order.
    if (error instanceof OutcomeUnknown || isRefused(error, 'limited')) return null;
    if (may_be_coming && isRefused(error, 'no_order')) return null;
    throw error;
  }
}

async function reverse(
  asking: Asking,
  mch_trade_id: string,
  options: WaitOptions,
  paid_at_ms: number,
): Promise<PaymentOutcome> {
  const { clock } = asking;
  await clock.sleep(Math.max(0, paid_at_ms + NO_REVERSAL_WITHIN_MS - clock.now_ms()));
  const until_ms = clock.now_ms() + (options.reverse_patience_ms ?? REVERSE_PATIENCE_MS);
  for (;;) {
    const { order, is_final, cause } = await reverseOnce(asking, mch_trade_id);
    if (order !== null && isDecided(order)) return { outcome: outcomeOf(order), order };
    if (is_final) return { outcome: 'undecided', order };
    if (clock.now_ms() >= until_ms) {
      throw new OutcomeUnknown('undecided', 'the payment could be neither confirmed nor reversed: go on querying it', {
        cause,
      });
    }
    await clock.sleep(REVERSE_EVERY_MS);
  }
}

interface Reversal {
  readonly order: OrderState | null;
  /** Another attempt would be refused too. */
  readonly is_final: boolean;
  readonly cause?: unknown;
}

async function reverseOnce(asking: Asking, mch_trade_id: string): Promise<Reversal> {
  try {
    return { order: await asking.reverse(mch_trade_id, { max_retries: 0 }), is_final: false };
  } catch (cause) {
    // "当撤销无返回或错误时，请再次调用": what the channel refused now it may take the next time.
    const may_succeed = cause instanceof OutcomeUnknown || cause instanceof ChannelRefused;
    if (may_succeed || isRefused(cause, 'limited')) return { order: null, is_final: false, cause };
    if (!isRefused(cause, 'wrong_state', 'too_late')) throw cause;
    // Somebody was faster, or the time for it is over: the order says how it stands.
    return { order: await ask(asking, mch_trade_id, false, undefined), is_final: cause.reason === 'too_late', cause };
  }
}
