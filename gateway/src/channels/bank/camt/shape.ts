/**
 * The elements of camt.053 and camt.054 that are read, as data: for each element its children in their order, with how often
 * they may stand. From the published definitions of ISO 20022 (iso20022.org, message archive: camt.053.001.08, camt.054.001.08,
 * camt.053.001.02, camt.054.001.02). What is not looked at is `any`: it must be well-formed and in its place, no more.
 */

/** Text, a subtree that is passed over, or an element with children of its own. */
export type Content = 'text' | 'any' | Shape;

export interface Child {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly content: Content;
}

export interface Shape {
  /** `sequence`: in this order. `choice`: exactly one of them. */
  readonly kind: 'sequence' | 'choice';
  readonly children: ReadonlyMap<string, Child & { readonly place: number }>;
  readonly required: readonly Child[];
}

const MANY = Number.POSITIVE_INFINITY;

/**
 * Reads a line of names: `Name` once, `Name?` at most once, `Name*` any number, `Name+` at least one, `Name{10}` at most ten.
 * @param contents what the named children hold; the others are `any`
 */
function sequence(line: string, contents: Readonly<Record<string, Content>> = {}): Shape {
  const children = line.split(/\s+/).map((word): Child => {
    const [, name = '', mark = '', most = ''] = /^(\w+)([?*+]?)(?:\{(\d+)\})?$/.exec(word) ?? [];
    const content = contents[name] ?? 'any';
    if (most !== '') return { name, least: 0, most: Number(most), content };
    return { name, least: mark === '' || mark === '+' ? 1 : 0, most: mark === '*' || mark === '+' ? MANY : 1, content };
  });
  return shape('sequence', children);
}

function choice(contents: Readonly<Record<string, Content>>): Shape {
  return shape(
    'choice',
    Object.entries(contents).map(([name, content]) => ({ name, least: 0, most: 1, content })),
  );
}

function shape(kind: Shape['kind'], list: readonly Child[]): Shape {
  return {
    kind,
    children: new Map(list.map((child, place) => [child.name, { ...child, place }])),
    required: list.filter((child) => child.least > 0),
  };
}

export interface Message {
  /** `statement`: camt.053. `advice`: camt.054. */
  readonly type: 'statement' | 'advice';
  readonly version: '08' | '02';
  readonly namespace: string;
  readonly document: Shape;
}

const ACCOUNT_ID = choice({ IBAN: 'text', Othr: sequence('Id SchmeNm? Issr?', { Id: 'text' }) });
const DATE = choice({ Dt: 'text', DtTm: 'text' });
const TOTALS = sequence('NbOfNtries? Sum?', { NbOfNtries: 'text', Sum: 'text' });
const SUMMARY = sequence('TtlNtries? TtlCdtNtries? TtlDbtNtries? TtlNtriesPerBkTxCd*', {
  TtlCdtNtries: TOTALS,
  TtlDbtNtries: TOTALS,
});
const REMITTANCE = sequence('Ustrd* Strd*', { Ustrd: 'text' });
const AMOUNT_DETAILS = sequence('InstdAmt? TxAmt? CntrValAmt? AnncdPstngAmt? PrtryAmt*', {
  TxAmt: sequence('Amt CcyXchg?', { Amt: 'text' }),
});
const BALANCE_TYPE = sequence('CdOrPrtry SubTp?', { CdOrPrtry: choice({ Cd: 'text', Prtry: 'text' }) });
const RETURN = sequence('OrgnlBkTxCd? Orgtr? Rsn? AddtlInf*', {
  Rsn: choice({ Cd: 'text', Prtry: 'text' }),
  AddtlInf: 'text',
});

function message(type: Message['type'], version: Message['version']): Message {
  const name = type === 'statement' ? 'BkToCstmrStmt' : 'BkToCstmrDbtCdtNtfctn';
  const number = type === 'statement' ? '053' : '054';
  const entry = version === '08' ? entry08() : entry02();
  const body = type === 'statement' ? statement(version, entry) : notification(version, entry);
  const inner = type === 'statement' ? 'Stmt' : 'Ntfctn';
  const header =
    version === '08'
      ? 'MsgId CreDtTm MsgRcpt? MsgPgntn? OrgnlBizQry? AddtlInf?'
      : 'MsgId CreDtTm MsgRcpt? MsgPgntn? AddtlInf?';
  const line = version === '08' ? `GrpHdr ${inner}+ SplmtryData*` : `GrpHdr ${inner}+`;
  return {
    type,
    version,
    namespace: `urn:iso:std:iso:20022:tech:xsd:camt.${number}.001.${version}`,
    document: sequence(name, {
      [name]: sequence(line, { GrpHdr: sequence(header, { MsgId: 'text', CreDtTm: 'text' }), [inner]: body }),
    }),
  };
}

