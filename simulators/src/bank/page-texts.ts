/** The sentences of the bank's counter, in both languages. */
export interface CounterTexts {
  readonly language: string;
  readonly title: string;
  readonly tagline: string;
  readonly other: string;
  readonly form: string;
  readonly hint: string;
  readonly fundAcc: string;
  readonly amount: string;
  readonly payer: string;
  readonly remittance: string;
  readonly send: string;
  readonly sent: string;
  readonly refused: string;
  readonly waiting: string;
  readonly nobodyWaits: string;
  readonly entries: string;
  readonly noEntries: string;
  readonly columns: {
    readonly time: string;
    readonly what: string;
    readonly number: string;
    readonly party: string;
    readonly amount: string;
  };
  readonly kinds: {
    readonly credit: string;
    readonly debit: string;
    readonly reversal: string;
    readonly returned: string;
  };
  readonly balance: string;
  readonly fill: string;
}

export const COUNTER_TEXTS: Readonly<Record<'zh' | 'en', CounterTexts>> = {
  zh: {
    language: 'zh-CN',
    title: '合流演示银行 · 柜台',
    tagline: '向订单专属账号转账，钱到账即支付成功',
    other: 'English',
    form: '转账',
    hint: '户名、账号和金额以订单的 pay_info 为准；少付、多付、重复付都会进入异常队列',
    fundAcc: '收款账号',
    amount: '金额（元）',
    payer: '付款人户名',
    remittance: '附言',
    send: '确认转账',
    sent: '已入账，银行流水号',
    refused: '未能转账',
    waiting: '等待付款的账号',
    nobodyWaits: '还没有订单在等待转账。下一笔 ecp.transfer 订单会出现在这里。',
    entries: '账户流水',
    noEntries: '今天还没有流水。',
    columns: { time: '时间', what: '类型', number: '账号', party: '对方', amount: '金额' },
    kinds: { credit: '来账', debit: '往账', reversal: '冲正', returned: '退汇' },
    balance: '余额',
    fill: '填入',
  },
  en: {
    language: 'en',
    title: 'Heliu demo bank · counter',
    tagline: 'Transfer to an order’s own account number: the order is paid when the money is there',
    other: '中文',
    form: 'Transfer',
    hint: 'Name, number and amount stand in the order’s pay_info. Too little, too much or twice waits in the exceptions queue.',
    fundAcc: 'Account number',
    amount: 'Amount (yuan)',
    payer: 'Payer’s name',
    remittance: 'Remittance text',
    send: 'Make the transfer',
    sent: 'Booked; the bank’s reference is',
    refused: 'Not transferred',
    waiting: 'Numbers that wait for money',
    nobodyWaits: 'No order waits for a transfer yet. The next ecp.transfer order appears here.',
    entries: 'Account entries',
    noEntries: 'Nothing has been booked yet.',
    columns: { time: 'Time', what: 'Kind', number: 'Number', party: 'Other party', amount: 'Amount' },
    kinds: { credit: 'credit', debit: 'debit', reversal: 'reversal', returned: 'returned' },
    balance: 'Balance',
    fill: 'Use',
  },
};
