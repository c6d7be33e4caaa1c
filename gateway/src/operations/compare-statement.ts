/**
 * The end of the day: a bank's statement against our books, in batches, so that a hundred thousand entries need no more memory
 * than a hundred. It only looks; what it finds missing is told to the caller, who may book it.
 */
import type { StatementHead, Totals } from '../channels/bank/camt/read-stream.ts';
import type { BankEntry } from '../domain/bank-credit.ts';
import type { Gateway } from './gateway.ts';

export type DifferenceKind =
  | 'missing_here'
  | 'missing_there'
  | 'amount_differs'
  | 'number_differs'
  | 'debit_unknown'
  | 'totals_differ'
  | 'entry_unreadable';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly reference: string | null;
  readonly detail: Readonly<Record<string, string | number | null>>;
}

export interface ComparedStatement {
  readonly id: string;
  readonly account: string | null;
  readonly from_day: string | null;
  readonly to_day: string | null;
  readonly entries: number;
  readonly credits: number;
  readonly credits_fen: number;
  readonly debits: number;
  readonly debits_fen: number;
  /** How many of each kind. */
  readonly counts: Readonly<Partial<Record<DifferenceKind, number>>>;
  /** The first of each kind. */
  readonly differences: readonly Difference[];
}

/** How many entries are looked up at once; `byReferences` answers at most a thousand. */
const BATCH = 500;

/** How many differences of a kind are kept; all of them are counted. */
const KEPT_OF_A_KIND = 100;

/** A statement that spans more days than this is compared in one direction only. */
const MAX_DAYS = 40;
const DAY_MS = 86_400_000;

export interface ComparisonOptions {
  readonly account_id: string;
  /** Take note on our credits that this statement has them: needed for `missing_there`, and a change. */
  readonly mark: boolean;
  /** Hears every credit that we do not have. */
  readonly missing?: (entry: BankEntry) => Promise<void>;
}

/** Compares one statement. Feed it with `add`, in order, then ask for `end`. */
export class StatementComparison {
  readonly #gateway: Pick<Gateway, 'store'>;
  readonly #options: ComparisonOptions;
  readonly #head: StatementHead;
  #batch: BankEntry[] = [];
  #entries = 0;
  readonly #credits = { count: 0, entries: 0, fen: 0 };
  readonly #debits = { count: 0, entries: 0, fen: 0 };
  readonly #counts: Partial<Record<DifferenceKind, number>> = {};
  readonly #kept: Difference[] = [];
  /** Without marks, what the statement has is remembered by reference, for one day's credits at most. */
  readonly #seen: Set<string> | null;

  constructor(gateway: Pick<Gateway, 'store'>, head: StatementHead, options: ComparisonOptions) {
    this.#gateway = gateway;
    this.#head = head;
    this.#options = options;
    this.#seen = options.mark ? null : new Set();
  }

