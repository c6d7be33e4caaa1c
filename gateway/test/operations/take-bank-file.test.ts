/** Entries of a statement mean what they mean in the order in which the bank wrote them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VirtualAccounts } from '../../src/channels/virtual-accounts.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { takeBankFile } from '../../src/operations/take-bank-file.ts';
import { NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';

const ACCOUNT = 'bank-1';
const SETTLEMENT_ACCOUNT = '6226090000000001';

let opened: OpenedStore;
let folder: string;

beforeAll(async () => {
  opened = await openStore();
  folder = await mkdtemp(join(tmpdir(), 'heliu-statement-'));
}, 60_000);

afterAll(async () => {
  await opened.close();
  await rm(folder, { recursive: true });
});

let ids = 0;

function gateway(): Gateway {
  const counter = { inc: () => undefined };
  return {
    store: opened.store,
    ports: {
      clock: { now_ms: () => NOW_MS },
      random: {
        bytes: (length: number) => {
          ids += 1;
          const bytes = Buffer.alloc(length);
          bytes.writeUInt32BE(ids);
          return bytes;
        },
      },
    },
    metrics: { bank_entries: counter, exceptions: counter },
    log: { warn: () => undefined },
  } as unknown as Gateway;
}

/** An entry over 76.22 yuan to a number that no order has. */
function entry(side: 'CRDT' | 'DBIT', reference: string, number: string, more = ''): string {
  return `<Ntry><Amt Ccy="CNY">76.22</Amt><CdtDbtInd>${side}</CdtDbtInd>${more}<Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-04-12</Dt></BookgDt><AcctSvcrRef>${reference}</AcctSvcrRef><BkTxCd/>
<NtryDtls><TxDtls><RltdPties><CdtrAcct><Id><Othr><Id>${number}</Id></Othr></Id></CdtrAcct></RltdPties></TxDtls></NtryDtls></Ntry>`;
}

function balance(code: 'OPBD' | 'CLBD'): string {
  return `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="CNY">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-04-12</Dt></Dt></Bal>`;
}

async function statement(id: string, ...entries: readonly string[]): Promise<string> {
  const path = join(folder, `${id}.xml`);
  await writeFile(
    path,
    `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>${id}</MsgId><CreDtTm>2026-04-12T23:00:00+08:00</CreDtTm></GrpHdr>
<Stmt><Id>${id}</Id><Acct><Id><Othr><Id>${SETTLEMENT_ACCOUNT}</Id></Othr></Id></Acct>${balance('OPBD')}${balance('CLBD')}${entries.join('')}</Stmt>
</BkToCstmrStmt></Document>`,
  );
  return path;
}

test('a reversal that does not name its credit takes back the one before it in the same statement', async () => {
  const path = await statement(
    'S1',
    entry('CRDT', 'C1', '9902000000000002'),
    entry('DBIT', 'R1', '9902000000000002', '<RvslInd>true</RvslInd>'),
  );
  const numbers = { settlement_account: SETTLEMENT_ACCOUNT, quarantine_ms: 0 } as VirtualAccounts;
  const taken = await takeBankFile(gateway(), { account_id: ACCOUNT, numbers }, { path, name: 'S1.xml' });
  expect(taken).toMatchObject({ outcome: 'done', entries: 2 });
  expect(await opened.store.bank_credits.byReference(ACCOUNT, 'C1')).toMatchObject({
    state: 'reversed',
    reversed_by: 'R1',
  });
  expect(await opened.sql("SELECT kind FROM exceptions WHERE kind = 'bank_reversal_unknown'")).toEqual([]);
});

test('a statement of another account is kept for a person, and nothing of it is booked', async () => {
  const path = await statement('S2', entry('CRDT', 'C2', '9902000000000002'));
  const numbers = { settlement_account: `${SETTLEMENT_ACCOUNT}9`, quarantine_ms: 0 } as VirtualAccounts;
  const taken = await takeBankFile(gateway(), { account_id: ACCOUNT, numbers }, { path, name: 'S2.xml' });
  expect(taken).toMatchObject({ outcome: 'failed', problem: expect.stringContaining(SETTLEMENT_ACCOUNT) });
  expect(await opened.store.bank_credits.byReference(ACCOUNT, 'C2')).toBeNull();
  expect(await opened.sql("SELECT kind FROM exceptions WHERE kind = 'bank_file_unreadable'")).toHaveLength(1);
});
