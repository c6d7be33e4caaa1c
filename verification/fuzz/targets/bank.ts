/** A bank: pushes in JSON and ISO 20022, files, answers. */
import { readItems, type ReadItem } from '../../../gateway/src/channels/bank/camt/read-stream.ts';
import { UnreadableMessage } from '../../../gateway/src/channels/bank/camt/reader.ts';
import type { PushVerdict, VirtualAccounts } from '../../../gateway/src/channels/virtual-accounts.ts';
import type { BankEntry } from '../../../gateway/src/domain/bank-credit.ts';
import { camt053, camt054 } from '../../../simulators/src/bank/camt.ts';
import type { AccountEntry } from '../../../simulators/src/bank/records.ts';
import { readMessage, writeMessage, type Message } from '../messages.ts';
import {
  NOW_MS,
  NOW_S,
  openAccount,
  orderAt,
  peer,
  referenceAt,
  refundAt,
  SETTLEMENT_ACCOUNT,
  signature,
} from '../peers.ts';
import { mustBeReport } from '../reports.ts';
import { must, mustBeFen, mustBeStorable, mustEqual, mustNotBePolluted, type TargetMaker } from '../target.ts';

const WATCHED = ['channels/bank/', 'domain/bank-credit.ts'];
const NONCE = 'bank-nonce-0001';
const WORDS = [
  ['<Ntry>', '</Ntry>', '<TxDtls>', '<Amt Ccy="CNY">1.00</Amt>', '<Amt>', 'Ccy="USD"', 'CRDT', 'DBIT', 'BOOK', 'PDNG'],
  [
    '<RvslInd>true</RvslInd>',
    '<RtrInf/>',
    '<DtTm>',
    '<Dt>',
    '9999-12-31T23:59:59Z',
    '0000-00-00',
    '2026-02-30',
    '2026',
  ],
  ['-000001-01-01', '+275760-09-13T00:00:00Z', 'xmlns:a="b"', 'camt.054.001.08', 'camt.053.001.02', 'encoding="gbk"'],
  [
    'credit',
    'reversal',
    'returned',
    'fund_acc',
    'amount',
    'booked_at',
    'reference',
    'end_to_end_id',
    'application/json',
  ],
  ['text/xml', '13', '1234567890123.45', '0.10000'],
].flat();

const ENTRY: AccountEntry = {
  reference: 'B1',
  direction: 'CRDT',
  reversal: false,
  return_reason: null,
  fund_acc: '9902000000000002',
  amount: 7622,
  currency: 'CNY',
  party: { name: '甲 & 乙 <公司>', account: '6222020000000008', bank: '工商银行' },
  booked_at_ms: NOW_MS,
  end_to_end_id: 'E1',
  remittance: '货款 四月 😀',
  original_reference: null,
};
const ENTRIES: readonly AccountEntry[] = [
  ENTRY,
  { ...ENTRY, reference: 'B2', direction: 'DBIT', reversal: true, original_reference: 'B1' },
  {
    ...ENTRY,
    reference: 'B3',
    return_reason: '账号不存在',
    party: { name: null, account: null, bank: null },
    remittance: null,
  },
];

/** A camt.054, or a camt.053 of the day, as our own bank writes them. */
export function camtOf(kind: '053' | '054', version: '08' | '02', entries: readonly AccountEntry[]): string {
  const context = {
    version,
    message_id: 'M1',
    created_at_ms: NOW_MS,
    settlement_account: SETTLEMENT_ACCOUNT,
    fund_acc_name: '合流科技有限公司',
  };
  if (kind === '054') return camt054(context, entries);
  const sum = (direction: string): AccountEntry[] => entries.filter((entry) => entry.direction === direction);
  const fen = (some: readonly AccountEntry[]): number => some.reduce((total, { amount }) => total + amount, 0);
  const [credits, debits] = [sum('CRDT'), sum('DBIT')];
  const totals = { credits: credits.length, credits_fen: fen(credits), debits: debits.length, debits_fen: fen(debits) };
  return [...camt053(context, { id: 'S1', day: '2026-03-01', opening_fen: 0, totals }, entries)].join('');
}

