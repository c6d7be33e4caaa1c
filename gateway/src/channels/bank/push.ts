/** What a bank tells by itself: a camt.054, or the JSON of a front end that has no ISO 20022. Nothing is read before its signature is verified. */
import { z } from 'zod';
import { chinaDate, type BankEntry } from '../../domain/bank-credit.ts';
import { fen, MAX_FEN } from '../../domain/money.ts';
import { parseObject } from '../json.ts';
import type { BankPush, PushVerdict, UnreadableEntry } from '../virtual-accounts.ts';
import { readEntry, UnreadableEntryError } from './camt/entry.ts';
import { MessageReader, UnreadableMessage } from './camt/reader.ts';
import type { BankAccount } from './config.ts';
import { verifyBank } from './sign.ts';

/** Verifies and reads a push. */
export function readPush(account: BankAccount, push: BankPush, now_ms: number): PushVerdict {
  const verdict = verifyBank(push.headers, push.body, now_ms, account.bank_keys);
  if (verdict !== 'verified') return { kind: 'rejected', reason: verdict };
  const is_json = /^application\/json\b/i.test(push.headers['content-type'] ?? '');
  return is_json ? readJson(push.body.toString('utf8')) : readXml(push.body);
}

function readXml(body: Buffer): PushVerdict {
  const entries: BankEntry[] = [];
  const unreadable: UnreadableEntry[] = [];
  const reader = new MessageReader({
    entry(entry, head, message) {
      if (message.type !== 'advice') throw new UnreadableMessage('a statement is taken as a file, not as a push');
      try {
        if (entry) entries.push(...readEntry(entry, head));
      } catch (error) {
        if (!(error instanceof UnreadableEntryError)) throw error;
        unreadable.push({ position: reader.entries, problem: error.message });
      }
    },
    unreadable: (position, problem) => unreadable.push({ position, problem }),
  });
  try {
    reader.write(body);
    reader.end();
  } catch (error) {
    if (!(error instanceof UnreadableMessage)) throw error;
    return { kind: 'unreadable', problem: error.message };
  }
  return { kind: 'entries', message_id: reader.message_id ?? '', entries, unreadable };
}

/** PostgreSQL keeps no NUL: a text with one would fail the whole push each time that it is repeated, and not this event alone. */
const text = (most: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^[^\0]*$/, 'must not contain NUL');
const common = {
  reference: text(35),
  amount: z.int().min(1).max(MAX_FEN),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .default('CNY'),
  booked_at: z.iso
    .datetime({ offset: true })
    // Days are compared as text, which a year of five digits would confuse.
    .refine((time) => /^\d{4}-/.test(chinaDate(Date.parse(time))), 'is not within the years of four digits')
    .optional(),
  remittance: text(500).optional(),
};
const Event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('credit'),
    ...common,
    fund_acc: text(34),
    payer_name: text(140).optional(),
    payer_account: text(34).optional(),
    payer_bank: text(140).optional(),
    end_to_end_id: text(35).optional(),
  }),
  z.object({
    type: z.literal('reversal'),
    ...common,
    fund_acc: text(34).optional(),
    original_reference: text(35).optional(),
  }),
  z.object({ type: z.literal('returned'), ...common, end_to_end_id: text(35) }),
]);
const Message = z.object({ id: text(64), events: z.array(z.unknown()).min(1).max(1_000) });

function readJson(body: string): PushVerdict {
  const message = Message.safeParse(parseObject(body));
  if (!message.success) return { kind: 'unreadable', problem: 'the body is no object with id and events' };
  const entries: BankEntry[] = [];
  const unreadable: UnreadableEntry[] = [];
  for (const [index, given] of message.data.events.entries()) {
    const event = Event.safeParse(given);
    if (event.success) entries.push(fromEvent(event.data));
    else unreadable.push({ position: index + 1, problem: complaint(event.error) });
  }
  return { kind: 'entries', message_id: message.data.id, entries, unreadable };
}

function complaint(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is malformed'}`;
}

function fromEvent(event: z.output<typeof Event>): BankEntry {
  const booked_at_ms = event.booked_at === undefined ? null : Date.parse(event.booked_at);
  const credit = event.type === 'credit' ? event : null;
  return {
    reference: event.reference,
    kind: event.type,
    number: event.type === 'returned' ? null : (event.fund_acc ?? null),
    amount_fen: fen(event.amount),
    currency: event.currency,
    payer_name: credit?.payer_name ?? null,
    payer_account: credit?.payer_account ?? null,
    payer_bank: credit?.payer_bank ?? null,
    end_to_end_id: event.type === 'reversal' ? null : (event.end_to_end_id ?? null),
    remittance: event.remittance ?? null,
    original_reference: event.type === 'reversal' ? (event.original_reference ?? null) : null,
    booked_at_ms,
    booked_on: booked_at_ms === null ? null : chinaDate(booked_at_ms),
  };
}
