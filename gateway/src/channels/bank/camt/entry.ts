/** What an entry of a statement or a notification says, as one `BankEntry` a payment. */
import { createHash } from 'node:crypto';
import { chinaDate, type BankEntry } from '../../../domain/bank-credit.ts';
import { fen, type Fen } from '../../../domain/money.ts';
import { firstCharacters } from '../../text.ts';
import { childrenOf, nodeAt, textAt, type Node } from './tree.ts';

/** The entry cannot be booked; the message says why. */
export class UnreadableEntryError extends Error {
  override readonly name = 'UnreadableEntryError';
}

/**
 * Reads an entry.
 * @param head the statement or notification it stands in
 * @returns nothing for an entry that is not booked yet
 * @throws UnreadableEntryError
 */
export function readEntry(entry: Node, head: Node): BankEntry[] {
  const status = textAt(entry, 'Sts', 'Cd') ?? textAt(entry, 'Sts', 'Prtry') ?? textAt(entry, 'Sts');
  if (status === null) throw new UnreadableEntryError('Sts says nothing');
  if (status !== 'BOOK') return [];
  const whole = amountAt(entry, 'Amt');
  if (!whole) throw new UnreadableEntryError('Amt is missing');
  const direction = textAt(entry, 'CdtDbtInd');
  if (direction !== 'CRDT' && direction !== 'DBIT')
    throw new UnreadableEntryError('CdtDbtInd is neither CRDT nor DBIT');
  const transactions = childrenOf(entry, 'NtryDtls').flatMap((details) => childrenOf(details, 'TxDtls'));
  const shared = { entry, head, direction, reversal: isTrue(textAt(entry, 'RvslInd')) } as const;
  if (transactions.length <= 1)
    return [bankEntry({ ...shared, transaction: transactions[0] ?? null, ...whole, alone: true })];
  const parts = transactions.map((transaction) => {
    const own = amountAt(transaction, 'Amt') ?? amountAt(transaction, 'AmtDtls', 'TxAmt', 'Amt');
    if (!own) throw new UnreadableEntryError('one of several payments has no amount');
    return bankEntry({ ...shared, transaction, ...own, alone: false });
  });
  if (parts.reduce((sum, part) => sum + part.amount_fen, 0) !== whole.amount_fen)
    throw new UnreadableEntryError('its payments do not add up to it');
  if (new Set(parts.map((part) => part.reference)).size !== parts.length)
    throw new UnreadableEntryError('two of its payments cannot be told apart');
  return parts;
}

interface Source {
  readonly entry: Node;
  readonly head: Node;
  readonly transaction: Node | null;
  readonly direction: 'CRDT' | 'DBIT';
  readonly reversal: boolean;
  readonly amount_fen: Fen;
  readonly currency: string;
  /** The only payment of its entry. */
  readonly alone: boolean;
}

function bankEntry(source: Source): BankEntry {
  const { entry, head, transaction, direction, reversal, amount_fen, currency, alone } = source;
  const kind = kindOf(direction, reversal, transaction);
  const own = transaction && textAt(transaction, 'Refs', 'AcctSvcrRef');
  const of_entry = textAt(entry, 'AcctSvcrRef');
  const told = {
    kind,
    number: numberOf(head, transaction),
    amount_fen,
    currency,
    payer_name: transaction && partyName(transaction),
    payer_account: transaction && accountAt(transaction, 'RltdPties', 'DbtrAcct'),
    payer_bank:
      transaction &&
      (textAt(transaction, 'RltdAgts', 'DbtrAgt', 'FinInstnId', 'Nm') ??
        textAt(transaction, 'RltdAgts', 'DbtrAgt', 'FinInstnId', 'BICFI') ??
        textAt(transaction, 'RltdAgts', 'DbtrAgt', 'FinInstnId', 'BIC')),
    end_to_end_id: transaction && endToEndId(transaction),
    remittance: transaction && remittanceOf(transaction),
    ...bookedOf(entry),
  };
  // A reversal quotes the reference of what it takes back in its details; its own is the entry's.
  const quotes = kind === 'reversal' && of_entry !== null && own !== null && own !== of_entry;
  const reference = quotes ? of_entry : (own ?? (alone ? (of_entry ?? textAt(entry, 'NtryRef')) : null));
  return {
    ...told,
    reference: key(reference ?? digestOf(told, transaction), 'reference'),
    original_reference: quotes ? key(own, 'reference of what it takes back') : null,
  };
}

/** ISO 20022 has 35 characters (Max35Text), and a key of the database 2704 bytes: what is longer is no number of a bank's. */
const MAX_KEY_CHARACTERS = 140;

function key(text: string, what: string): string {
  if (text.length > MAX_KEY_CHARACTERS) throw new UnreadableEntryError(`its ${what} is too long`);
  return text;
}

/** Reversal indicator: "If the entry is a debit and the indicator is true, the original entry was a credit" (ISO 20022, ReversalIndicator). */
function kindOf(direction: 'CRDT' | 'DBIT', reversal: boolean, transaction: Node | null): BankEntry['kind'] {
  if (direction === 'DBIT') return reversal ? 'reversal' : 'debit';
  return reversal || (transaction && nodeAt(transaction, 'RtrInf')) ? 'returned' : 'credit';
}

