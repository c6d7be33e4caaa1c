import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { readItems } from '../../gateway/src/channels/bank/camt/read-stream.ts';
import { camt053, camt054, type CamtContext } from '../../simulators/src/bank/camt.ts';
import type { AccountEntry } from '../../simulators/src/bank/records.ts';

// What the simulator writes and the gateway reads, against the published definitions. The fragment below is copied from the
// schemas camt.053.001.08.xsd and camt.054.001.08.xsd (iso20022.org, message archive, Bank-to-Customer Cash Management): every type that
// occurs in what is written, with its elements in their order. `?` at most once, `*` any number, `+` at least one, `|` a choice. What
// follows a colon is the type; elements without one do not occur here.

const COMMON: Readonly<Record<string, string>> = {
  GroupHeader81: 'MsgId:Max35Text CreDtTm:ISODateTime MsgRcpt? MsgPgntn? OrgnlBizQry? AddtlInf?',
  DateTimePeriod1: 'FrDtTm:ISODateTime ToDtTm:ISODateTime',
  CashAccount39: 'Id:AccountIdentification4Choice Tp? Ccy?:Currency Nm?:Max70Text Prxy? Ownr? Svcr?',
  CashAccount38: 'Id:AccountIdentification4Choice Tp? Ccy?:Currency Nm?:Max70Text Prxy?',
  AccountIdentification4Choice: 'IBAN | Othr:GenericAccountIdentification1',
  GenericAccountIdentification1: 'Id:Max34Text SchmeNm? Issr?',
  CashBalance8: 'Tp:BalanceType13 CdtLine* Amt:Amount CdtDbtInd:CreditDebitCode Dt:DateAndDateTime2Choice Avlbty*',
  BalanceType13: 'CdOrPrtry:BalanceType10Choice SubTp?',
  BalanceType10Choice: 'Cd:Max4Text | Prtry',
  DateAndDateTime2Choice: 'Dt:ISODate | DtTm:ISODateTime',
  TotalTransactions6:
    'TtlNtries? TtlCdtNtries?:NumberAndSumOfTransactions1 TtlDbtNtries?:NumberAndSumOfTransactions1 TtlNtriesPerBkTxCd*',
  NumberAndSumOfTransactions1: 'NbOfNtries?:Max15NumericText Sum?:DecimalNumber',
  ReportEntry10:
    'NtryRef? Amt:Amount CdtDbtInd:CreditDebitCode RvslInd?:Boolean Sts:EntryStatus1Choice BookgDt?:DateAndDateTime2Choice ValDt?:DateAndDateTime2Choice AcctSvcrRef?:Max35Text Avlbty* BkTxCd:BankTransactionCodeStructure4 ComssnWvrInd? AddtlInfInd? AmtDtls? Chrgs? TechInptChanl? Intrst? CardTx? NtryDtls*:EntryDetails9 AddtlNtryInf?',
  EntryStatus1Choice: 'Cd:Max4Text | Prtry',
  BankTransactionCodeStructure4: 'Domn?:BankTransactionCodeStructure5 Prtry?',
  BankTransactionCodeStructure5: 'Cd:Max4Text Fmly:BankTransactionCodeStructure6',
  BankTransactionCodeStructure6: 'Cd:Max4Text SubFmlyCd:Max4Text',
  EntryDetails9: 'Btch? TxDtls*:EntryTransaction10',
  EntryTransaction10:
    'Refs?:TransactionReferences6 Amt?:Amount CdtDbtInd?:CreditDebitCode AmtDtls? Avlbty* BkTxCd? Chrgs? Intrst? RltdPties?:TransactionParties6 RltdAgts?:TransactionAgents5 LclInstrm? Purp? RltdRmtInf* RmtInf?:RemittanceInformation16 RltdDts? RltdPric? RltdQties* FinInstrmId? Tax? RtrInf?:PaymentReturnReason5 CorpActn? SfkpgAcct? CshDpst* CardTx? AddtlTxInf? SplmtryData*',
  TransactionReferences6:
    'MsgId? AcctSvcrRef?:Max35Text PmtInfId? InstrId? EndToEndId?:Max35Text UETR? TxId? MndtId? ChqNb? ClrSysRef? AcctOwnrTxId? AcctSvcrTxId? MktInfrstrctrTxId? PrcgId? Prtry*',
  TransactionParties6:
    'InitgPty? Dbtr?:Party40Choice DbtrAcct?:CashAccount38 UltmtDbtr? Cdtr?:Party40Choice CdtrAcct?:CashAccount38 UltmtCdtr? TradgPty? Prtry*',
  Party40Choice: 'Pty:PartyIdentification135 | Agt',
  PartyIdentification135: 'Nm?:Max140Text PstlAdr? Id? CtryOfRes? CtctDtls?',
  TransactionAgents5:
    'InstgAgt? InstdAgt? DbtrAgt?:BranchAndFinancialInstitutionIdentification6 CdtrAgt? IntrmyAgt1? IntrmyAgt2? IntrmyAgt3? RcvgAgt? DlvrgAgt? IssgAgt? SttlmPlc? Prtry*',
  BranchAndFinancialInstitutionIdentification6: 'FinInstnId:FinancialInstitutionIdentification18 BrnchId?',
  FinancialInstitutionIdentification18: 'BICFI? ClrSysMmbId? LEI? Nm?:Max140Text PstlAdr? Othr?',
  RemittanceInformation16: 'Ustrd*:Max140Text Strd*',
  PaymentReturnReason5: 'OrgnlBkTxCd? Orgtr? Rsn?:ReturnReason5Choice AddtlInf*:Max105Text',
  ReturnReason5Choice: 'Cd:Max4Text | Prtry',
};

