/** ecp.transfer: the payer transfers to a number that belongs to the order alone (pay-api, 定向转账支付). */
import type { PayType } from '../../channel.ts';

export const transfer: PayType = {
  code: 'ecp.transfer',
  channel: 'bank',
  summary: '定向转账支付: the payer transfers the exact amount to the bank account in pay_info',
  fields: {
    payer_name: {
      required: false,
      description: '付款人户名：只接受来自该户名的转账 (only a transfer of this account holder pays the order)',
      example: '广州某某贸易有限公司',
      max_length: 140,
    },
  },
  reply: {
    pay_info: {
      description:
        'JSON text with fund_acc_name (收款户名), fund_acc (收款账号, a number) and ecp_bank_branch (开户行)',
      example:
        '{"fund_acc_name":"深圳市普尔瀚达科技有限公司","fund_acc":9902000016241739,"ecp_bank_branch":"民生银行广州分行"}',
    },
  },
  initial_trade_state: 6,
  reply_shows_state: true,
  reply_shows_order: true,
  virtual_account: true,
  // A company's payment run may come once a week.
  lifetime_s: 7 * 86_400,
  // The number stays with the order: the same order gets the same one again.
  begin_is_repeatable: true,
};

/** What pay_info shows; fund_acc is a JSON number, as in the document's example, written digit by digit. */
export function payInfo(account: { name: string; number: string; branch: string }): string {
  const { name, number, branch } = account;
  return `{"fund_acc_name":${JSON.stringify(name)},"fund_acc":${number},"ecp_bank_branch":${JSON.stringify(branch)}}`;
}
