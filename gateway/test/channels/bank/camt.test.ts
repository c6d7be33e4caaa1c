import { describe, expect, test } from 'vitest';
import { readItems, type ReadItem } from '../../../src/channels/bank/camt/read-stream.ts';
import { UnreadableMessage } from '../../../src/channels/bank/camt/reader.ts';
import type { BankEntry } from '../../../src/domain/bank-credit.ts';

const NAMESPACE = 'urn:iso:std:iso:20022:tech:xsd:camt.054.001.08';

async function items(xml: string | Buffer, chunk_bytes = 7): Promise<ReadItem[]> {
  const bytes = Buffer.from(xml);
  async function* chunks(): AsyncGenerator<Buffer, void, void> {
    for (let from = 0; from < bytes.length; from += chunk_bytes) yield bytes.subarray(from, from + chunk_bytes);
  }
  const read: ReadItem[] = [];
  for await (const some of readItems(chunks())) read.push(...some);
  return read;
}

async function entries(xml: string): Promise<BankEntry[]> {
  return (await items(xml)).flatMap((item) => (item.kind === 'entry' ? item.payments : []));
}

async function problem(xml: string | Buffer): Promise<string> {
  return items(xml).then(
    () => '(read)',
    (error: unknown) => {
      if (error instanceof UnreadableMessage) return error.message;
      throw error;
    },
  );
}

const STATUS = '<Sts><Cd>BOOK</Cd></Sts>';
const CODE = '<BkTxCd/>';
const HEADER = '<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-04-12T10:00:00+08:00</CreDtTm></GrpHdr>';

function details(more = ''): string {
  return `<NtryDtls><TxDtls><Refs><AcctSvcrRef>B1</AcctSvcrRef><EndToEndId>E1</EndToEndId></Refs>
    <RltdPties><Dbtr><Pty><Nm>甲 &amp; 乙</Nm></Pty></Dbtr><DbtrAcct><Id><Othr><Id>6222</Id></Othr></Id></DbtrAcct></RltdPties>
    <RltdAgts><DbtrAgt><FinInstnId><Nm>工商银行</Nm></FinInstnId></DbtrAgt></RltdAgts>
    <RmtInf><Ustrd>货款</Ustrd><Ustrd>四月</Ustrd></RmtInf>${more}</TxDtls></NtryDtls>`;
}

function entry(
  parts: {
    amount?: string;
    side?: string;
    reversal?: string;
    status?: string;
    dates?: string;
    reference?: string;
    details?: string;
  } = {},
): string {
  return `<Ntry>${parts.amount ?? '<Amt Ccy="CNY">76.22</Amt>'}<CdtDbtInd>${parts.side ?? 'CRDT'}</CdtDbtInd>${parts.reversal ?? ''}${parts.status ?? STATUS}
    ${parts.dates ?? '<BookgDt><DtTm>2026-04-12T10:15:00+08:00</DtTm></BookgDt>'}${parts.reference ?? '<AcctSvcrRef>N1</AcctSvcrRef>'}${CODE}${parts.details ?? details()}</Ntry>`;
}