const FILES = (['053', '054'] as const).flatMap((kind) =>
  (['08', '02'] as const).map((version) => camtOf(kind, version, ENTRIES)),
);

const EVENTS = [
  {
    type: 'credit',
    reference: 'B1',
    fund_acc: '9902000000000002',
    amount: 7622,
    payer_name: '甲',
    payer_account: '6222',
    booked_at: '2026-03-01T12:00:00+08:00',
  },
  { type: 'reversal', reference: 'B2', original_reference: 'B1', amount: 7622, currency: 'CNY' },
  { type: 'returned', reference: 'B3', end_to_end_id: 'R1', amount: 22, remittance: '账号不存在' },
];

/** As long as a key of the database may be; ISO 20022 has 35 (Max35Text). */
const MAX_KEY = 140;

function mustBeEntry(entry: BankEntry): void {
  must(['credit', 'reversal', 'returned', 'debit'].includes(entry.kind), `kind ${entry.kind}`);
  mustBeFen(entry.amount_fen, 'amount_fen');
  must(entry.amount_fen > 0, 'an entry of nothing');
  must(/^[A-Z]{3}$/.test(entry.currency), `currency ${entry.currency}`);
  must(entry.reference !== '' && entry.reference.length <= MAX_KEY, 'reference is no key');
  must((entry.number ?? '').length <= MAX_KEY, 'number is no key');
  must(entry.booked_on === null || /^\d{4}-\d\d-\d\d$/.test(entry.booked_on), `booked_on ${entry.booked_on}`);
  must(entry.booked_at_ms === null || Number.isSafeInteger(entry.booked_at_ms), `booked_at_ms ${entry.booked_at_ms}`);
  must(entry.remittance === null || entry.remittance.isWellFormed(), 'remittance ends in half a character');
  mustBeStorable(entry, 'entry');
}

type Read = { readonly items: readonly ReadItem[] } | { readonly problem: string };

async function read(bytes: Buffer, chunks: readonly Buffer[], look_only = false): Promise<Read> {
  const items: ReadItem[] = [];
  async function* pieces(): AsyncGenerator<Buffer, void, void> {
    yield* chunks;
  }
  try {
    for await (const some of readItems(pieces(), look_only)) items.push(...some);
    return { items };
  } catch (error) {
    if (error instanceof UnreadableMessage) return { problem: error.message };
    throw error;
  }
}

/** Cut at every n-th byte, from the first on. */
function cut(bytes: Buffer, every: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += every) chunks.push(bytes.subarray(from, from + every));
  return chunks;
}

const files: TargetMaker = {
  name: 'bank-file',
  open: () => ({
    name: 'bank-file',
    about:
      'a camt.053 or camt.054: entries within their rules, the same wherever the stream is cut, or an UnreadableMessage',
    watched: WATCHED,
    seeds: FILES.map((text) => Buffer.from(text)),
    words: WORDS,
    async run(input) {
      const whole = await read(input, [input]);
      for (const every of [1, 2, 3, 7, 64]) {
        const pieces = await read(input, cut(input, every));
        if ('items' in whole) mustEqual(pieces, whole, `in pieces of ${every}`);
        else must('problem' in pieces, `readable in pieces of ${every} alone`);
      }
      must('problem' in (await read(input, [input], true)) === 'problem' in whole, 'the first look says otherwise');
      if ('items' in whole)
        for (const item of whole.items) if (item.kind === 'entry') item.payments.forEach(mustBeEntry);
      mustNotBePolluted();
    },
  }),
};

function signedHeaders(body: Buffer): Record<string, string> {
  const message = Buffer.concat([Buffer.from(`${NOW_S}\n${NONCE}\n`), body, Buffer.from('\n')]);
  return { 'bank-key': 'k1', 'bank-timestamp': NOW_S, 'bank-nonce': NONCE, 'bank-signature': signature(message) };
}

function numbersOf(): VirtualAccounts {
  const numbers = openAccount('bank', peer().ports).virtual_accounts;
  if (!numbers) throw new Error('the bank has no virtual accounts');
  return numbers;
}

