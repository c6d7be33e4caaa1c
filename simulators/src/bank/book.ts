import { ControlError } from '../kernel/control-error.ts';
import type { Journal } from '../kernel/journal.ts';
import type { Ledger } from '../kernel/ledger.ts';
import type { SimulatorPorts } from '../kernel/ports.ts';
import { chinaDay } from './china-time.ts';
import type { BankConfig } from './config.ts';
import type { AccountEntry, IssuedNumber, OutgoingTransfer, Party } from './records.ts';
import { BankRefusal } from './refusal.ts';
import type { BankStore } from './store.ts';

export interface BookOptions {
  readonly ports: SimulatorPorts;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly config: BankConfig;
  readonly store: BankStore;
  /** Tells the customer of an entry. */
  readonly notify: (entry: AccountEntry) => void;
}

/** A transfer that somebody makes to one of the numbers. */
export interface IncomingTransfer {
  readonly fund_acc: string;
  /** Fen. */
  readonly amount: number;
  readonly payer: Party;
  readonly currency?: string;
  readonly remittance?: string;
  readonly end_to_end_id?: string;
  /** When the bank books it; now when absent. */
  readonly booked_at_ms?: number;
}

/** Words in the remark that make an outgoing transfer end badly, so that a person can see what follows. */
export const SENTINELS = {
  fails: 'TRANSFER_FAILS',
  hangs: 'TRANSFER_HANGS',
  payee_unknown: 'PAYEE_UNKNOWN',
} as const;

