/**
 * Money that came to a bank account, and the one decision about it. Pure: no clock, no I/O. docs/bank-transfer.md mirrors this
 * file row by row.
 *
 *   new ──matches its order──▶ paid          the order becomes paid, by the funnel
 *   new ──anything else──────▶ held          a person sees it in the exceptions queue
 *   new | held ──taken back by the bank (冲正)──▶ reversed
 *   held ──accept, combine, assign──▶ settling ──booked──▶ paid
 *                                     settling ──the order would not take it──▶ held
 *   held ──return──▶ returning ──sent back──▶ returned
 *                    returning ──refused by the bank──▶ held
 *
 * `paid`, `returned` and `reversed` are final. A reversal of a credit that is paid, settling, returning or returned changes nothing
 * at once: it is raised, because the money is gone from our account and nobody but a person can get it back. Where that credit
 * would be held again, it is `reversed` instead.
 */
import type { Fen } from './money.ts';
import type { Order } from './order.ts';
import type { PaymentFacts } from './payment-facts.ts';

export type CreditState = 'new' | 'paid' | 'held' | 'settling' | 'returning' | 'returned' | 'reversed';

/** One line of an account statement or an advice, in the words of the field and of no format. */
export interface BankEntry {
  /** The bank's own number of the entry: the key by which a repeat is known. */
  readonly reference: string;
  /** `credit`: money came. `reversal`: the bank takes a credit back (冲正). `returned`: a payment of ours came back (退汇). `debit`: money went. */
  readonly kind: 'credit' | 'reversal' | 'returned' | 'debit';
  /** The number it was sent to; null when the bank names none. */
  readonly number: string | null;
  readonly amount_fen: Fen;
  readonly currency: string;
  readonly payer_name: string | null;
  readonly payer_account: string | null;
  readonly payer_bank: string | null;
  /** Our own number, on entries that our payments caused, or what the payer's bank passed on. */
  readonly end_to_end_id: string | null;
  readonly remittance: string | null;
  /** Reversals alone: the reference of what is taken back, when the bank names it. */
  readonly original_reference: string | null;
  /** When the bank booked it; null when it gave a date alone or none. */
  readonly booked_at_ms: number | null;
  /** YYYY-MM-DD in China; null when not told. */
  readonly booked_on: string | null;
}

/** A credit as it is booked: what it says, without how it was told. */
export type Credit = Omit<BankEntry, 'kind' | 'original_reference'>;

/** Who has a number now, or had it last. */
export interface NumberOwner {
  readonly state: 'open' | 'closed';
  readonly opened_at_ms: number;
  readonly order: Order | null;
}

export type HoldReason =
  | 'unknown_number'
  | 'wrong_currency'
  | 'closed_number'
  | 'written_off'
  | 'second_credit'
  | 'before_order'
  | 'late'
  | 'wrong_payer'
  | 'too_little'
  | 'sums_up'
  | 'too_much';

/** Under which kind each reason stands in the exceptions queue. */
export const HOLD_KINDS = {
  unknown_number: 'bank_credit_unknown_number',
  wrong_currency: 'bank_credit_wrong_currency',
  closed_number: 'bank_credit_closed_number',
  written_off: 'bank_credit_written_off',
  second_credit: 'bank_credit_second',
  before_order: 'bank_credit_before_order',
  late: 'bank_credit_late',
  wrong_payer: 'bank_credit_wrong_payer',
  too_little: 'bank_credit_too_little',
  sums_up: 'bank_credits_sum_up',
  too_much: 'bank_credit_too_much',
} as const satisfies Record<HoldReason, string>;

export type CreditDecision =
  | { readonly action: 'pay'; readonly order: Order }
  | { readonly action: 'hold'; readonly reason: HoldReason };

export interface CreditContext {
  readonly at_ms: number;
  /** Null: the number is none of ours, or was never given to an order. */
  readonly owner: NumberOwner | null;
  /** What is held already of earlier credits for the same order, in fen. */
  readonly held_fen: number;
}

/** A bank's day may be booked a little before our clock says so: clocks differ. */
const CLOCK_TOLERANCE_MS = 10 * 60_000;

