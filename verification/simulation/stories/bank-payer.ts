/** Somebody who pays from an account at a bank, and what the banks do with such payments. */
import { ControlError } from '../../../simulators/src/kernel/control-error.ts';
import type { IncomingTransfer } from '../../../simulators/src/bank/book.ts';
import type { Party } from '../../../simulators/src/bank/records.ts';
import { accountOfNumber, type BankAccountId } from '../accounts.ts';
import { pick } from '../trial/pick.ts';
import type { Json } from '../../merchant.ts';
import { inSeconds, orderFields, type Teller } from './story.ts';

/** Forms in which a bank tells of a transfer. */
const FORMATS = ['camt054', 'camt054.02', 'json'] as const;

/**
 * Fields of an order that is paid by bank transfer. One that nobody pays is asked about for as long as it lives: hours here, not
 * the week that it has by itself.
 */
export function transferFields(teller: Teller, more: Json = {}): Json & { mch_trade_id: string } {
  const time_expire = inSeconds(teller.world, teller.random.integer(600, 7_200));
  return orderFields(teller, 'ecp.transfer', { time_expire, ...more });
}

/** The digits as they stand in the text: a double might not hold them. */
export function numberIn(data: Readonly<Record<string, unknown>> | undefined): string | null {
  return /"fund_acc":(\d+)/.exec(String(data?.['pay_info']))?.[1] ?? null;
}

export class BankPayer {
  readonly party: Party;
  /** What was transferred so far: the bank's reference, and to which of our accounts. */
  readonly transfers: { readonly reference: string; readonly account_id: BankAccountId }[] = [];
  readonly #teller: Teller;

  constructor(teller: Teller) {
    this.#teller = teller;
    const account = `6222${String(teller.random.integer(0, 999_999_999)).padStart(12, '0')}`;
    this.party = { name: `${teller.name} 贸易有限公司`, account, bank: '工商银行' };
  }

  /** Transfers to a number; answers the bank's reference. */
  transfer(fund_acc: string, amount: number, more: Partial<IncomingTransfer> = {}): string {
    const { world, random } = this.#teller;
    const account_id = accountOfNumber(fund_acc);
    world.bank.setPush({ ...world.bank.push(), format: pick(random, FORMATS) });
    const { reference } = world.atBank(account_id, (book) =>
      book.receive({ fund_acc, amount, payer: this.party, ...more }),
    );
    world.trace.note('payer', `transfers ${amount} fen to ${fund_acc}: ${reference}`);
    this.transfers.push({ reference, account_id });
    // Sometimes the bank says it once more.
    if (random.chance(0.15)) world.bank.resendCallback(world.bank.book.orderOf(fund_acc));
    return reference;
  }

  /** The bank takes one of the transfers back. */
  takeOneBack(): void {
    const { world, random } = this.#teller;
    const { reference, account_id } = pick(random, this.transfers);
    tryAtBank(this.#teller, `takes ${reference} back`, () =>
      world.atBank(account_id, (book) => book.reverse(reference)),
    );
  }
}

/** Payments of ours that are recognised by something come back to us. */
export function sendBack(
  teller: Teller,
  fund_acc: string,
  is_it: (payment: { remark: string; payee: Party }) => boolean,
): void {
  const { world } = teller;
  for (const payment of world.bank.book.transfers().filter(is_it)) {
    tryAtBank(teller, `returns ${payment.out_transfer_no}`, () =>
      world.atBank(accountOfNumber(fund_acc), (book) => book.returnPayment(payment.out_transfer_no, '账号不存在')),
    );
  }
}

/** What has been taken back, or has never left, is refused by the bank. */
function tryAtBank({ world }: Teller, what: string, deed: () => unknown): void {
  try {
    deed();
    world.trace.note('bank', what);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    world.trace.note('bank', `${what}: ${error.message}`);
  }
}
