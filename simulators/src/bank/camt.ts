/**
 * ISO 20022 messages as the bank writes them: camt.054 (advice of single entries) and camt.053 (statement of a day), in versions
 * 001.08 and 001.02. Elements, order and names by the published definitions (iso20022.org, message archive). Written piece by
 * piece, so that a statement of any length needs no memory.
 */
import { chinaDateTime, chinaDay } from './china-time.ts';
import type { AccountEntry, Party } from './records.ts';

export type CamtVersion = '08' | '02';

export interface CamtContext {
  readonly version: CamtVersion;
  readonly message_id: string;
  readonly created_at_ms: number;
  readonly settlement_account: string;
  readonly fund_acc_name: string;
}

/** A day of the settlement account. */
export interface StatementDay {
  readonly id: string;
  /** YYYY-MM-DD. */
  readonly day: string;
  readonly opening_fen: number;
  readonly totals: {
    readonly credits: number;
    readonly credits_fen: number;
    readonly debits: number;
    readonly debits_fen: number;
  };
}

/** camt.054: one notification for each entry, of the account it was sent to. */
export function camt054(context: CamtContext, entries: readonly AccountEntry[]): string {
  const notifications = entries.map((entry, index) => {
    const own = entry.fund_acc ?? context.settlement_account;
    const related = entry.fund_acc === null ? '' : element('RltdAcct', account(context.settlement_account));
    return element(
      'Ntfctn',
      text('Id', `${context.message_id}-${index + 1}`.slice(-35)) +
        text('CreDtTm', chinaDateTime(context.created_at_ms)) +
        element('Acct', account(own) + text('Ccy', 'CNY')) +
        related +
        entryXml(entry, context),
    );
  });
  const body = groupHeader(context) + notifications.join('');
  return `${prologue('054', context.version)}<BkToCstmrDbtCdtNtfctn>${body}</BkToCstmrDbtCdtNtfctn></Document>\n`;
}

/** camt.053: everything that was booked on a day, with balances and totals. */
export function* camt053(
  context: CamtContext,
  statement: StatementDay,
  entries: Iterable<AccountEntry>,
): Generator<string, void, void> {
  const { day, opening_fen, totals } = statement;
  yield `${prologue('053', context.version)}<BkToCstmrStmt>${groupHeader(context)}<Stmt>`;
  yield (
    text('Id', statement.id) +
      text('CreDtTm', chinaDateTime(context.created_at_ms)) +
      element('FrToDt', text('FrDtTm', `${day}T00:00:00+08:00`) + text('ToDtTm', `${day}T23:59:59+08:00`)) +
      element(
        'Acct',
        account(context.settlement_account) + text('Ccy', 'CNY') + text('Nm', context.fund_acc_name.slice(0, 70)),
      )
  );
  yield balance('OPBD', opening_fen, day) + balance('CLBD', opening_fen + totals.credits_fen - totals.debits_fen, day);
  yield element(
    'TxsSummry',
    element('TtlCdtNtries', text('NbOfNtries', String(totals.credits)) + text('Sum', yuan(totals.credits_fen))) +
      element('TtlDbtNtries', text('NbOfNtries', String(totals.debits)) + text('Sum', yuan(totals.debits_fen))),
  );
  for (const entry of entries) yield entryXml(entry, context);
  yield '</Stmt></BkToCstmrStmt></Document>\n';
}

function prologue(number: '053' | '054', version: CamtVersion): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.${number}.001.${version}">`;
}

function groupHeader(context: CamtContext): string {
  return element('GrpHdr', text('MsgId', context.message_id) + text('CreDtTm', chinaDateTime(context.created_at_ms)));
}

