import type { Journal } from './journal.ts';

export type LedgerKind = 'order' | 'payment' | 'close' | 'refund' | 'refund_failed' | 'reverse';

/** One thing a channel did. `payment`, `refund` and `reverse` moved money; the rest say why none moved. */
export interface LedgerEntry {
  /** Rises by one over all channels; `since` of the control API refers to it. */
  readonly seq: number;
  readonly at_ms: number;
  readonly channel: 'wechat' | 'alipay' | 'bank';
  readonly kind: LedgerKind;
  readonly out_trade_no: string;
  readonly out_refund_no?: string;
  readonly transaction_id?: string;
  /** Fen, never negative; the kind says the direction. */
  readonly amount: number;
  /** The merchant on the channel (mchid, sub_mchid, app id). */
  readonly merchant?: string;
  /** Why, in a word or two, where the kind does not say it: `expired`, `ABNORMAL`. */
  readonly note?: string;
}

interface LedgerRecord {
  readonly record: 'ledger';
  readonly entry: LedgerEntry;
}

/** Everything the channels did with money, in order: the truth that tests compare the gateway with. */
export class Ledger {
  readonly #journal: Journal;
  readonly #entries: LedgerEntry[];

  /** @param journal where entries are kept; entries already there are taken over */
  constructor(journal: Journal) {
    this.#journal = journal;
    this.#entries = journal
      .load()
      .filter(isLedgerRecord)
      .map((record) => record.entry);
  }

  /**
   * Records an entry. Call it inside `journal.atomically` together with the state change it tells of.
   * @throws when the amount is not a whole, non-negative number of fen
   */
  add(entry: Omit<LedgerEntry, 'seq'>): LedgerEntry {
    if (!Number.isSafeInteger(entry.amount) || entry.amount < 0) {
      throw new Error(`ledger amount must be whole fen, got ${entry.amount}`);
    }
    const complete: LedgerEntry = { seq: (this.#entries.at(-1)?.seq ?? 0) + 1, ...entry };
    this.#journal.append({ record: 'ledger', entry: complete } satisfies LedgerRecord);
    this.#entries.push(complete);
    return complete;
  }

  /** Entries in order; `since` leaves out those with a seq up to and including it. */
  list(filter: { channel?: string; since?: number } = {}): LedgerEntry[] {
    return this.#entries.filter(
      (entry) =>
        (filter.channel === undefined || entry.channel === filter.channel) &&
        (filter.since === undefined || entry.seq > filter.since),
    );
  }
}

function isLedgerRecord(record: object): record is LedgerRecord {
  return 'record' in record && record.record === 'ledger';
}
