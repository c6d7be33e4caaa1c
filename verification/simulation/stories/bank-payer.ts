/** Somebody who pays from an account at a bank, and what the banks do with such payments. */
import { ControlError } from '../../../simulators/src/kernel/control-error.ts';
import type { IncomingTransfer } from '../../../simulators/src/bank/book.ts';
import type { Party } from '../../../simulators/src/bank/records.ts';
import { accountOfNumber, type BankAccountId } from '../accounts.ts';
import { pick } from '../trial/pick.ts';
import type { Json } from '../../merchant.ts';
import { inSeconds, insist, orderFields, type Teller } from './story.ts';

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

/** An order that is to be paid to a number. */
export interface Placed {
  readonly mch_trade_id: string;
  readonly fund_acc: string;
  readonly total: number;
}

/** Places an order that is paid by bank transfer; null when it was not given a number. */
export async function placeTransfer(teller: Teller, more: Json = {}): Promise<Placed | null> {
  const fields = transferFields(teller, more);
  const placed = await insist(teller.merchant, '/v2/pay', fields);
  const fund_acc = placed?.code === 0 ? numberIn(placed.data) : null;
  return fund_acc === null ? null : { mch_trade_id: fields.mch_trade_id, fund_acc, total: Number(fields['total_fee']) };
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
    const { random } = this.#teller;
    this.takeBack(pick(random, this.transfers).reference);
  }

  /** The bank takes the transfer with this reference back. */
  takeBack(reference: string): void {
    const { world } = this.#teller;
    const account_id = this.transfers.find((one) => one.reference === reference)?.account_id;
    if (!account_id) throw new Error(`${reference} was never transferred`);
    tryAtBank(this.#teller, `takes ${reference} back`, () =>
      world.atBank(account_id, (book) => book.reverse(reference)),
    );
  }
}

type OurPayment = { readonly remark: string; readonly payee: Party };

/** Whether a payment of ours is what an operator sent back to this payer. */
export function isReturnTo(payer: BankPayer, { remark, payee }: OurPayment): boolean {
  return payee.account === payer.party.account && remark.startsWith('退回');
}

/** Payments of ours that are recognised by something come back to us. Answers how many did. */
export function sendBack(teller: Teller, fund_acc: string, is_it: (payment: OurPayment) => boolean): number {
  const { world } = teller;
  const come = (out_transfer_no: string): boolean =>
    tryAtBank(teller, `returns ${out_transfer_no}`, () =>
      world.atBank(accountOfNumber(fund_acc), (book) => book.returnPayment(out_transfer_no, '账号不存在')),
    );
  return world.bank.book
    .transfers()
    .filter(is_it)
    .filter(({ out_transfer_no }) => come(out_transfer_no)).length;
}

/** What has been taken back, or has never left, is refused by the bank. Answers whether it did as asked. */
function tryAtBank({ world }: Teller, what: string, deed: () => unknown): boolean {
  try {
    deed();
    world.trace.note('bank', what);
    return true;
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    world.trace.note('bank', `${what}: ${error.message}`);
    return false;
  }
}
