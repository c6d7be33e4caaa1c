import type { Journal } from '../kernel/journal.ts';
import type { AccountEntry, IssuedNumber, OutgoingTransfer, PushSettings } from './records.ts';

type NumberRecord = { readonly record: 'bank.number'; readonly value: IssuedNumber };
type EntryRecord = { readonly record: 'bank.entry'; readonly value: AccountEntry };
type TransferRecord = { readonly record: 'bank.transfer'; readonly value: OutgoingTransfer };
type PushRecord = { readonly record: 'bank.push'; readonly value: PushSettings };

/** What the bank knows, kept in the journal. */
export class BankStore {
  readonly #journal: Journal;
  readonly #numbers = new Map<string, IssuedNumber>();
  readonly #numberOfOrder = new Map<string, string>();
  readonly #entries = new Map<string, AccountEntry>();
  readonly #transfers = new Map<string, OutgoingTransfer>();
  #push: PushSettings | undefined;

  /** Takes over what the journal holds. */
  constructor(journal: Journal) {
    this.#journal = journal;
    for (const record of journal.load()) {
      if (isRecord<NumberRecord>(record, 'bank.number')) this.#indexNumber(record.value);
      if (isRecord<EntryRecord>(record, 'bank.entry')) this.#entries.set(record.value.reference, record.value);
      if (isRecord<TransferRecord>(record, 'bank.transfer'))
        this.#transfers.set(record.value.out_transfer_no, record.value);
      if (isRecord<PushRecord>(record, 'bank.push')) this.#push = record.value;
    }
  }

  saveNumber(value: IssuedNumber): void {
    this.#journal.append({ snapshot_of: `bank.number:${value.fund_acc}`, record: 'bank.number', value });
    this.#indexNumber(value);
  }

  saveTransfer(value: OutgoingTransfer): void {
    this.#journal.append({ snapshot_of: `bank.transfer:${value.out_transfer_no}`, record: 'bank.transfer', value });
    this.#transfers.set(value.out_transfer_no, value);
  }

  addEntry(value: AccountEntry): void {
    this.#journal.append({ record: 'bank.entry', value });
    this.#entries.set(value.reference, value);
  }

  savePush(value: PushSettings): void {
    this.#journal.append({ snapshot_of: 'bank.push', record: 'bank.push', value });
    this.#push = value;
  }

  number(fund_acc: string): IssuedNumber | undefined {
    return this.#numbers.get(fund_acc);
  }

  numberOf(out_trade_no: string): IssuedNumber | undefined {
    const fund_acc = this.#numberOfOrder.get(out_trade_no);
    return fund_acc === undefined ? undefined : this.#numbers.get(fund_acc);
  }

  /** In the order of opening. */
  numbers(): IssuedNumber[] {
    return [...this.#numbers.values()];
  }

  entry(reference: string): AccountEntry | undefined {
    return this.#entries.get(reference);
  }

  /** In the order of booking. */
  entries(): AccountEntry[] {
    return [...this.#entries.values()];
  }

  transfer(out_transfer_no: string): OutgoingTransfer | undefined {
    return this.#transfers.get(out_transfer_no);
  }

  transfers(): OutgoingTransfer[] {
    return [...this.#transfers.values()];
  }

  /** How the customer is told; undefined until somebody has set it. */
  push(): PushSettings | undefined {
    return this.#push;
  }

  #indexNumber(value: IssuedNumber): void {
    this.#numbers.set(value.fund_acc, value);
    this.#numberOfOrder.set(value.out_trade_no, value.fund_acc);
  }
}

function isRecord<Kind extends { record: string }>(record: object, kind: Kind['record']): record is Kind {
  return 'record' in record && record.record === kind;
}
