/** Reads a message from a stream of bytes, chunk by chunk: what has been read is handed on before more is taken in. */
import type { BankEntry } from '../../../domain/bank-credit.ts';
import type { Fen } from '../../../domain/money.ts';
import { readEntry, toFen, UnreadableEntryError } from './entry.ts';
import { MessageReader } from './reader.ts';
import type { Message } from './shape.ts';
import { childrenOf, nodeAt, textAt, type Node } from './tree.ts';

/** What stands before the entries of a statement or a notification. */
export interface StatementHead {
  readonly type: Message['type'];
  readonly message_id: string;
  readonly id: string;
  readonly account: string | null;
  /** YYYY-MM-DD; null when the message names no day. */
  readonly from_day: string | null;
  readonly to_day: string | null;
  /** Negative: overdrawn. Null when not told. */
  readonly opening_fen: number | null;
  readonly closing_fen: number | null;
  readonly credits: Totals | null;
  readonly debits: Totals | null;
}

export interface Totals {
  readonly count: number | null;
  readonly sum_fen: number | null;
}

export type ReadItem =
  | { readonly kind: 'head'; readonly head: StatementHead }
  /** A booked entry with its payments; `amount_fen` is the entry's own. */
  | { readonly kind: 'entry'; readonly payments: readonly BankEntry[] }
  | { readonly kind: 'unreadable'; readonly position: number; readonly problem: string }
  | { readonly kind: 'end' };

/**
 * Reads a message.
 * @param look_only only finds out whether it can be read: its entries have no payments
 * @yields what each chunk brought, in order
 * @throws UnreadableMessage when it is none; what was yielded before must not have been believed then
 */
export async function* readItems(
  chunks: AsyncIterable<Buffer>,
  look_only = false,
): AsyncGenerator<readonly ReadItem[], void, void> {
  let items: ReadItem[] = [];
  const reader = new MessageReader(
    {
      head: (head, message, header) => items.push({ kind: 'head', head: readHead(head, message, header) }),
      entry(entry, head) {
        if (!entry) return void items.push({ kind: 'entry', payments: [] });
        try {
          const payments = readEntry(entry, head);
          if (payments.length > 0) items.push({ kind: 'entry', payments });
        } catch (error) {
          if (!(error instanceof UnreadableEntryError)) throw error;
          items.push({ kind: 'unreadable', position: reader.entries, problem: error.message });
        }
      },
      unreadable: (position, problem) => items.push({ kind: 'unreadable', position, problem }),
      end: () => items.push({ kind: 'end' }),
    },
    look_only,
  );
  for await (const chunk of chunks) {
    reader.write(chunk);
    const read = items;
    items = [];
    if (read.length > 0) yield read;
  }
  reader.end();
  if (items.length > 0) yield items;
}

function readHead(head: Node, message: Message, header: Node): StatementHead {
  const days = [
    textAt(head, 'FrToDt', 'FrDtTm'),
    textAt(head, 'FrToDt', 'ToDtTm'),
    ...childrenOf(head, 'Bal').map((one) => textAt(one, 'Dt', 'Dt') ?? textAt(one, 'Dt', 'DtTm')),
  ].flatMap((text) => (text === null ? [] : [text.slice(0, 10)]));
  const closing = balanceDay(head, 'CLBD');
  return {
    type: message.type,
    message_id: textAt(header, 'MsgId') ?? '',
    id: textAt(head, 'Id') ?? '',
    account: textAt(head, 'Acct', 'Id', 'Othr', 'Id') ?? textAt(head, 'Acct', 'Id', 'IBAN'),
    from_day: textAt(head, 'FrToDt', 'FrDtTm')?.slice(0, 10) ?? closing ?? days[0] ?? null,
    to_day: textAt(head, 'FrToDt', 'ToDtTm')?.slice(0, 10) ?? closing ?? days.at(-1) ?? null,
    opening_fen: balance(head, 'OPBD') ?? balance(head, 'PRCD'),
    closing_fen: balance(head, 'CLBD'),
    credits: totals(head, 'TtlCdtNtries'),
    debits: totals(head, 'TtlDbtNtries'),
  };
}

function balanceOf(head: Node, code: string): Node | null {
  return childrenOf(head, 'Bal').find((one) => textAt(one, 'Tp', 'CdOrPrtry', 'Cd') === code) ?? null;
}

function balanceDay(head: Node, code: string): string | null {
  const found = balanceOf(head, code);
  const day = found && (textAt(found, 'Dt', 'Dt') ?? textAt(found, 'Dt', 'DtTm'));
  return day === null ? null : day.slice(0, 10);
}

function balance(head: Node, code: string): number | null {
  const found = balanceOf(head, code);
  const amount: Fen | null = found && toFen(textAt(found, 'Amt') ?? '');
  if (!found || amount === null) return null;
  return textAt(found, 'CdtDbtInd') === 'DBIT' ? 0 - amount : amount;
}

function totals(head: Node, name: string): Totals | null {
  const found = nodeAt(head, 'TxsSummry', name);
  if (!found) return null;
  const count = textAt(found, 'NbOfNtries');
  return {
    count: count !== null && /^\d{1,15}$/.test(count) ? Number(count) : null,
    sum_fen: toFen(textAt(found, 'Sum') ?? ''),
  };
}
