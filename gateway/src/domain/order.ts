/**
 * An order and the one decision about it. Pure: no clock, no I/O. Every answer, callback, query, close and expiry becomes an
 * `OrderEvent`; `decide` says what changes in our books, what is written to the timeline, who is told, and what a person
 * must look at. The table of outcomes in docs/outcomes.md mirrors this file row by row.
 *
 *   undecided ──paid──────────────▶ paid ──(refunds: refund.ts)──▶ shown as 1
 *   undecided ──closed (channel)──▶ closed ──paid, late_payment=accept──▶ paid
 *   undecided ──reversed──────────▶ reversed ──paid, late_payment=accept──▶ paid
 *   undecided ──declined──────────▶ failed ──paid, late_payment=accept──▶ paid
 *   closed | reversed | failed ──paid, late_payment=refund──▶ same state, late payment recorded, refunded on its own
 *
 * Ending an order (close, reverse) is wanted first (`ending`, saved before the channel is called, so that it outlives a lost
 * answer and a dead node) and done when the channel has confirmed it:
 *
 *   undecided, ending=close   ──closed, or unknown to the channel──▶ closed          ──paid──▶ paid (the close came too late)
 *   undecided, ending=reverse ──closed, reversed, or unknown──▶ reversed
 *   undecided, ending=reverse ──paid, no payment code──▶ reversed, the payment refunded on its own; the merchant never hears "paid"
 *   undecided, ending=reverse ──paid, payment code──▶ stays: the channel's own reverse gives the money back
 *   undecided, ending=…       ──refused by the channel──▶ undecided, nothing wanted any more
 *   paid, nothing refunded    ──reverse──▶ reversed, the payment refunded on its own
 *
 * A try of a preorder (preorder.ts) whose sibling has been paid never becomes paid, whatever `late_payment` says:
 *
 *   undecided ──paid, a sibling is paid──▶ closed, the second payment recorded and refunded on its own
 *
 * A bank transfer (an order with a number of its own) is booked by itself only while the order is undecided. Money that comes
 * later waits for a person (bank-credit.ts), who may book it: closed | failed ──paid, operator──▶ paid.
 *
 * No other arrow exists: `assertArrow` stops a bug before it reaches storage.
 */
import type { Fen } from './money.ts';
import type { PaymentFacts } from './payment-facts.ts';

export type OrderState = 'undecided' | 'paid' | 'closed' | 'reversed' | 'failed';

/** What we know of the order at the channel: `calling` (a call is under way until `placing_until_ms`), `never` (certain that
 *  the channel saw nothing), `unknown` (the answer was lost) or `accepted`. */
export type Placement = 'calling' | 'never' | 'unknown' | 'accepted';

/** How a merchant, or an expiry, wants an undecided order to end. */
export type Ending = 'close' | 'reverse';

/** The pay type whose orders a till places with the payer's code: decided at once, reversed instead of closed. */
export const PAYMENT_CODE_PAY_TYPE = 'common.micro';

/** Whether an order was placed with a payment code (付款码). */
export function hasPaymentCode(order: Pick<Order, 'pay_type'>): boolean {
  return order.pay_type === PAYMENT_CODE_PAY_TYPE;
}

/** The pay type whose payer transfers to a bank account number that belongs to the order alone (定向转账支付). */
export const BANK_TRANSFER_PAY_TYPE = 'ecp.transfer';

/** Whether an order is paid by a transfer to its own number. */
export function hasVirtualAccount(order: Pick<Order, 'pay_type'>): boolean {
  return order.pay_type === BANK_TRANSFER_PAY_TYPE;
}