const PUSHES: readonly Message[] = [
  { headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ id: 'P1', events: EVENTS })) },
  { headers: { 'content-type': 'application/xml' }, body: Buffer.from(camtOf('054', '08', ENTRIES)) },
  { headers: { 'content-type': 'application/xml' }, body: Buffer.from(camtOf('054', '02', ENTRIES)) },
];

function mustBeVerdict(verdict: PushVerdict): void {
  if (verdict.kind === 'rejected') return must(/^[a-z_]{1,40}$/.test(verdict.reason), verdict.reason);
  if (verdict.kind === 'unreadable') return must(verdict.problem !== '', 'no problem is named');
  verdict.entries.forEach(mustBeEntry);
  for (const { position } of verdict.unreadable) must(position >= 1, `position ${position}`);
  mustNotBePolluted();
}

const pushes: TargetMaker = {
  name: 'bank-push',
  open() {
    const numbers = numbersOf();
    return {
      name: 'bank-push',
      about: 'a genuine push of a bank with any content: entries within their rules, the same when read twice',
      watched: WATCHED,
      seeds: PUSHES.map(writeMessage),
      words: WORDS,
      run(input) {
        const { headers, body } = readMessage(input);
        const push = { headers: { ...headers, ...signedHeaders(body) }, body };
        const verdict = numbers.readPush(push);
        must(verdict.kind !== 'rejected', 'a genuine push was refused');
        mustBeVerdict(verdict);
        mustEqual(numbers.readPush(push), verdict, 'read again');
      },
    };
  },
};

const GENUINE = PUSHES.map(({ headers, body }): Message => ({ headers: { ...headers, ...signedHeaders(body) }, body }));

const forged: TargetMaker = {
  name: 'bank-push-forged',
  open() {
    const numbers = numbersOf();
    return {
      name: 'bank-push-forged',
      about: 'a push of a bank that was changed after it was signed: refused, unless every signed byte is the same',
      watched: WATCHED,
      seeds: GENUINE.map(writeMessage),
      words: WORDS,
      run(input) {
        const message = readMessage(input);
        const verdict = numbers.readPush(message);
        mustBeVerdict(verdict);
        if (verdict.kind === 'rejected') return;
        must(
          GENUINE.some(({ body }) => body.equals(message.body)),
          'a changed push was believed',
        );
        must(
          message.headers['bank-nonce'] === NONCE && message.headers['bank-timestamp'] === NOW_S,
          'a changed head was believed',
        );
      },
    };
  },
};

const answers: TargetMaker = {
  name: 'bank-answer',
  open() {
    const other = peer();
    const channel = openAccount('bank', other.ports);
    return {
      name: 'bank-answer',
      about: 'a genuine answer of a bank with any body and status, to every kind of question',
      watched: WATCHED,
      seeds: [
        {
          headers: { status: '200' },
          body: Buffer.from(
            '{"fund_acc":"9902000000000002","status":"OPEN","out_trade_no":"65e1a2c0aabbccddeeff0011"}',
          ),
        },
        {
          headers: { status: '200' },
          body: Buffer.from(
            '{"transfer_no":"T1","out_transfer_no":"65e1a2c1aabbccddeeff0022","status":"SUCCEEDED","amount":100}',
          ),
        },
        { headers: { status: '404' }, body: Buffer.from('{"code":"NOT_FOUND","message":"no such number"}') },
      ].map(writeMessage),
      words: [
        'fund_acc',
        'status',
        'OPEN',
        'CLOSED',
        'PROCESSING',
        'FAILED',
        'code',
        'message',
        'NOT_ENOUGH',
        '9902000000000002',
      ],
      async run(input) {
        const { headers, body } = readMessage(input);
        const status = /^[1-5]\d\d$/.test(headers['status'] ?? '') ? Number(headers['status']) : 200;
        other.answer = { status, headers: signedHeaders(body), body };
        const begin = await channel.prepareBegin(orderAt('bank'));
        mustBeReport(await begin.send());
        mustBeReport(await channel.query(referenceAt('bank')));
        mustBeReport(await channel.close(referenceAt('bank')));
        mustBeReport(await channel.refund(refundAt('bank')));
        mustBeReport(await channel.queryRefund(refundAt('bank')));
      },
    };
  },
};

export const BANK_TARGETS: readonly TargetMaker[] = [files, pushes, forged, answers];
