/** Where the payer of a bank transfer (定向转账) sends the money. */
import { InvalidArgument } from './errors.ts';

export interface TransferAccount {
  /** 户名 */
  readonly fund_acc_name: string;
  /** 账号: digits, as text. */
  readonly fund_acc: string;
  /** 开户行 */
  readonly ecp_bank_branch: string;
}

/**
 * Reads the `pay_info` of an `ecp.transfer` order. The account number in it is a JSON number of sixteen digits, more than a
 * JavaScript number holds: `JSON.parse` alone gives another account.
 *
 * @throws InvalidArgument when it is no such text
 */
export function transferAccountOf(pay_info: string): TransferAccount {
  try {
    // A text before JSON.parse sees it. A colon inside of a text is not followed by a bare digit: texts end in a quote.
    const exact = pay_info.replace(/("fund_acc"\s*:\s*)(\d+)(?=\s*[,}])/, '$1"$2"');
    const { fund_acc_name = '', fund_acc, ecp_bank_branch = '' } = JSON.parse(exact) as Partial<TransferAccount>;
    if (typeof fund_acc === 'string' && /^\d+$/.test(fund_acc)) return { fund_acc_name, fund_acc, ecp_bank_branch };
  } catch {
    // Said below.
  }
  throw new InvalidArgument('pay_info is no account of a bank transfer');
}