const account39 = sequence('Id Tp? Ccy? Nm? Prxy? Ownr? Svcr?', { Id: ACCOUNT_ID });
const account20 = sequence('Id Tp? Ccy? Nm? Ownr? Svcr?', { Id: ACCOUNT_ID });
const period = sequence('FrDtTm ToDtTm', { FrDtTm: 'text', ToDtTm: 'text' });

/** AccountStatement9, AccountStatement2. */
function statement(version: Message['version'], entry: Shape): Shape {
  const contents = {
    Id: 'text',
    CreDtTm: 'text',
    FrToDt: period,
    Acct: version === '08' ? account39 : account20,
    Bal: sequence(version === '08' ? 'Tp CdtLine* Amt CdtDbtInd Dt Avlbty*' : 'Tp CdtLine? Amt CdtDbtInd Dt Avlbty*', {
      Tp: BALANCE_TYPE,
      Amt: 'text',
      CdtDbtInd: 'text',
      Dt: DATE,
    }),
    TxsSummry: SUMMARY,
    Ntry: entry,
  } as const;
  return version === '08'
    ? sequence(
        'Id StmtPgntn? ElctrncSeqNb? RptgSeq? LglSeqNb? CreDtTm? FrToDt? CpyDplctInd? RptgSrc? Acct RltdAcct? Intrst* Bal+ TxsSummry? Ntry* AddtlStmtInf?',
        contents,
      )
    : sequence(
        'Id ElctrncSeqNb? LglSeqNb? CreDtTm FrToDt? CpyDplctInd? RptgSrc? Acct RltdAcct? Intrst* Bal+ TxsSummry? Ntry* AddtlStmtInf?',
        contents,
      );
}

/** AccountNotification17, AccountNotification2. */
function notification(version: Message['version'], entry: Shape): Shape {
  const contents = {
    Id: 'text',
    CreDtTm: 'text',
    FrToDt: period,
    Acct: version === '08' ? account39 : account20,
    TxsSummry: SUMMARY,
    Ntry: entry,
  } as const;
  return version === '08'
    ? sequence(
        'Id NtfctnPgntn? ElctrncSeqNb? RptgSeq? LglSeqNb? CreDtTm? FrToDt? CpyDplctInd? RptgSrc? Acct RltdAcct? Intrst* TxsSummry? Ntry* AddtlNtfctnInf?',
        contents,
      )
    : sequence(
        'Id ElctrncSeqNb? LglSeqNb? CreDtTm FrToDt? CpyDplctInd? RptgSrc? Acct RltdAcct? Intrst* TxsSummry? Ntry* AddtlNtfctnInf?',
        contents,
      );
}

const entryTexts = {
  NtryRef: 'text',
  Amt: 'text',
  CdtDbtInd: 'text',
  RvslInd: 'text',
  BookgDt: DATE,
  ValDt: DATE,
  AcctSvcrRef: 'text',
} as const;

/** TransactionParties6, TransactionParties2: the same but for what a party and an account are. */
function relatedParties(party: Shape, account: Shape): Shape {
  return sequence('InitgPty? Dbtr? DbtrAcct? UltmtDbtr? Cdtr? CdtrAcct? UltmtCdtr? TradgPty? Prtry*', {
    Dbtr: party,
    DbtrAcct: account,
    Cdtr: party,
    CdtrAcct: account,
  });
}