/** A reversal keeps the parties of what it takes back, so that the number is the creditor's there too. */
function numberOf(head: Node, transaction: Node | null): string | null {
  const number = (transaction && accountAt(transaction, 'RltdPties', 'CdtrAcct')) ?? accountAt(head, 'Acct');
  return number && key(number, 'number');
}

function accountAt(node: Node, ...path: readonly string[]): string | null {
  return textAt(node, ...path, 'Id', 'Othr', 'Id') ?? textAt(node, ...path, 'Id', 'IBAN');
}

/** `.08` wraps a party in Pty, `.02` does not. */
function partyName(transaction: Node): string | null {
  return (
    textAt(transaction, 'RltdPties', 'Dbtr', 'Pty', 'Nm') ??
    textAt(transaction, 'RltdPties', 'Dbtr', 'Nm') ??
    textAt(transaction, 'RltdPties', 'DbtrAcct', 'Nm')
  );
}

/** "NOTPROVIDED" is what banks write where the payer gave none. */
function endToEndId(transaction: Node): string | null {
  const id = textAt(transaction, 'Refs', 'EndToEndId');
  return id === 'NOTPROVIDED' ? null : id;
}

const MAX_REMITTANCE = 500;

function remittanceOf(transaction: Node): string | null {
  const remittance = nodeAt(transaction, 'RmtInf');
  const lines = remittance ? childrenOf(remittance, 'Ustrd').map((line) => line.text.trim()) : [];
  const reason = textAt(transaction, 'RtrInf', 'Rsn', 'Cd') ?? textAt(transaction, 'RtrInf', 'Rsn', 'Prtry');
  const said = [...lines, reason ?? '', textAt(transaction, 'AddtlTxInf') ?? ''].filter((line) => line !== '');
  return said.length === 0 ? null : firstCharacters(said.join(' '), MAX_REMITTANCE);
}

const DATE = /^\d{4}-\d{2}-\d{2}/;
/** ISODateTime, which every reader of times takes for the same. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})?$/;

/** A time without a zone is the bank's own, China's. */
function bookedOf(entry: Node): { booked_at_ms: number | null; booked_on: string | null } {
  const day = textAt(entry, 'BookgDt', 'Dt') ?? textAt(entry, 'ValDt', 'Dt');
  const time = textAt(entry, 'BookgDt', 'DtTm') ?? textAt(entry, 'ValDt', 'DtTm');
  if (time !== null) {
    const at_ms = TIME.test(time)
      ? Date.parse(/(?:Z|[+-]\d{2}:\d{2})$/.test(time) ? time : `${time}+08:00`)
      : Number.NaN;
    // Days are compared as text, which a year of five digits would confuse.
    const day_of_time = Number.isNaN(at_ms) ? '' : chinaDate(at_ms);
    if (!/^\d{4}-\d{2}-\d{2}$/.test(day_of_time)) throw new UnreadableEntryError('BookgDt is no time');
    return { booked_at_ms: at_ms, booked_on: day_of_time };
  }
  if (day === null) return { booked_at_ms: null, booked_on: null };
  if (!DATE.test(day)) throw new UnreadableEntryError('BookgDt is no date');
  return { booked_at_ms: null, booked_on: day.slice(0, 10) };
}

/** An amount in yuan with at most two decimals that matter; ISO 20022 allows five. */
function amountAt(node: Node, ...path: readonly string[]): { amount_fen: Fen; currency: string } | null {
  const found = nodeAt(node, ...path);
  if (!found) return null;
  const amount_fen = toFen(found.text.trim());
  if (amount_fen === null || amount_fen === 0) throw new UnreadableEntryError('Amt is no amount of whole fen');
  if (found.currency === null || !/^[A-Z]{3}$/.test(found.currency))
    throw new UnreadableEntryError('Amt names no currency');
  return { amount_fen, currency: found.currency };
}

/** A decimal amount as fen; null when it is none, or has a part of a fen. */
export function toFen(text: string): Fen | null {
  const [, yuan = '', decimals = ''] = /^(\d{1,13})(?:\.(\d{0,5}))?$/.exec(text) ?? [];
  if (yuan === '' || !/^\d{0,2}0*$/.test(decimals)) return null;
  return fen(Number(yuan) * 100 + Number(decimals.slice(0, 2).padEnd(2, '0')));
}

function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1';
}

/** The fallback where a bank gives no reference: the same content is the same payment. 35 characters at most, as a reference has. */
function digestOf(told: Omit<BankEntry, 'reference' | 'original_reference'>, transaction: Node | null): string {
  const content = [
    told.kind,
    told.number,
    told.booked_on,
    told.amount_fen,
    told.currency,
    told.payer_account,
    told.payer_name,
    told.end_to_end_id,
    transaction && textAt(transaction, 'Refs', 'TxId'),
    told.remittance,
  ];
  return `x${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 34)}`;
}