/** The settlement account and its numbers: every movement of money is here, with its ledger entry in the same journal line. */
export class BankBook {
  readonly #options: BookOptions;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** Outgoing transfers that were under way when the process ended go on. */
  resume(): void {
    for (const transfer of this.#options.store.transfers()) if (transfer.status === 'PROCESSING') this.#arm(transfer);
  }

  /** Gives a number for an order, or the one it has. */
  open(out_trade_no: string, amount: number, description: string): IssuedNumber {
    const { store, journal, ledger, ports } = this.#options;
    const known = store.numberOf(out_trade_no);
    if (known) {
      if (known.amount !== amount) throw new BankRefusal(400, 'NUMBER_REPEATED', `${out_trade_no} has another amount`);
      if (known.status === 'CLOSED') throw new BankRefusal(400, 'INVALID_REQUEST', `${out_trade_no} is closed`);
      return known;
    }
    const opened: IssuedNumber = {
      fund_acc: this.#nextNumber(),
      out_trade_no,
      amount,
      description,
      status: 'OPEN',
      opened_at_ms: ports.now(),
    };
    journal.atomically(() => {
      store.saveNumber(opened);
      ledger.add({ at_ms: ports.now(), channel: 'bank', kind: 'order', out_trade_no, amount, note: opened.fund_acc });
    });
    return opened;
  }

  /** Closes an order's number; again: the same. */
  close(out_trade_no: string): IssuedNumber {
    const { store, journal, ledger, ports } = this.#options;
    const known = store.numberOf(out_trade_no);
    if (!known) throw new BankRefusal(404, 'NOT_FOUND', `no number was opened for ${out_trade_no}`);
    if (known.status === 'CLOSED') return known;
    const closed: IssuedNumber = { ...known, status: 'CLOSED' };
    journal.atomically(() => {
      store.saveNumber(closed);
      ledger.add({ at_ms: ports.now(), channel: 'bank', kind: 'close', out_trade_no, amount: known.amount });
    });
    return closed;
  }

  /**
   * Money comes. A closed number takes it too (挂账), and so does one of the range that nobody opened here: a customer may
   * choose from the range by itself.
   * @throws ControlError when the number is none of this bank's
   */
  receive(incoming: IncomingTransfer): AccountEntry {
    const { store, journal, ledger, ports, config } = this.#options;
    const { fund_acc, amount, payer } = incoming;
    const is_ours = fund_acc.startsWith(config.number_prefix) && /^\d{10,16}$/.test(fund_acc);
    if (!is_ours && fund_acc !== config.settlement_account) {
      throw new ControlError(
        404,
        `fund_acc ${fund_acc} is no account of this bank: its numbers begin with ${config.number_prefix}`,
      );
    }
    const entry: AccountEntry = {
      reference: this.#newReference(),
      direction: 'CRDT',
      reversal: false,
      return_reason: null,
      fund_acc,
      amount,
      currency: incoming.currency ?? 'CNY',
      party: payer,
      booked_at_ms: incoming.booked_at_ms ?? ports.now(),
      end_to_end_id: incoming.end_to_end_id ?? null,
      remittance: incoming.remittance ?? null,
      original_reference: null,
    };
    journal.atomically(() => {
      store.addEntry(entry);
      ledger.add({
        at_ms: ports.now(),
        channel: 'bank',
        kind: 'payment',
        out_trade_no: this.orderOf(fund_acc),
        transaction_id: entry.reference,
        amount,
        note: fund_acc,
      });
      this.#options.notify(entry);
    });
    return entry;
  }

  /** The order a number was opened for, or the number itself when the customer chose it. */
  orderOf(fund_acc: string): string {
    return this.#options.store.number(fund_acc)?.out_trade_no ?? fund_acc;
  }

  /** 冲正: takes an earlier credit back. @throws ControlError */
  reverse(reference: string): AccountEntry {
    const { store, journal, ledger, ports } = this.#options;
    const original = store.entry(reference);
    if (!original || original.direction !== 'CRDT')
      throw new ControlError(404, `reference ${reference} is no credit of this bank`);
    if (store.entries().some((entry) => entry.original_reference === reference))
      throw new ControlError(409, `${reference} has been taken back already`);
    const entry: AccountEntry = {
      ...original,
      reference: this.#newReference(),
      direction: 'DBIT',
      reversal: true,
      booked_at_ms: ports.now(),
      remittance: '冲正',
      original_reference: reference,
    };
    const out_trade_no = this.orderOf(original.fund_acc ?? '');
    journal.atomically(() => {
      store.addEntry(entry);
      ledger.add({
        at_ms: ports.now(),
        channel: 'bank',
        kind: 'reverse',
        out_trade_no,
        transaction_id: entry.reference,
        amount: entry.amount,
        note: reference,
      });
      this.#options.notify(entry);
    });
    return entry;
  }

  /** Orders a payment out of the account; the same number again is the same payment. */
  send(ordered: { out_transfer_no: string; amount: number; payee: Party; remark: string }): OutgoingTransfer {
    const { store, ports, config } = this.#options;
    const known = store.transfer(ordered.out_transfer_no);
    if (known) {
      if (known.amount !== ordered.amount || known.payee.account !== ordered.payee.account)
        throw new BankRefusal(400, 'NUMBER_REPEATED', `${ordered.out_transfer_no} is another transfer`);
      return known;
    }
    if (ordered.remark.includes(SENTINELS.payee_unknown))
      throw new BankRefusal(400, 'PAYEE_UNKNOWN', 'there is no such account at the payee’s bank');
    if (this.balance() < ordered.amount) throw new BankRefusal(400, 'NOT_ENOUGH', 'the balance is not enough');
    const hangs = ordered.remark.includes(SENTINELS.hangs);
    const transfer: OutgoingTransfer = {
      transfer_no: this.#newReference(),
      ...ordered,
      status: 'PROCESSING',
      reason: null,
      due_at_ms: hangs ? null : ports.now() + config.transfer_settle_ms,
    };
    store.saveTransfer(transfer);
    this.#arm(transfer);
    return transfer;
  }

  /** Payments that the customer has ordered, in the order in which it did. */
  transfers(): readonly OutgoingTransfer[] {
    return this.#options.store.transfers();
  }

  /** 退汇: a payment that had gone out comes back. @throws ControlError */
  returnPayment(out_transfer_no: string, reason: string): AccountEntry {
    const { store, journal, ledger, ports } = this.#options;
    const transfer = store.transfer(out_transfer_no);
    if (!transfer) throw new ControlError(404, `out_transfer_no ${out_transfer_no} is no payment of this customer`);
    if (transfer.status === 'FAILED') throw new ControlError(409, `${out_transfer_no} never left`);
    const entry: AccountEntry = {
      reference: this.#newReference(),
      direction: 'CRDT',
      reversal: false,
      return_reason: reason,
      fund_acc: null,
      amount: transfer.amount,
      currency: 'CNY',
      party: transfer.payee,
      booked_at_ms: ports.now(),
      end_to_end_id: out_transfer_no,
      remittance: reason,
      original_reference: null,
    };
    journal.atomically(() => {
      if (transfer.status === 'PROCESSING') this.#settle(transfer, 'SUCCEEDED', null);
      store.saveTransfer({ ...transfer, status: 'FAILED', reason, due_at_ms: null });
      store.addEntry(entry);
      ledger.add({
        at_ms: ports.now(),
        channel: 'bank',
        kind: 'refund_failed',
        out_trade_no: out_transfer_no,
        out_refund_no: out_transfer_no,
        amount: transfer.amount,
        note: reason,
      });
      this.#options.notify(entry);
    });
    return entry;
  }

  /** What is in the settlement account now, or was when a day began. @param day YYYY-MM-DD */
  balance(day?: string): number {
    const { store, config } = this.#options;
    return store
      .entries()
      .filter((entry) => day === undefined || chinaDay(entry.booked_at_ms) < day)
      .reduce(
        (sum, entry) => sum + (entry.direction === 'CRDT' ? entry.amount : -entry.amount),
        config.opening_balance_fen,
      );
  }

  #arm(transfer: OutgoingTransfer): void {
    const { ports, journal, store } = this.#options;
    if (transfer.due_at_ms === null) return;
    ports.schedule(Math.max(0, transfer.due_at_ms - ports.now()), () => {
      const current = store.transfer(transfer.out_transfer_no);
      if (current?.status !== 'PROCESSING') return;
      const fails = current.remark.includes(SENTINELS.fails);
      journal.atomically(() => this.#settle(current, fails ? 'FAILED' : 'SUCCEEDED', fails ? '账号状态异常' : null));
    });
  }

  #settle(transfer: OutgoingTransfer, status: 'SUCCEEDED' | 'FAILED', reason: string | null): void {
    const { store, ledger, ports } = this.#options;
    store.saveTransfer({ ...transfer, status, reason, due_at_ms: null });
    const common = {
      at_ms: ports.now(),
      channel: 'bank',
      out_trade_no: transfer.out_transfer_no,
      out_refund_no: transfer.out_transfer_no,
      amount: transfer.amount,
    } as const;
    if (status === 'FAILED') {
      ledger.add({ ...common, kind: 'refund_failed', ...(reason === null ? {} : { note: reason }) });
      return;
    }
    store.addEntry({
      reference: transfer.transfer_no,
      direction: 'DBIT',
      reversal: false,
      return_reason: null,
      fund_acc: null,
      amount: transfer.amount,
      currency: 'CNY',
      party: transfer.payee,
      booked_at_ms: ports.now(),
      end_to_end_id: transfer.out_transfer_no,
      remittance: transfer.remark,
      original_reference: null,
    });
    ledger.add({ ...common, kind: 'refund', transaction_id: transfer.transfer_no });
  }

  /** Even, so that a reader of JSON with doubles keeps all sixteen digits. */
  #nextNumber(): string {
    const { config, store } = this.#options;
    const places = 16 - config.number_prefix.length;
    const serial = ((config.first_number + store.numbers().length) * 2) % 10 ** places;
    return config.number_prefix + String(serial).padStart(places, '0');
  }

  #newReference(): string {
    const { ports } = this.#options;
    return `B${chinaDay(ports.now()).replaceAll('-', '')}${ports.randomBytes(8).toString('hex').toUpperCase()}`;
  }
}
