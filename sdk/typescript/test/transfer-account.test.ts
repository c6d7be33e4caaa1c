import { describe, expect, test } from 'vitest';
import { transferAccountOf } from '../src/index.ts';

describe('the account of a bank transfer', () => {
  // The example of the product document, 定向转账支付: more digits than a JavaScript number holds.
  const document =
    '{"fund_acc_name":"深圳市普尔瀚达科技有限公司","fund_acc":9902000016241739,"ecp_bank_branch":"民生银行广州分行"}';

  test('is read with every digit', () => {
    expect(transferAccountOf(document)).toEqual({
      fund_acc_name: '深圳市普尔瀚达科技有限公司',
      fund_acc: '9902000016241739',
      ecp_bank_branch: '民生银行广州分行',
    });
    expect((JSON.parse(document) as { fund_acc: number }).fund_acc.toFixed()).not.toBe('9902000016241739');
  });

  test.each(['{ "ecp_bank_branch": "b", "fund_acc" : 42 }', '{"fund_acc":"42","ecp_bank_branch":"b"}'])(
    'is read from %s',
    (pay_info) => {
      expect(transferAccountOf(pay_info)).toEqual({ fund_acc_name: '', fund_acc: '42', ecp_bank_branch: 'b' });
    },
  );

  test('is not taken out of a name', () => {
    const tricky = JSON.stringify({ fund_acc_name: '"fund_acc":1,', fund_acc: 42, ecp_bank_branch: '' });
    expect(transferAccountOf(tricky)).toMatchObject({ fund_acc_name: '"fund_acc":1,', fund_acc: '42' });
  });

  test.each(['', 'null', '{}', '{"fund_acc":"x"}', '{"fund_acc":1.5}'])('is not made up from %s', (pay_info) => {
    expect(() => transferAccountOf(pay_info)).toThrow(expect.objectContaining({ code: 'ERR_HELIU_INVALID_ARGUMENT' }));
  });
});