export interface Order {
  readonly merchant_id: string;
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly pay_type: string;
  readonly initial_trade_state: 2 | 6;
  readonly channel: string;
  readonly account_id: string;
  readonly merchant_params: Readonly<Record<string, string>>;
  readonly total_fen: Fen;
  /** The request's fields as read, without nonce_str. */
  readonly request: Readonly<Record<string, string | number>>;
  readonly request_hash: string;
  readonly notify_url: string | null;
  readonly created_at_ms: number;
  readonly expires_at_ms: number;
  /** The preorder that this order is a try of (preorder.ts). */
  readonly preorder_id: string | null;
  // What changes:
  /** Who is paying on the payment page: a digest; null elsewhere. */
  readonly payer_key: string | null;
  readonly version: number;
  readonly state: OrderState;
  readonly finished: boolean;
  /** Set while an undecided order is to end and the channel has not confirmed it. */
  readonly ending: Ending | null;
  readonly placement: Placement;
  readonly placing_until_ms: number;
  /** The channel's reply to the order request (code_url …), in the pay type's reply fields. */
  readonly reply: Readonly<Record<string, string>> | null;
  readonly reply_message: string;
  /** What trade_info shows after its label. */
  readonly channel_message: string;
  readonly facts: PaymentFacts | null;
  /** A success that came after the order was closed, reversed or failed. */
  readonly late_facts: PaymentFacts | null;
  readonly refunded_fen: Fen;
  readonly refund_reserved_fen: Fen;
  readonly refund_count: number;
  /** When the channel was last asked about this order. */
  readonly checked_at_ms: number;
  readonly check_count: number;
  readonly decided_at_ms: number | null;
  readonly updated_at_ms: number;
}

export type OrderEvent =
  | { readonly kind: 'accepted'; readonly reply: Readonly<Record<string, string>>; readonly message: string }
  | { readonly kind: 'declined'; readonly code: string; readonly message: string }
  | { readonly kind: 'not_placed'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'waiting'; readonly message: string }
  | { readonly kind: 'not_found'; readonly message: string }
  | { readonly kind: 'closed'; readonly message: string }
  | { readonly kind: 'reversed'; readonly message: string; readonly refunded?: boolean | null }
  | {
      readonly kind: 'paid';
      readonly facts: PaymentFacts;
      readonly finished: boolean;
      /** What trade_info says of the payment: a transfer's payer. */
      readonly message?: string;
      /** The operator who decided it. */
      readonly by?: string;
    }
  /** The order is to end: recorded before the channel is called. */
  | { readonly kind: 'ending_wanted'; readonly ending: Ending }
  /** The channel refused to end it, in a verified answer. */
  | { readonly kind: 'ending_refused'; readonly ending: Ending; readonly code: string; readonly message: string }
  /** A paid order is to be reversed: its payment goes back as a refund. */
  | { readonly kind: 'payment_returned' };

/** How we came to know. A callback must name every identity we expect; a query answer only what that channel tells. */
export type Source = 'pay' | 'callback' | 'query' | 'resolver' | 'close' | 'reverse' | 'expiry' | 'operator';

export interface DecisionInput {
  readonly at_ms: number;
  readonly source: Source;
  readonly late_payment: 'refund' | 'accept';
  readonly expected_identity: Readonly<Record<string, string>>;
  /** Another try of this order's preorder has been paid: of one preorder only the first success stands. */
  readonly preorder_is_paid: boolean;
}

export type OrderChanges = Partial<
  Pick<
    Order,
    | 'state'
    | 'finished'
    | 'ending'
    | 'placement'
    | 'placing_until_ms'
    | 'reply'
    | 'reply_message'
    | 'channel_message'
    | 'facts'
    | 'late_facts'
    | 'checked_at_ms'
    | 'check_count'
    | 'decided_at_ms'
  >
>;

export interface Exception {
  readonly kind: 'payment_mismatch' | 'second_payment' | 'contradiction' | 'refunded_elsewhere';
  readonly detail: Readonly<Record<string, string | number | null>>;
}

export interface Decision {
  /** Null: nothing to save, nothing to say (a repeat of what is known). */
  readonly changes: OrderChanges | null;
  /** The word for the timeline; empty for a check that found nothing new. */
  readonly timeline: string;
  readonly notify: boolean;
  /** Why the payment is to go back to the payer by a refund of our own; null: it is not. */
  readonly return_payment: 'late' | 'reversed' | 'second' | null;
  readonly exception: Exception | null;
}

const NOTHING: Decision = { changes: null, timeline: '', notify: false, return_payment: null, exception: null };

/**
 * A payment code may still be on its way to the channel when the till gives up: that the channel does not know the number counts
 * only this long after the order was last sent. The vendor asks to wait 15 s before reversing (pay-api, 撤销订单).
 */
export const REVERSE_CERTAIN_MS = 15_000;

/** Longer than any call to a channel: after it, an order still marked as being placed has lost the node that placed it. */
export const PLACING_LEASE_MS = 30_000;