  /** Takes an entry with its payments. */
  async add(payments: readonly BankEntry[]): Promise<void> {
    this.#entries += 1;
    const sum = payments.reduce((total, one) => total + one.amount_fen, 0);
    const went = payments[0]?.kind === 'debit' || payments[0]?.kind === 'reversal';
    const side = went ? this.#debits : this.#credits;
    side.entries += 1;
    side.count += payments.length;
    side.fen += sum;
    this.#batch.push(...payments);
    if (this.#batch.length >= BATCH) await this.catchUp();
  }

  /** Takes note of an entry that could not be read. */
  unreadable(position: number, problem: string): void {
    this.#differ({ kind: 'entry_unreadable', reference: null, detail: { position, problem } });
  }

  /** Compares the rest, the totals, and what we have that the statement has not. */
  async end(): Promise<ComparedStatement> {
    await this.catchUp();
    this.#compareTotals();
    await this.#findMissingThere();
    const { id, account, from_day, to_day } = this.#head;
    return {
      id,
      account,
      from_day,
      to_day,
      entries: this.#entries,
      credits: this.#credits.count,
      credits_fen: this.#credits.fen,
      debits: this.#debits.count,
      debits_fen: this.#debits.fen,
      counts: { ...this.#counts },
      differences: [...this.#kept],
    };
  }

  #differ(difference: Difference): void {
    const count = (this.#counts[difference.kind] ?? 0) + 1;
    this.#counts[difference.kind] = count;
    if (count <= KEPT_OF_A_KIND) this.#kept.push(difference);
  }

  /** Compares what was added and still waits for its batch to be full. */
  async catchUp(): Promise<void> {
    for (let from = 0; from < this.#batch.length; from += BATCH) {
      const part = this.#batch.slice(from, from + BATCH);
      const credits = part.filter((one) => one.kind === 'credit');
      await this.#compareCredits(credits);
      await this.#compareDebits(part.filter((one) => one.kind === 'debit'));
    }
    this.#batch = [];
  }

  async #compareCredits(credits: readonly BankEntry[]): Promise<void> {
    if (credits.length === 0) return;
    const { account_id, mark, missing } = this.#options;
    const { bank_credits } = this.#gateway.store;
    const references = credits.map((one) => one.reference);
    const known = new Map((await bank_credits.byReferences(account_id, references)).map((one) => [one.reference, one]));
    for (const credit of credits) {
      this.#seen?.add(credit.reference);
      const ours = known.get(credit.reference);
      const { reference, amount_fen, number } = credit;
      if (!ours) {
        this.#differ({ kind: 'missing_here', reference, detail: { amount_fen, fund_acc: number } });
        await missing?.(credit);
      } else if (ours.amount_fen !== amount_fen) {
        this.#differ({
          kind: 'amount_differs',
          reference,
          detail: { ours_fen: ours.amount_fen, theirs_fen: amount_fen },
        });
      } else if (ours.number !== number) {
        this.#differ({ kind: 'number_differs', reference, detail: { ours: ours.number, theirs: number } });
      }
    }
    if (mark) await bank_credits.mark(account_id, references, this.#head.id);
  }

  async #compareDebits(debits: readonly BankEntry[]): Promise<void> {
    if (debits.length === 0) return;
    const numbers = debits.flatMap((one) => (one.end_to_end_id === null ? [] : [one.end_to_end_id]));
    const known = new Set(numbers.length === 0 ? [] : await this.#gateway.store.bank_credits.knownPayouts(numbers));
    for (const { reference, amount_fen, end_to_end_id } of debits) {
      if (end_to_end_id !== null && known.has(end_to_end_id)) continue;
      this.#differ({ kind: 'debit_unknown', reference, detail: { amount_fen, end_to_end_id } });
    }
  }

  #compareTotals(): void {
    const { opening_fen, closing_fen, credits, debits } = this.#head;
    this.#compareTotal('credits', credits, this.#credits);
    this.#compareTotal('debits', debits, this.#debits);
    if (opening_fen === null || closing_fen === null) return;
    const closing = opening_fen + this.#credits.fen - this.#debits.fen;
    if (closing !== closing_fen)
      this.#differ({
        kind: 'totals_differ',
        reference: null,
        detail: { of: 'balance', told_fen: closing_fen, counted_fen: closing },
      });
  }

  #compareTotal(of: string, told: Totals | null, counted: { readonly entries: number; readonly fen: number }): void {
    if (!told) return;
    const sum_differs = told.sum_fen !== null && told.sum_fen !== counted.fen;
    const count_differs = told.count !== null && told.count !== counted.entries;
    if (!sum_differs && !count_differs) return;
    this.#differ({
      kind: 'totals_differ',
      reference: null,
      detail: {
        of,
        told_fen: told.sum_fen,
        counted_fen: counted.fen,
        told_entries: told.count,
        counted_entries: counted.entries,
      },
    });
  }

  async #findMissingThere(): Promise<void> {
    for (const day of daysOf(this.#head)) {
      for (let after = ''; ;) {
        const page = await this.#gateway.store.bank_credits.unmarked(this.#options.account_id, day, after, BATCH);
        for (const { reference, amount_fen, number, state } of page) {
          if (this.#seen?.has(reference)) continue;
          this.#differ({ kind: 'missing_there', reference, detail: { amount_fen, fund_acc: number, state } });
        }
        if (page.length < BATCH) break;
        after = page.at(-1)?.reference ?? after;
      }
    }
  }
}

function daysOf({ from_day, to_day }: StatementHead): string[] {
  if (from_day === null || to_day === null) return [];
  const from = Date.parse(`${from_day}T00:00:00Z`);
  const to = Date.parse(`${to_day}T00:00:00Z`);
  const count = (to - from) / DAY_MS + 1;
  if (!(count >= 1 && count <= MAX_DAYS)) return [];
  return Array.from({ length: count }, (_, index) => new Date(from + index * DAY_MS).toISOString().slice(0, 10));
}