/** Decides what becomes of a credit. The first row that fits counts; the order of the rows is part of the documentation. */
export function decideCredit(credit: Credit, { at_ms, owner, held_fen }: CreditContext): CreditDecision {
  const hold = (reason: HoldReason): CreditDecision => ({ action: 'hold', reason });
  const order = owner?.order ?? null;
  if (!owner || !order) return hold('unknown_number');
  if (credit.currency !== 'CNY') return hold('wrong_currency');
  if (owner.state === 'closed') return hold(order.state === 'paid' ? 'written_off' : 'closed_number');
  if (order.state === 'paid') return hold('second_credit');
  if (order.state !== 'undecided') return hold('closed_number');
  if (isBefore(credit, owner.opened_at_ms)) return hold('before_order');
  if ((credit.booked_at_ms ?? at_ms) > order.expires_at_ms) return hold('late');
  const wanted_payer = order.request['payer_name'];
  if (wanted_payer !== undefined && !isSamePayer(String(wanted_payer), credit.payer_name)) return hold('wrong_payer');
  if (credit.amount_fen < order.total_fen)
    return hold(held_fen > 0 && held_fen + credit.amount_fen >= order.total_fen ? 'sums_up' : 'too_little');
  if (credit.amount_fen > order.total_fen) return hold('too_much');
  return { action: 'pay', order };
}

/** Money that was booked before the number was given to its order was meant for whoever had the number before. */
function isBefore(credit: Credit, opened_at_ms: number): boolean {
  if (credit.booked_at_ms !== null) return credit.booked_at_ms < opened_at_ms - CLOCK_TOLERANCE_MS;
  return credit.booked_on !== null && credit.booked_on < chinaDate(opened_at_ms - CLOCK_TOLERANCE_MS);
}

const CHINA_OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;

/** The date in China (UTC+8, no summer time) as YYYY-MM-DD. */
export function chinaDate(at_ms: number): string {
  const day = Math.floor((at_ms + CHINA_OFFSET_MS) / DAY_MS);
  // Days since 1970-01-01 to a civil date (H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days).
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const of_era = shifted - era * 146_097;
  const year_of_era = Math.floor(
    (of_era - Math.floor(of_era / 1460) + Math.floor(of_era / 36_524) - Math.floor(of_era / 146_096)) / 365,
  );
  const of_year = of_era - (365 * year_of_era + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100));
  const month_index = Math.floor((5 * of_year + 2) / 153);
  const day_of_month = of_year - Math.floor((153 * month_index + 2) / 5) + 1;
  const month = month_index < 10 ? month_index + 3 : month_index - 9;
  const year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${String(month).padStart(2, '0')}-${String(day_of_month).padStart(2, '0')}`;
}

/** Whether two names are one payer: width, case and white space do not count, nor does the form of brackets (（有限） and (有限)). */
export function isSamePayer(wanted: string, given: string | null): boolean {
  return given !== null && plainName(wanted) === plainName(given);
}

function plainName(name: string): string {
  return name.normalize('NFKC').replaceAll(/\s+/gu, '').toLowerCase();
}

/** The last digits of an account are enough for people to know it by; the rest is the payer's. */
export function payerText(credit: Pick<Credit, 'payer_name' | 'payer_account'>): string {
  const tail = credit.payer_account === null ? '' : `(${credit.payer_account.slice(-4)})`;
  return credit.payer_name === null && tail === '' ? '' : `付款人 ${credit.payer_name ?? ''}${tail}`;
}

/**
 * A credit, or several of one payer, as the payment of an order.
 * @param transaction_id the reference of the credit that completes it
 * @param total_fen what the order costs; more than that is not part of the payment
 */
export function creditFacts(credits: readonly Credit[], transaction_id: string, total_fen: Fen): PaymentFacts {
  const last = credits.find((one) => one.reference === transaction_id);
  if (!last) throw new Error('the payment is none of its credits');
  const details: Record<string, string> = {};
  for (const name of ['payer_name', 'payer_account', 'payer_bank', 'remittance', 'end_to_end_id'] as const) {
    const value = last[name];
    if (value !== null) details[name] = value;
  }
  if (credits.length > 1) details['references'] = credits.map((one) => one.reference).join(' ');
  return {
    transaction_id,
    amount_fen: total_fen,
    currency: last.currency,
    identity: {},
    paid_at_ms: last.booked_at_ms,
    details,
    refunded: false,
  };
}