/** When an order was last on its way to its channel: a till may have sent it again long after it was made. */
export function lastSentAt(order: Order): number {
  return Math.max(order.created_at_ms, order.placing_until_ms - PLACING_LEASE_MS);
}

/** Whether a call that places it counts as under way: until its lease has run out, for the node that made it may have died. */
export function isCalling(order: Order, at_ms: number): boolean {
  return order.placement === 'calling' && at_ms < order.placing_until_ms;
}

/** How long after its expiry an order that the channel does not know is still waited for: longer than any call in flight. */
export const EXPIRY_GRACE_MS = 60_000;

/**
 * When an order that has just ended is to be asked about once more, because its channel did not know it and its code can still be
 * paid: a QR code of Alipay that nobody had scanned. Its callback is all that would tell of such a payment, and may be lost.
 *
 * @returns null when nothing can be paid any more
 */
export function lastLookAt(order: Order, event: OrderEvent, at_ms: number): number | null {
  if (event.kind !== 'not_found' || hasPaymentCode(order) || hasVirtualAccount(order)) return null;
  const look_at_ms = order.expires_at_ms + EXPIRY_GRACE_MS;
  return at_ms < look_at_ms ? look_at_ms : null;
}

/** Decides what one event does to an order. Throws only when an invariant of ours is broken (a bug). */
export function decide(order: Order, event: OrderEvent, input: DecisionInput): Decision {
  switch (event.kind) {
    case 'paid':
      return decidePaid(order, event, input);
    case 'closed':
      return decideEnded(order, 'closed', event.message, input);
    case 'reversed':
      return decideEnded(order, 'reversed', event.message, input);
    case 'not_found':
      return decideNotFound(order, event.message, input);
    case 'ending_wanted':
      return decideEndingWanted(order, event.ending);
    case 'payment_returned':
      return decideReturn(order, input);
    case 'accepted':
    case 'declined':
    case 'not_placed':
    case 'unknown':
    case 'waiting':
    case 'ending_refused':
      return order.state === 'undecided' ? decideOpen(order, event, input) : NOTHING;
  }
}

/** The words of the timeline for an end that is wanted, and for one that the channel refused. */
const WANTED = { close: 'close_wanted', reverse: 'reverse_wanted' } as const;
const REFUSED = { close: 'close_refused', reverse: 'reverse_refused' } as const;

/** A reverse takes the place of a close that is under way, never the other way round. */
function decideEndingWanted(order: Order, ending: Ending): Decision {
  if (order.state !== 'undecided' || order.ending === ending || order.ending === 'reverse') return NOTHING;
  return change({ ending, check_count: 0 }, WANTED[ending]);
}

/** Only a payment of which nothing has been refunded, or is about to be, goes back as a whole. */
function decideReturn(order: Order, input: DecisionInput): Decision {
  if (order.state !== 'paid' || order.finished || order.refunded_fen + order.refund_reserved_fen > 0) return NOTHING;
  return {
    ...change({ state: 'reversed', ending: null, channel_message: '', decided_at_ms: input.at_ms }, 'reversed'),
    return_payment: 'reversed',
  };
}

const ASKED_BY: ReadonlySet<Source> = new Set(['callback', 'query', 'resolver', 'expiry', 'operator']);

/**
 * A merchant's query is fresh knowledge, but no step of the resolver's own schedule; what an order, a close or a reverse
 * was answered is a step of the schedule, but no knowledge: a till that asks at once must hear more.
 */
function checkedBy(order: Order, input: DecisionInput): OrderChanges {
  return {
    checked_at_ms: ASKED_BY.has(input.source) ? input.at_ms : order.checked_at_ms,
    check_count: order.check_count + (input.source === 'query' ? 0 : 1),
  };
}

function change(changes: OrderChanges, timeline: string): Decision {
  return { ...NOTHING, changes, timeline };
}

type OpenEvent = Extract<
  OrderEvent,
  { kind: 'accepted' | 'declined' | 'not_placed' | 'unknown' | 'waiting' | 'ending_refused' }
>;