const STATEMENT: Readonly<Record<string, string>> = {
  ...COMMON,
  Document: 'BkToCstmrStmt:BankToCustomerStatementV08',
  BankToCustomerStatementV08: 'GrpHdr:GroupHeader81 Stmt+:AccountStatement9 SplmtryData*',
  AccountStatement9:
    'Id:Max35Text StmtPgntn? ElctrncSeqNb? RptgSeq? LglSeqNb? CreDtTm?:ISODateTime FrToDt?:DateTimePeriod1 CpyDplctInd? RptgSrc? Acct:CashAccount39 RltdAcct?:CashAccount38 Intrst* Bal+:CashBalance8 TxsSummry?:TotalTransactions6 Ntry*:ReportEntry10 AddtlStmtInf?',
};

const NOTIFICATION: Readonly<Record<string, string>> = {
  ...COMMON,
  Document: 'BkToCstmrDbtCdtNtfctn:BankToCustomerDebitCreditNotificationV08',
  BankToCustomerDebitCreditNotificationV08: 'GrpHdr:GroupHeader81 Ntfctn+:AccountNotification17 SplmtryData*',
  AccountNotification17:
    'Id:Max35Text NtfctnPgntn? ElctrncSeqNb? RptgSeq? LglSeqNb? CreDtTm?:ISODateTime FrToDt?:DateTimePeriod1 CpyDplctInd? RptgSrc? Acct:CashAccount39 RltdAcct?:CashAccount38 Intrst* TxsSummry?:TotalTransactions6 Ntry*:ReportEntry10 AddtlNtfctnInf?',
};

const text = (most: number): RegExp => new RegExp(`^[^]{1,${most}}$`, 'u');

/** Simple types, by what a value of them looks like. */
const SIMPLE: Readonly<Record<string, RegExp>> = {
  Max4Text: text(4),
  Max34Text: text(34),
  Max35Text: text(35),
  Max70Text: text(70),
  Max105Text: text(105),
  Max140Text: text(140),
  Max15NumericText: /^\d{1,15}$/,
  DecimalNumber: /^\d{1,18}(\.\d{1,17})?$/,
  Amount: /^\d{1,13}(\.\d{1,5})?$/,
  Currency: /^[A-Z]{3}$/,
  CreditDebitCode: /^(CRDT|DBIT)$/,
  Boolean: /^(true|false|1|0)$/,
  ISODate: /^\d{4}-\d{2}-\d{2}$/,
  ISODateTime: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/,
};

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

