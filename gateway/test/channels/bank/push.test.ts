import { describe, expect, test } from 'vitest';
import { bank } from '../../../src/channels/bank/channel.ts';
import type { PushVerdict } from '../../../src/channels/virtual-accounts.ts';
import { account, BANK_KEY, bankHeaders, NOW_MS, scripted, STRANGER } from './support.ts';

const numbers = bank.open(account(), scripted().ports).virtual_accounts;

function push(body: string | Buffer, headers: Readonly<Record<string, string>> = {}, key = BANK_KEY): PushVerdict {
  const bytes = Buffer.from(body);
  const verdict = numbers?.readPush({
    headers: { 'content-type': 'application/json', ...bankHeaders(bytes, key, headers) },
    body: bytes,
  });
  if (!verdict) throw new Error('the bank has no virtual accounts');
  return verdict;
}

const event = {
  type: 'credit',
  reference: 'B1',
  fund_acc: '9902000000000002',
  amount: 7622,
  payer_name: '甲',
  payer_account: '6222',
  booked_at: '2026-04-12T10:15:00+08:00',
};
const message = (...events: unknown[]): string => JSON.stringify({ id: 'P1', events });

describe('a push is believed only when the bank signed it', () => {
  test.each([
    ['another key', {}, STRANGER, 'bad_signature'],
    ['a key that is not known', { 'bank-key': 'k2' }, BANK_KEY, 'unknown_key'],
    ['an old time', { 'bank-timestamp': String(NOW_MS / 1000 - 301) }, BANK_KEY, 'stale_timestamp'],
    ['a time to come', { 'bank-timestamp': String(NOW_MS / 1000 + 301) }, BANK_KEY, 'stale_timestamp'],
    ['a nonce of another message', { 'bank-nonce': 'other' }, BANK_KEY, 'bad_signature'],
    ['no signature', { 'bank-signature': '' }, BANK_KEY, 'missing_signature'],
  ])('%s', (_what, headers, key, reason) => {
    expect(push(message(event), headers, key)).toEqual({ kind: 'rejected', reason });
  });

  test('over the very bytes', () => {
    const bytes = Buffer.from(message(event));
    const headers = { 'content-type': 'application/json', ...bankHeaders(bytes) };
    expect(numbers?.readPush({ headers, body: Buffer.concat([bytes, Buffer.from(' ')]) })).toMatchObject({
      kind: 'rejected',
    });
  });
});

describe('JSON', () => {
  test('tells of credits, reversals and returns', () => {
    const reversal = {
      type: 'reversal',
      reference: 'B2',
      original_reference: 'B1',
      fund_acc: '9902000000000002',
      amount: 7622,
    };
    const returned = { type: 'returned', reference: 'B3', end_to_end_id: 'R1', amount: 22, remittance: '账号不存在' };
    expect(push(message(event, reversal, returned))).toMatchObject({
      kind: 'entries',
      message_id: 'P1',
      entries: [
        {
          kind: 'credit',
          reference: 'B1',
          number: '9902000000000002',
          amount_fen: 7622,
          currency: 'CNY',
          payer_name: '甲',
          booked_on: '2026-04-12',
        },
        { kind: 'reversal', original_reference: 'B1' },
        { kind: 'returned', end_to_end_id: 'R1', number: null },
      ],
      unreadable: [],
    });
  });

  test.each([
    [{ ...event, amount: 76.22 }, /amount/],
    [{ ...event, amount: 0 }, /amount/],
    [{ ...event, reference: '' }, /reference/],
    [{ ...event, fund_acc: undefined }, /fund_acc/],
    [{ ...event, booked_at: 'today' }, /booked_at/],
    [{ ...event, booked_at: '9999-12-31T23:59:59Z' }, /booked_at/],
    [{ ...event, type: 'gift' }, /type/],
    [{ ...event, payer_name: '甲\0' }, /payer_name/],
    [{ ...event, remittance: '货款\0' }, /remittance/],
    [null, /./],
  ])('leaves out %j', (bad, said) => {
    expect(push(message(bad, event))).toMatchObject({
      kind: 'entries',
      entries: [{ reference: 'B1' }],
      unreadable: [{ position: 1, problem: expect.stringMatching(said) }],
    });
  });

  test.each(['', 'no', '[]', '{"id":"x"}', '{"id":"x","events":[]}'])('%j is not understood', (body) => {
    expect(push(body)).toMatchObject({ kind: 'unreadable' });
  });
});

test.each(['application/json', 'Application/JSON; charset=utf-8', 'APPLICATION/JSON'])(
  'a media type is the same in capitals: %s',
  (type) => {
    expect(push(message(event), { 'content-type': type })).toMatchObject({ kind: 'entries', message_id: 'P1' });
  },
);

describe('XML', () => {
  const xml = { 'content-type': 'application/xml; charset=utf-8' };

  test('that cannot be read is kept, whoever signed it', () => {
    expect(push('<Document/>', xml)).toMatchObject({ kind: 'unreadable', problem: expect.stringContaining('no camt') });
    expect(push('<Document/>', xml, STRANGER)).toEqual({ kind: 'rejected', reason: 'bad_signature' });
  });

  test('of a whole day is a file, not a push', () => {
    const statement = `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>x</CreDtTm></GrpHdr><Stmt><Id>1</Id>
      <Acct><Id><IBAN>X</IBAN></Id></Acct><Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-04-12</Dt></Dt></Bal>
      <Ntry><Amt Ccy="CNY">1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BkTxCd/></Ntry></Stmt></BkToCstmrStmt></Document>`;
    expect(push(statement, xml)).toMatchObject({ kind: 'unreadable', problem: expect.stringContaining('statement') });
  });
});