/** ReportEntry10 and EntryTransaction10. */
function entry08(): Shape {
  const party = choice({ Pty: sequence('Nm? PstlAdr? Id? CtryOfRes? CtctDtls?', { Nm: 'text' }), Agt: 'any' });
  const account = sequence('Id Tp? Ccy? Nm? Prxy?', { Id: ACCOUNT_ID, Nm: 'text' });
  const agent = sequence('FinInstnId BrnchId?', {
    FinInstnId: sequence('BICFI? ClrSysMmbId? LEI? Nm? PstlAdr? Othr?', { BICFI: 'text', Nm: 'text' }),
  });
  const transaction = sequence(
    'Refs? Amt? CdtDbtInd? AmtDtls? Avlbty* BkTxCd? Chrgs? Intrst? RltdPties? RltdAgts? LclInstrm? Purp? RltdRmtInf{10} RmtInf? RltdDts? RltdPric? RltdQties* FinInstrmId? Tax? RtrInf? CorpActn? SfkpgAcct? CshDpst* CardTx? AddtlTxInf? SplmtryData*',
    {
      Refs: sequence(
        'MsgId? AcctSvcrRef? PmtInfId? InstrId? EndToEndId? UETR? TxId? MndtId? ChqNb? ClrSysRef? AcctOwnrTxId? AcctSvcrTxId? MktInfrstrctrTxId? PrcgId? Prtry*',
        { AcctSvcrRef: 'text', EndToEndId: 'text', TxId: 'text' },
      ),
      Amt: 'text',
      CdtDbtInd: 'text',
      AmtDtls: AMOUNT_DETAILS,
      RltdPties: relatedParties(party, account),
      RltdAgts: sequence(
        'InstgAgt? InstdAgt? DbtrAgt? CdtrAgt? IntrmyAgt1? IntrmyAgt2? IntrmyAgt3? RcvgAgt? DlvrgAgt? IssgAgt? SttlmPlc? Prtry*',
        { DbtrAgt: agent },
      ),
      RmtInf: REMITTANCE,
      RtrInf: RETURN,
      AddtlTxInf: 'text',
    },
  );
  return sequence(
    'NtryRef? Amt CdtDbtInd RvslInd? Sts BookgDt? ValDt? AcctSvcrRef? Avlbty* BkTxCd ComssnWvrInd? AddtlInfInd? AmtDtls? Chrgs? TechInptChanl? Intrst? CardTx? NtryDtls* AddtlNtryInf?',
    {
      ...entryTexts,
      Sts: choice({ Cd: 'text', Prtry: 'text' }),
      NtryDtls: sequence('Btch? TxDtls*', { TxDtls: transaction }),
    },
  );
}

/** ReportEntry2 and EntryTransaction2: the status is a code, parties are named directly, a transaction has no amount of its own. */
function entry02(): Shape {
  const party = sequence('Nm? PstlAdr? Id? CtryOfRes? CtctDtls?', { Nm: 'text' });
  const account = sequence('Id Tp? Ccy? Nm?', { Id: ACCOUNT_ID, Nm: 'text' });
  const agent = sequence('FinInstnId BrnchId?', {
    FinInstnId: sequence('BIC? ClrSysMmbId? Nm? PstlAdr? Othr?', { BIC: 'text', Nm: 'text' }),
  });
  const transaction = sequence(
    'Refs? AmtDtls? Avlbty* BkTxCd? Chrgs* Intrst* RltdPties? RltdAgts? Purp? RltdRmtInf{10} RmtInf? RltdDts? RltdPric? RltdQties* FinInstrmId? Tax? RtrInf? CorpActn? SfkpgAcct? AddtlTxInf?',
    {
      Refs: sequence('MsgId? AcctSvcrRef? PmtInfId? InstrId? EndToEndId? TxId? MndtId? ChqNb? ClrSysRef? Prtry?', {
        AcctSvcrRef: 'text',
        EndToEndId: 'text',
        TxId: 'text',
      }),
      AmtDtls: AMOUNT_DETAILS,
      RltdPties: relatedParties(party, account),
      RltdAgts: sequence(
        'DbtrAgt? CdtrAgt? IntrmyAgt1? IntrmyAgt2? IntrmyAgt3? RcvgAgt? DlvrgAgt? IssgAgt? SttlmPlc? Prtry*',
        { DbtrAgt: agent },
      ),
      RmtInf: REMITTANCE,
      RtrInf: RETURN,
      AddtlTxInf: 'text',
    },
  );
  return sequence(
    'NtryRef? Amt CdtDbtInd RvslInd? Sts BookgDt? ValDt? AcctSvcrRef? Avlbty* BkTxCd ComssnWvrInd? AddtlInfInd? AmtDtls? Chrgs* TechInptChanl? Intrst* NtryDtls* AddtlNtryInf?',
    { ...entryTexts, Sts: 'text', NtryDtls: sequence('Btch? TxDtls*', { TxDtls: transaction }) },
  );
}

/** Every message that is read, by its namespace. */
export const MESSAGES: ReadonlyMap<string, Message> = new Map(
  [message('advice', '08'), message('statement', '08'), message('advice', '02'), message('statement', '02')].map(
    (one) => [one.namespace, one],
  ),
);