function message(content: string, namespace = NAMESPACE): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="${namespace}"><BkToCstmrDbtCdtNtfctn>${HEADER}
<Ntfctn><Id>I1</Id><Acct><Id><Othr><Id>9902000000000002</Id></Othr></Id></Acct><RltdAcct><Id><Othr><Id>6226</Id></Othr></Id></RltdAcct>${content}</Ntfctn>
</BkToCstmrDbtCdtNtfctn></Document>`;
}

const EXPECTED: BankEntry = {
  reference: 'B1',
  kind: 'credit',
  number: '9902000000000002',
  amount_fen: 7622 as BankEntry['amount_fen'],
  currency: 'CNY',
  payer_name: '甲 & 乙',
  payer_account: '6222',
  payer_bank: '工商银行',
  end_to_end_id: 'E1',
  remittance: '货款 四月',
  original_reference: null,
  booked_at_ms: Date.parse('2026-04-12T10:15:00+08:00'),
  booked_on: '2026-04-12',
};

describe('a credit', () => {
  test('is read with everything that says whose it is', async () => {
    expect(await entries(message(entry()))).toEqual([EXPECTED]);
  });

  test('is the same whatever the chunks, prefixes and comments', async () => {
    const prefixed = message(entry())
      .replaceAll(/<(\/?)([A-Z])/g, '<$1b:$2')
      .replace('xmlns=', 'xmlns:b=')
      .replace('<b:Ntry>', '<!-- one --><b:Ntry>');
    expect(await entries(prefixed)).toEqual([EXPECTED]);
    const whole = (await items(message(entry()), 1_000_000)).flatMap((item) =>
      item.kind === 'entry' ? item.payments : [],
    );
    expect(whole).toEqual([EXPECTED]);
  });

  test('of a statement names the number it came to', async () => {
    const to = details().replace(
      '</RltdPties>',
      '<CdtrAcct><Id><Othr><Id>9902000000000004</Id></Othr></Id></CdtrAcct></RltdPties>',
    );
    expect(await entries(message(entry({ details: to })))).toMatchObject([{ number: '9902000000000004' }]);
  });

  test('counts only when it is booked', async () => {
    const pending = entry({ status: '<Sts><Cd>PDNG</Cd></Sts>' });
    const proprietary = entry({ status: '<Sts><Prtry>WAIT</Prtry></Sts>' });
    expect(await entries(message(pending + proprietary))).toEqual([]);
  });

  test.each([
    ['a day alone', '<BookgDt><Dt>2026-04-11</Dt></BookgDt>', { booked_at_ms: null, booked_on: '2026-04-11' }],
    [
      'a time without a zone, which is China’s',
      '<BookgDt><DtTm>2026-04-12T00:30:00</DtTm></BookgDt>',
      { booked_at_ms: Date.parse('2026-04-11T16:30:00Z'), booked_on: '2026-04-12' },
    ],
    ['the value date when there is no other', '<ValDt><Dt>2026-04-10</Dt></ValDt>', { booked_on: '2026-04-10' }],
    ['nothing', '', { booked_at_ms: null, booked_on: null }],
  ])('takes its time from %s', async (_what, dates, told) => {
    expect(await entries(message(entry({ dates })))).toMatchObject([told]);
  });

  test.each([
    ['a time in words', '<BookgDt><DtTm>soon, 1</DtTm></BookgDt>'],
    ['a number', '<BookgDt><DtTm>2026</DtTm></BookgDt>'],
    ['a year of six digits', '<BookgDt><DtTm>+275760-09-13T00:00:00Z</DtTm></BookgDt>'],
    [
      'the last second of the year 9999, which is another year in China',
      '<BookgDt><DtTm>9999-12-31T23:59:59Z</DtTm></BookgDt>',
    ],
  ])('with %s for its time cannot be read', async (_what, dates) => {
    expect(await items(message(entry({ dates }) + entry()))).toMatchObject([
      { kind: 'head' },
      { kind: 'unreadable', position: 1, problem: expect.stringContaining('BookgDt') },
      { kind: 'entry' },
      { kind: 'end' },
    ]);
  });

  // A key of PostgreSQL has at most 2704 bytes: a longer one would fail the whole file, each time anew.
  test.each([
    ['reference', { details: details().replace('>B1<', `>${'B'.repeat(141)}<`) }],
    [
      'number',
      {
        details: details().replace(
          '</RltdPties>',
          `<CdtrAcct><Id><Othr><Id>${'9'.repeat(141)}</Id></Othr></Id></CdtrAcct></RltdPties>`,
        ),
      },
    ],
    [
      'reference',
      {
        details: details().replace('<AcctSvcrRef>B1</AcctSvcrRef>', ''),
        reference: `<AcctSvcrRef>${'N'.repeat(141)}</AcctSvcrRef>`,
      },
    ],
  ])('whose %s is longer than any that can be kept is left out alone', async (what, parts) => {
    expect(await items(message(entry(parts) + entry()))).toMatchObject([
      { kind: 'head' },
      { kind: 'unreadable', position: 1, problem: expect.stringContaining(what) },
      { kind: 'entry' },
      { kind: 'end' },
    ]);
  });

  test('has a remittance of whole characters, however long it was', async () => {
    const long = details().replace('<Ustrd>货款</Ustrd>', `<Ustrd>${'a'.repeat(499)}😀</Ustrd>`);
    expect(await entries(message(entry({ details: long })))).toMatchObject([{ remittance: 'a'.repeat(499) }]);
  });

  test.each([
    ['the payment', details(), '<AcctSvcrRef>N1</AcctSvcrRef>', 'B1'],
    ['the entry', details().replace('<AcctSvcrRef>B1</AcctSvcrRef>', ''), '<AcctSvcrRef>N1</AcctSvcrRef>', 'N1'],
  ])('takes its reference from %s', async (_what, given, reference, expected) => {
    expect(await entries(message(entry({ details: given, reference })))).toMatchObject([{ reference: expected }]);
  });

  test('without any reference has one of its content, the same each time', async () => {
    const bare = (amount: string): string =>
      message(entry({ amount, reference: '', details: details().replace('<AcctSvcrRef>B1</AcctSvcrRef>', '') }));
    const [first] = await entries(bare('<Amt Ccy="CNY">1.00</Amt>'));
    const [again] = await entries(bare('<Amt Ccy="CNY">1</Amt>'));
    const [other] = await entries(bare('<Amt Ccy="CNY">2</Amt>'));
    expect(first?.reference).toMatch(/^x[0-9a-f]{34}$/);
    expect(again?.reference).toBe(first?.reference);
    expect(other?.reference).not.toBe(first?.reference);
  });
});

describe('entries of several payments', () => {
  const part = (reference: string, amount: string): string =>
    `<TxDtls><Refs><AcctSvcrRef>${reference}</AcctSvcrRef></Refs><Amt Ccy="CNY">${amount}</Amt></TxDtls>`;
  const both = (one: string, other: string): string =>
    message(entry({ details: `<NtryDtls>${one}${other}</NtryDtls>` }));

  test('are as many credits', async () => {
    expect(await entries(both(part('P1', '70'), part('P2', '6.22')))).toMatchObject([
      { reference: 'P1', amount_fen: 7000 },
      { reference: 'P2', amount_fen: 622 },
    ]);
  });

  test.each([
    ['do not add up', part('P1', '70'), part('P2', '6.23'), 'do not add up'],
    ['cannot be told apart', part('P1', '70'), part('P1', '6.22'), 'told apart'],
    ['have no amounts', part('P1', '70'), '<TxDtls/>', 'no amount'],
  ])('that %s are reported', async (_what, one, other, said) => {
    expect(await items(both(one, other))).toContainEqual({
      kind: 'unreadable',
      position: 1,
      problem: expect.stringContaining(said),
    });
  });
});

describe('what is taken back, and what comes back', () => {
  test('冲正 names its own reference and the one it takes back', async () => {
    const reversal = entry({ side: 'DBIT', reversal: '<RvslInd>true</RvslInd>' });
    expect(await entries(message(reversal))).toMatchObject([
      { kind: 'reversal', reference: 'N1', original_reference: 'B1', number: '9902000000000002' },
    ]);
  });

  test('退汇 names our own payment', async () => {
    const returned = entry({ details: details('<RtrInf><Rsn><Cd>AC01</Cd></Rsn></RtrInf>') });
    expect(await entries(message(returned))).toMatchObject([
      { kind: 'returned', end_to_end_id: 'E1', remittance: '货款 四月 AC01' },
    ]);
    expect(await entries(message(entry({ reversal: '<RvslInd>1</RvslInd>' })))).toMatchObject([{ kind: 'returned' }]);
  });

  test('a debit is a debit', async () => {
    expect(await entries(message(entry({ side: 'DBIT' })))).toMatchObject([{ kind: 'debit' }]);
  });
});

describe('version 001.02', () => {
  const xml = message(
    entry({
      status: '<Sts>BOOK</Sts>',
      details: details().replace('<Pty><Nm>甲 &amp; 乙</Nm></Pty>', '<Nm>甲 &amp; 乙</Nm>'),
    }),
    'urn:iso:std:iso:20022:tech:xsd:camt.054.001.02',
  ).replace('<Id>I1</Id>', '<Id>I1</Id><CreDtTm>2026-04-12T10:00:00+08:00</CreDtTm>');

  test('says the same in other words', async () => {
    expect(await entries(xml)).toEqual([EXPECTED]);
  });

  test('does not take the words of 001.08', async () => {
    expect(await items(xml.replace('<Sts>BOOK</Sts>', STATUS))).toContainEqual({
      kind: 'unreadable',
      position: 1,
      problem: 'Sts holds Cd where a text belongs',
    });
    expect(
      await problem(xml.replace('<Id>I1</Id><CreDtTm>2026-04-12T10:00:00+08:00</CreDtTm>', '<Id>I1</Id>')),
    ).toContain('Ntfctn lacks CreDtTm');
  });
});

describe('one entry that breaks the rules is left out, the others count', () => {
  test.each([
    ['no amount', entry({ amount: '' }), 'Ntry lacks Amt'],
    ['a stranger', entry({ amount: '<Sum>1</Sum>' }), 'Ntry has no element Sum'],
    [
      'the wrong order',
      entry().replace(CODE, '').replace('<CdtDbtInd>', `${CODE}<CdtDbtInd>`),
      'CdtDbtInd stands too late in Ntry',
    ],
    ['two amounts', entry({ amount: '<Amt Ccy="CNY">1</Amt><Amt Ccy="CNY">1</Amt>' }), 'Ntry has more than 1 of Amt'],
    [
      'two alternatives',
      entry({ status: '<Sts><Cd>BOOK</Cd><Prtry>x</Prtry></Sts>' }),
      'Sts has more than one alternative',
    ],
    ['no alternative', entry({ status: '<Sts/>' }), 'Sts is empty'],
    ['text among elements', entry({ status: '<Sts>BOOK</Sts>' }), 'Sts holds text where elements belong'],
    ['a part of a fen', entry({ amount: '<Amt Ccy="CNY">1.001</Amt>' }), 'Amt is no amount of whole fen'],
    ['nothing', entry({ amount: '<Amt Ccy="CNY">0.00</Amt>' }), 'Amt is no amount of whole fen'],
    ['a negative amount', entry({ amount: '<Amt Ccy="CNY">-1</Amt>' }), 'Amt is no amount of whole fen'],
    ['no currency', entry({ amount: '<Amt>1</Amt>' }), 'Amt names no currency'],
    ['another side', entry({ side: 'BOTH' }), 'CdtDbtInd is neither CRDT nor DBIT'],
    ['no date', entry({ dates: '<BookgDt><DtTm>soon</DtTm></BookgDt>' }), 'BookgDt is no time'],
  ])('%s', async (_what, bad, said) => {
    const read = await items(message(bad + entry()));
    expect(read.filter((item) => item.kind === 'unreadable')).toEqual([
      { kind: 'unreadable', position: 1, problem: said },
    ]);
    expect(read.filter((item) => item.kind === 'entry')).toHaveLength(1);
  });
});

describe('a message that breaks the rules is none', () => {
  const good = message(entry());

  test.each([
    ['breaks off', good.slice(0, -20), /line \d+: /],
    ['is empty', '', /./],
    ['is no XML', 'PK\u0003\u0004', /line 1/],
    ['is not well-formed', good.replace('</Ntry>', '</Entry>'), /line \d+/],
    ['has a DOCTYPE', good.replace('<Document', '<!DOCTYPE Document [<!ENTITY a "b">]><Document'), /DOCTYPE/],
    ['has an unknown entity', good.replace('四月', '&a;'), /line \d+/],
    [
      'is another message',
      message(entry(), 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.03'),
      /no camt\.053 or camt\.054/,
    ],
    [
      'is another version',
      message(entry(), 'urn:iso:std:iso:20022:tech:xsd:camt.054.001.99'),
      /no camt\.053 or camt\.054/,
    ],
    ['has another encoding', good.replace('UTF-8', 'GB18030'), /GB18030/],
    ['lacks its header', good.replace(HEADER, ''), /lacks GrpHdr/],
    ['lacks the account', good.replace(/<Acct>.*?<\/Acct>/, ''), /lacks Acct/],
    ['has a stranger outside of entries', good.replace('<Id>I1</Id>', '<Id>I1</Id><Hello/>'), /no element Hello/],
    [
      'nests without end',
      good.replace('<BkTxCd/>', `<BkTxCd>${'<a>'.repeat(50)}${'</a>'.repeat(50)}</BkTxCd>`),
      /too deeply/,
    ],
    ['has a text without end', good.replace('四月', 'x'.repeat(20_001)), /too long/],
  ])('%s', async (_what, xml, said) => {
    expect(await problem(xml)).toMatch(said);
  });

  test('is not UTF-8', async () => {
    expect(await problem(Buffer.from(good, 'latin1'))).toContain('not UTF-8');
  });
});