function parse(xml: string): Element {
  const root: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    const element: Element = {
      name: tag.name,
      attributes: tag.attributes,
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('text', (given) => {
    const element = open.at(-1);
    if (element) element.text += given;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(xml).close();
  const [document] = root.children;
  if (!document) throw new Error('no document');
  return document;
}

/** Everything in which an element differs from its type. */
function complaints(element: Element, type: string, types: Readonly<Record<string, string>>, path: string): string[] {
  const here = `${path}/${element.name}`;
  const rule = types[type];
  if (rule === undefined) {
    const form = SIMPLE[type];
    if (!form) return [`${here}: type ${type} is not described`];
    const bad = !form.test(element.text) || element.children.length > 0;
    const lacks = type === 'Amount' && !/^[A-Z]{3}$/.test(element.attributes['Ccy'] ?? '');
    return bad || lacks ? [`${here}: "${element.text}" is no ${type}`] : [];
  }
  const is_choice = rule.includes('|');
  const parts = rule.split(is_choice ? /\s*\|\s*/ : /\s+/).map((part) => {
    const [, name = '', mark = '', of = ''] = /^(\w+)([?*+]?)(?::(\w+))?$/.exec(part) ?? [];
    return { name, mark, of };
  });
  const found: string[] = element.text.trim() === '' ? [] : [`${here}: has text`];
  let place = 0;
  for (const child of element.children) {
    const index = parts.findIndex((part) => part.name === child.name);
    const part = parts[index];
    if (!part) found.push(`${here}: ${child.name} does not belong here`);
    else {
      if (index < place) found.push(`${here}: ${child.name} stands too late`);
      place = Math.max(place, index);
      found.push(...complaints(child, part.of, types, here));
    }
  }
  const count = (name: string): number => element.children.filter((child) => child.name === name).length;
  if (is_choice && element.children.length !== 1) found.push(`${here}: is not exactly one alternative`);
  for (const { name, mark } of is_choice ? [] : parts) {
    if ((mark === '' || mark === '+') && count(name) === 0) found.push(`${here}: lacks ${name}`);
    if ((mark === '' || mark === '?') && count(name) > 1) found.push(`${here}: has ${count(name)} of ${name}`);
  }
  return found;
}

const CONTEXT: CamtContext = {
  version: '08',
  message_id: 'F20260412abcd',
  created_at_ms: Date.parse('2026-04-12T23:00:00+08:00'),
  settlement_account: '6226090000000001',
  fund_acc_name: '深圳市合流演示科技有限公司',
};

const base: AccountEntry = {
  reference: 'B1',
  direction: 'CRDT',
  reversal: false,
  return_reason: null,
  fund_acc: '9902000000000002',
  amount: 7622,
  currency: 'CNY',
  party: { name: '甲 & 乙 <公司>', account: '6222020000000008', bank: '工商银行' },
  booked_at_ms: Date.parse('2026-04-12T10:15:00+08:00'),
  end_to_end_id: null,
  remittance: '货款',
  original_reference: null,
};

/** Every kind of entry that the bank writes. */
const ENTRIES: readonly AccountEntry[] = [
  base,
  { ...base, reference: 'B2', party: { name: null, account: null, bank: null }, remittance: null, amount: 5 },
  { ...base, reference: 'B3', direction: 'DBIT', reversal: true, original_reference: 'B1' },
  { ...base, reference: 'B4', direction: 'DBIT', fund_acc: null, end_to_end_id: 'R1' },
  { ...base, reference: 'B5', return_reason: '账号不存在', fund_acc: null, end_to_end_id: 'R1' },
  {
    ...base,
    reference: 'B6',
    remittance: '附'.repeat(300),
    party: { name: '名'.repeat(200), account: '6222', bank: '行'.repeat(200) },
  },
];

const DAY = {
  id: 'S1',
  day: '2026-04-12',
  opening_fen: -100,
  totals: { credits: 4, credits_fen: 22_871, debits: 2, debits_fen: 15_244 },
};

describe('what the simulated bank writes is what the standard describes', () => {
  test('camt.054.001.08', () => {
    const document = parse(camt054(CONTEXT, ENTRIES));
    expect(document.attributes['xmlns']).toBe('urn:iso:std:iso:20022:tech:xsd:camt.054.001.08');
    expect(complaints(document, 'Document', NOTIFICATION, '')).toEqual([]);
  });

  test('camt.053.001.08', () => {
    const document = parse([...camt053(CONTEXT, DAY, ENTRIES)].join(''));
    expect(document.attributes['xmlns']).toBe('urn:iso:std:iso:20022:tech:xsd:camt.053.001.08');
    expect(complaints(document, 'Document', STATEMENT, '')).toEqual([]);
  });

  test('and the check would see it if it were not', () => {
    const good = camt054(CONTEXT, [base]);
    const said = (xml: string): string[] => complaints(parse(xml), 'Document', NOTIFICATION, '');
    expect(said(good.replace('<CdtDbtInd>CRDT</CdtDbtInd>', ''))).toEqual([expect.stringContaining('lacks CdtDbtInd')]);
    expect(said(good.replaceAll('BkTxCd', 'BkTxCode'))).toEqual(
      expect.arrayContaining([expect.stringContaining('BkTxCode does not belong')]),
    );
    expect(said(good.replace(' Ccy="CNY"', ''))).toEqual([expect.stringContaining('is no Amount')]);
    expect(said(good.replace(/(<AcctSvcrRef>B1<\/AcctSvcrRef>)(<BkTxCd>.*?<\/BkTxCd>)/, '$2$1'))).toEqual([
      expect.stringContaining('stands too late'),
    ]);
  });
});

describe('the gateway reads what the bank writes', () => {
  async function* once(xml: string): AsyncGenerator<Buffer, void, void> {
    yield Buffer.from(xml);
  }

  async function read(xml: string) {
    const items = [];
    for await (const some of readItems(once(xml))) items.push(...some);
    return items;
  }

  const payments = [
    {
      kind: 'credit',
      reference: 'B1',
      number: '9902000000000002',
      amount_fen: 7622,
      payer_name: '甲 & 乙 <公司>',
      payer_account: '6222020000000008',
      payer_bank: '工商银行',
      remittance: '货款',
      end_to_end_id: null,
    },
    { kind: 'credit', reference: 'B2', payer_name: null, payer_account: null },
    { kind: 'reversal', reference: 'B3', original_reference: 'B1', number: '9902000000000002' },
    { kind: 'debit', reference: 'B4', end_to_end_id: 'R1' },
    { kind: 'returned', reference: 'B5', end_to_end_id: 'R1' },
    { kind: 'credit', reference: 'B6' },
  ];

  test.each(['08', '02'] as const)('in both messages of version 001.%s, the same', async (version) => {
    for (const xml of [
      camt054({ ...CONTEXT, version }, ENTRIES),
      [...camt053({ ...CONTEXT, version }, DAY, ENTRIES)].join(''),
    ]) {
      const items = await read(xml);
      expect(items.filter((item) => item.kind === 'unreadable')).toEqual([]);
      expect(items.flatMap((item) => (item.kind === 'entry' ? item.payments : []))).toMatchObject(payments);
    }
  });

  test('with the balances and totals of the day', async () => {
    const [head] = await read([...camt053(CONTEXT, DAY, ENTRIES)].join(''));
    expect(head).toMatchObject({
      kind: 'head',
      head: {
        type: 'statement',
        id: 'S1',
        account: '6226090000000001',
        from_day: '2026-04-12',
        to_day: '2026-04-12',
        opening_fen: -100,
        closing_fen: -100 + 22_871 - 15_244,
        credits: { count: 4, sum_fen: 22_871 },
        debits: { count: 2, sum_fen: 15_244 },
      },
    });
  });
});