/** ReportEntry10 or ReportEntry2. */
function entryXml(entry: AccountEntry, context: CamtContext): string {
  const status = context.version === '08' ? element('Sts', text('Cd', 'BOOK')) : text('Sts', 'BOOK');
  return `${element(
    'Ntry',
    amount(entry) +
      text('CdtDbtInd', entry.direction) +
      (entry.reversal ? text('RvslInd', 'true') : '') +
      status +
      element('BookgDt', text('DtTm', chinaDateTime(entry.booked_at_ms))) +
      element('ValDt', text('Dt', chinaDay(entry.booked_at_ms))) +
      text('AcctSvcrRef', entry.reference) +
      transactionCode(entry) +
      element('NtryDtls', element('TxDtls', transaction(entry, context))),
  )}\n`;
}

/** External bank transaction codes: payments, received or issued credit transfers, domestic; reversals and returns. */
function transactionCode(entry: AccountEntry): string {
  const family = entry.direction === 'CRDT' || entry.reversal ? 'RCDT' : 'ICDT';
  const sub = entry.reversal || entry.return_reason !== null ? 'RRTN' : 'DMCT';
  return element(
    'BkTxCd',
    element('Domn', text('Cd', 'PMNT') + element('Fmly', text('Cd', family) + text('SubFmlyCd', sub))),
  );
}

/** EntryTransaction10 or EntryTransaction2. A reversal quotes the reference of what it takes back, and keeps its parties. */
function transaction(entry: AccountEntry, context: CamtContext): string {
  const { version } = context;
  const ours: Party = {
    name: context.fund_acc_name,
    account: entry.fund_acc ?? context.settlement_account,
    bank: null,
  };
  const came = entry.direction === 'CRDT' && entry.return_reason === null;
  const [debtor, creditor] = came || entry.reversal ? [entry.party, ours] : [ours, entry.party];
  const direction = version === '08' ? amount(entry) + text('CdtDbtInd', entry.direction) : '';
  return (
    element(
      'Refs',
      text('AcctSvcrRef', entry.original_reference ?? entry.reference) +
        text('EndToEndId', entry.end_to_end_id ?? 'NOTPROVIDED'),
    ) +
    direction +
    element('RltdPties', party('Dbtr', debtor, version) + party('Cdtr', creditor, version)) +
    agent('DbtrAgt', debtor) +
    (entry.remittance === null ? '' : element('RmtInf', text('Ustrd', entry.remittance.slice(0, 140)))) +
    (entry.return_reason === null
      ? ''
      : element('RtrInf', element('Rsn', text('Cd', 'AC01')) + text('AddtlInf', entry.return_reason.slice(0, 105))))
  );
}

function party(role: 'Dbtr' | 'Cdtr', one: Party, version: CamtVersion): string {
  const name = one.name === null ? '' : text('Nm', one.name.slice(0, 140));
  const wrapped = name === '' ? '' : element(role, version === '08' ? element('Pty', name) : name);
  return wrapped + (one.account === null ? '' : element(`${role}Acct`, account(one.account)));
}

function agent(role: 'DbtrAgt', one: Party): string {
  if (one.bank === null) return '';
  return element('RltdAgts', element(role, element('FinInstnId', text('Nm', one.bank.slice(0, 140)))));
}

function account(number: string): string {
  return element('Id', element('Othr', text('Id', number)));
}

function amount(entry: Pick<AccountEntry, 'amount' | 'currency'>): string {
  return `<Amt Ccy="${entry.currency}">${yuan(entry.amount)}</Amt>`;
}

function balance(code: string, amount_fen: number, day: string): string {
  return element(
    'Bal',
    element('Tp', element('CdOrPrtry', text('Cd', code))) +
      `<Amt Ccy="CNY">${yuan(Math.abs(amount_fen))}</Amt>` +
      text('CdtDbtInd', amount_fen < 0 ? 'DBIT' : 'CRDT') +
      element('Dt', text('Dt', day)),
  );
}

/** 7622 → 76.22 */
function yuan(fen: number): string {
  const digits = String(fen).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function text(name: string, content: string): string {
  return element(name, escapeXml(content));
}

function escapeXml(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
