import type { BankBook } from './book.ts';
import type { BankConfig } from './config.ts';
import type { FaultOperation } from '../faults/fault.ts';
import type { IssuedNumber, OutgoingTransfer } from './records.ts';
import { BankRefusal } from './refusal.ts';
import type { BankStore } from './store.ts';

export interface ApiContext {
  readonly book: BankBook;
  readonly store: BankStore;
  readonly config: BankConfig;
}

/** One call of the bank's interface. */
export interface ApiCall {
  readonly method: 'GET' | 'POST';
  /** The first group is the number in the path. */
  readonly path: RegExp;
  readonly operation: FaultOperation;
  run(context: ApiContext, number: string, body: Record<string, unknown>): Record<string, unknown>;
}

/** Every call there is. */
export const CALLS: readonly ApiCall[] = [
  {
    method: 'GET',
    path: /^\/v1\/ping$/,
    operation: 'query',
    run: () => ({ status: 'OK' }),
  },
  {
    method: 'POST',
    path: /^\/v1\/virtual-accounts$/,
    operation: 'pay',
    run: ({ book, config }, _number, body) => {
      const opened = book.open(
        textOf(body, 'out_trade_no', 64),
        amountOf(body),
        typeof body['description'] === 'string' ? body['description'] : '',
      );
      return { ...shownNumber(opened), fund_acc_name: config.fund_acc_name, bank_branch: config.bank_branch };
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/virtual-accounts\/([^/]+)$/,
    operation: 'query',
    run: ({ store }, number) => {
      const known = store.numberOf(number);
      if (!known) throw new BankRefusal(404, 'NOT_FOUND', `no number was opened for ${number}`);
      return shownNumber(known);
    },
  },
  {
    method: 'POST',
    path: /^\/v1\/virtual-accounts\/([^/]+)\/close$/,
    operation: 'close',
    run: ({ book }, number) => shownNumber(book.close(number)),
  },
  {
    method: 'POST',
    path: /^\/v1\/transfers$/,
    operation: 'refund',
    run: ({ book }, _number, body) =>
      shownTransfer(
        book.send({
          out_transfer_no: textOf(body, 'out_transfer_no', 35),
          amount: amountOf(body),
          payee: {
            name: optionalText(body, 'payee_name'),
            account: textOf(body, 'payee_account', 34),
            bank: optionalText(body, 'payee_bank'),
          },
          remark: optionalText(body, 'remark') ?? '',
        }),
      ),
  },
  {
    method: 'GET',
    path: /^\/v1\/transfers\/([^/]+)$/,
    operation: 'query',
    run: ({ store }, number) => {
      const known = store.transfer(number);
      if (!known) throw new BankRefusal(404, 'NOT_FOUND', `${number} is not known`);
      return shownTransfer(known);
    },
  },
];

function shownNumber({ out_trade_no, status, fund_acc }: IssuedNumber): Record<string, unknown> {
  return { out_trade_no, status, fund_acc };
}

function shownTransfer(transfer: OutgoingTransfer): Record<string, unknown> {
  const { out_transfer_no, transfer_no, amount, status, reason } = transfer;
  return { out_transfer_no, transfer_no, amount, status, ...(reason === null ? {} : { reason }) };
}

function textOf(body: Record<string, unknown>, name: string, most: number): string {
  const value = body[name];
  if (typeof value === 'string' && value !== '' && value.length <= most) return value;
  throw new BankRefusal(400, 'INVALID_REQUEST', `${name} must be a text of 1 to ${most} characters`);
}

function optionalText(body: Record<string, unknown>, name: string): string | null {
  const value = body[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function amountOf(body: Record<string, unknown>): number {
  const { amount } = body;
  if (typeof amount === 'number' && Number.isSafeInteger(amount) && amount > 0) return amount;
  throw new BankRefusal(400, 'INVALID_REQUEST', 'amount must be a positive whole number of fen');
}
