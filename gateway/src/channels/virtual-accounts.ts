/**
 * Numbers that belong to one order each, and hearing of what came to them: what a channel that trades by bank transfer offers
 * beside the verbs of every channel. Its two ends are opening and closing numbers (by begin and close, when the bank gives them out)
 * and telling of credits. Who owns a number, and what a credit means, is decided elsewhere.
 */
import type { BankEntry } from '../domain/bank-credit.ts';

/** A range of numbers that the bank assigned, of which we choose. */
export interface NumberPool {
  /** Changes when the form of the numbers changes: numbers of an earlier form are not given out any more. */
  readonly key: string;
  readonly first: number;
  readonly last: number;
  /** The number at a place of the range; null when that place is left out. */
  number(serial: number): string | null;
}

/** A push as it arrived, bytes untouched. */
export interface BankPush {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An entry that could not be understood; the others of its message count. */
export interface UnreadableEntry {
  /** Counted from 1 within its message. */
  readonly position: number;
  readonly problem: string;
}

export type PushVerdict =
  | {
      readonly kind: 'entries';
      readonly message_id: string;
      readonly entries: readonly BankEntry[];
      readonly unreadable: readonly UnreadableEntry[];
    }
  /** The bank's own, but not to be understood: kept for a person and acknowledged. */
  | { readonly kind: 'unreadable'; readonly problem: string }
  /** Not verified: refused. A stable word for the counter. */
  | { readonly kind: 'rejected'; readonly reason: string };

export interface VirtualAccounts {
  /** Null: the bank gives a number for each order. */
  readonly pool: NumberPool | null;
  readonly quarantine_ms: number;
  readonly close_paid_after_ms: number;
  readonly warn_below: number;
  /** The account behind the numbers. */
  readonly settlement_account: string;
  readPush(push: BankPush): PushVerdict;
}