function decideOpen(order: Order, event: OpenEvent, input: DecisionInput): Decision {
  const checked = checkedBy(order, input);
  switch (event.kind) {
    case 'accepted':
      return change(
        {
          placement: 'accepted',
          placing_until_ms: 0,
          reply: event.reply,
          reply_message: event.message,
          channel_message: event.message,
        },
        'accepted',
      );
    case 'declined':
      // Late word of an earlier call: the channel has accepted this number since, and only asking tells what is true.
      if (order.placement === 'accepted') return change(checked, 'unknown');
      return change(
        {
          state: 'failed',
          ending: null,
          placement: 'accepted',
          placing_until_ms: 0,
          channel_message: `${event.code}: ${event.message}`,
          decided_at_ms: input.at_ms,
        },
        'declined',
      );
    case 'not_placed':
      if (order.placement === 'accepted') return change(checked, 'unknown');
      return change({ placement: 'never', placing_until_ms: 0, channel_message: event.reason }, 'not_placed');
    case 'unknown':
      // A lost answer says nothing about an order that the channel accepted before: only the check is counted.
      // A lost question says nothing about a call that is under way.
      if (order.placement === 'accepted' || (input.source !== 'pay' && isCalling(order, input.at_ms)))
        return change(checked, 'unknown');
      // The end of the lease stays: it tells when the order was last sent.
      return change({ placement: 'unknown', channel_message: event.reason, ...checked }, 'unknown');
    case 'waiting':
      if (order.channel_message === event.message) return change(checked, '');
      return change({ ...checked, channel_message: event.message }, 'waiting');
    case 'ending_refused':
      // A close that is refused says nothing about the reverse that has taken its place since.
      if (order.ending !== event.ending) return NOTHING;
      return change({ ...checked, ending: null }, REFUSED[event.ending]);
  }
}

function decideNotFound(order: Order, message: string, input: DecisionInput): Decision {
  if (order.state !== 'undecided') return NOTHING;
  const calling = isCalling(order, input.at_ms);
  const expired = input.at_ms >= order.expires_at_ms + EXPIRY_GRACE_MS;
  if (!calling && (expired || mayEndUnknown(order, input))) return decideEnded(order, 'closed', message, input);
  return change(checkedBy(order, input), '');
}

/**
 * The channel was asked to end the order and does not know it. A QR code of Alipay that nobody has scanned is such an order: it
 * ends here, and a payment that comes all the same is a late one.
 */
function mayEndUnknown(order: Order, input: DecisionInput): boolean {
  if (order.ending === null || (input.source !== 'close' && input.source !== 'reverse')) return false;
  return !hasPaymentCode(order) || input.at_ms >= lastSentAt(order) + REVERSE_CERTAIN_MS;
}

function decideEnded(order: Order, said: 'closed' | 'reversed', message: string, input: DecisionInput): Decision {
  const state = order.ending === 'reverse' ? 'reversed' : said;
  if (order.state === 'undecided') {
    const ended = { state, ending: null, placing_until_ms: 0, channel_message: message, decided_at_ms: input.at_ms };
    return change(ended, state);
  }
  // Closing the number of a transfer says nothing about the payment.
  if (order.state === 'paid' && !hasVirtualAccount(order)) {
    // The channel says closed about an order it said was paid: never take money back on such a word, show it to a person.
    return {
      ...NOTHING,
      exception: { kind: 'contradiction', detail: { we_have: order.state, channel_says: said, message } },
    };
  }
  return NOTHING;
}

function decidePaid(order: Order, event: Extract<OrderEvent, { kind: 'paid' }>, input: DecisionInput): Decision {
  const mismatch = findMismatch(order, event.facts, input);
  if (mismatch) return { ...NOTHING, exception: { kind: 'payment_mismatch', detail: mismatch } };
  const known = order.facts ?? order.late_facts;
  if (known) {
    if (known.transaction_id !== event.facts.transaction_id) {
      // A second transfer is in the queue as a credit of its own.
      if (hasVirtualAccount(order)) return NOTHING;
      return {
        ...NOTHING,
        exception: {
          kind: 'second_payment',
          detail: { first: known.transaction_id, second: event.facts.transaction_id },
        },
      };
    }
    if (event.finished && order.state === 'paid' && !order.finished) return change({ finished: true }, 'finished');
    return { ...NOTHING, exception: refundedElsewhere(order, event.facts) };
  }
  // The channel's own reverse of a payment code has given the payment back, and now its number is told.
  const given_back = order.state === 'reversed' && hasPaymentCode(order) && event.facts.refunded;
  if (order.ending === 'reverse' || given_back) return decidePaidReversed(order, event.facts, input);
  if (input.preorder_is_paid) return decideSecondOfPreorder(order, event.facts, input);
  const by_operator = input.source === 'operator';
  // A transfer that comes late waits for a person: it is neither booked nor sent back on its own.
  if (hasVirtualAccount(order) && order.state !== 'undecided' && !by_operator) return NOTHING;
  if (order.state === 'undecided' || input.late_payment === 'accept' || by_operator) {
    const changes: OrderChanges = {
      state: 'paid',
      finished: event.finished,
      ending: null,
      placing_until_ms: 0,
      facts: event.facts,
      channel_message: event.message ?? '',
      decided_at_ms: input.at_ms,
    };
    const timeline = order.state === 'undecided' ? 'paid' : 'late_payment_accepted';
    return { ...NOTHING, changes, timeline, notify: true, exception: refundedElsewhere(order, event.facts) };
  }
  return { ...change({ late_facts: event.facts }, 'late_payment'), return_payment: 'late' };
}

/** A preorder is paid once: what comes second goes back to its payer, and the merchant never hears "paid" of it. */
function decideSecondOfPreorder(order: Order, facts: PaymentFacts, input: DecisionInput): Decision {
  const ended: OrderChanges =
    order.state === 'undecided'
      ? { state: 'closed', ending: null, placing_until_ms: 0, channel_message: '', decided_at_ms: input.at_ms }
      : {};
  return {
    ...change({ ...ended, late_facts: facts }, 'second_payment_of_preorder'),
    return_payment: 'second',
    exception: refundedElsewhere(order, facts),
  };
}

/** Paid, but to be reversed, or reversed with the payment given back by the channel itself: the merchant is not told "paid". */
function decidePaidReversed(order: Order, facts: PaymentFacts, input: DecisionInput): Decision {
  const reversed: OrderChanges = {
    state: 'reversed',
    ending: null,
    placing_until_ms: 0,
    facts,
    channel_message: '',
    decided_at_ms: order.decided_at_ms ?? input.at_ms,
  };
  if (!hasPaymentCode(order)) {
    const exception = refundedElsewhere(order, facts);
    return { ...change(reversed, 'reversed'), return_payment: 'reversed', exception };
  }
  // The channel's own reverse, repeated until it is sure, gives the money of a payment code back.
  return facts.refunded ? change(reversed, 'reversed') : change(checkedBy(order, input), 'paid_while_reversing');
}

/** Money has gone back to the payer by a way that is not ours (the channel's own console): our books do not know that refund. */
function refundedElsewhere(order: Order, facts: PaymentFacts): Exception | null {
  if (!facts.refunded || order.refunded_fen + order.refund_reserved_fen > 0) return null;
  // The channel's own reverse, which is no refund, gave the payment of a payment code back.
  if (order.state === 'reversed' && hasPaymentCode(order) && order.facts !== null) return null;
  return { kind: 'refunded_elsewhere', detail: { transaction_id: facts.transaction_id } };
}

/** Amount, currency, app and merchant numbers must be ours; answers what differs, or null. */
function findMismatch(order: Order, facts: PaymentFacts, input: DecisionInput): Exception['detail'] | null {
  if (facts.amount_fen !== order.total_fen) return { field: 'amount', ours: order.total_fen, theirs: facts.amount_fen };
  if (facts.currency !== 'CNY') return { field: 'currency', ours: 'CNY', theirs: facts.currency };
  for (const [field, ours] of Object.entries(input.expected_identity)) {
    const theirs = facts.identity[field];
    if (theirs === undefined && input.source !== 'callback') continue;
    if (theirs !== ours) return { field, ours, theirs: theirs ?? null };
  }
  return null;
}

const ARROWS: Readonly<Record<OrderState, readonly OrderState[]>> = {
  undecided: ['undecided', 'paid', 'closed', 'reversed', 'failed'],
  paid: ['paid', 'reversed'],
  closed: ['closed', 'paid'],
  reversed: ['reversed', 'paid'],
  failed: ['failed', 'paid'],
};

/** Stops a change that is not an arrow of the table above. */
export function assertArrow(from: OrderState, to: OrderState): void {
  if (!ARROWS[from].includes(to)) throw new Error(`an order never goes from ${from} to ${to}`);
}
