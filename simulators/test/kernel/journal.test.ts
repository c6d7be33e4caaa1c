import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileJournal, memoryJournal } from '../../src/kernel/journal.ts';
import { Ledger } from '../../src/kernel/ledger.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heliu-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const file = (): string => join(folder, 'deep', 'journal.jsonl');
const lines = (): string[] => readFileSync(file(), 'utf8').trimEnd().split('\n');

describe.each([
  ['in memory', () => memoryJournal()],
  ['in a file', () => fileJournal(file())],
])('a journal %s', (_, open) => {
  test('gives back what was appended, in order, as copies', () => {
    const journal = open();
    const record = { n: 1 };
    journal.append(record);
    record.n = 2;
    journal.append({ n: 3 });
    expect(journal.load()).toEqual([{ n: 1 }, { n: 3 }]);
  });

  test('leaves out snapshots that a later one supersedes, and things that were removed', () => {
    const journal = open();
    journal.append({ snapshot_of: 'a', n: 1 });
    journal.append({ kept: 1 });
    journal.append({ snapshot_of: 'b', n: 1 });
    journal.append({ snapshot_of: 'a', n: 2 });
    journal.append({ snapshot_of: 'b', removed: true });
    expect(journal.load()).toEqual([{ kept: 1 }, { snapshot_of: 'a', n: 2 }]);
  });

  test('records nothing of a step that throws, and goes on afterwards', () => {
    const journal = open();
    expect(() =>
      journal.atomically(() => {
        journal.append({ n: 1 });
        throw new Error('no');
      }),
    ).toThrow('no');
    journal.append({ n: 2 });
    expect(journal.load()).toEqual([{ n: 2 }]);
  });
});

test('an atomic step is one line, nested steps included', () => {
  const journal = fileJournal(file());
  journal.atomically(() => {
    journal.append({ n: 1 });
    journal.atomically(() => journal.append({ n: 2 }));
  });
  journal.close();
  expect(lines()).toEqual(['[{"n":1},{"n":2}]']);
});

test('a record is in the file before append returns', () => {
  const journal = fileJournal(file());
  journal.append({ text: '钱' });
  expect(lines()).toEqual(['{"text":"钱"}']);
  journal.close();
});

test('opening compacts the file and drops a torn last line; another damaged line is refused', () => {
  const first = fileJournal(file());
  first.append({ snapshot_of: 'a', n: 1 });
  first.append({ snapshot_of: 'a', n: 2 });
  first.close();
  appendFileSync(file(), '{"snapshot_of":"a","n":');
  const second = fileJournal(file());
  expect(second.load()).toEqual([{ snapshot_of: 'a', n: 2 }]);
  expect(lines()).toEqual(['{"snapshot_of":"a","n":2}']);
  second.append({ n: 3 });
  expect(second.load()).toHaveLength(2);
  second.close();
  writeFileSync(file(), '{"n":\n{"n":1}\n');
  expect(() => fileJournal(file())).toThrow();
});

test('the ledger numbers entries over all channels, over restarts, and filters', () => {
  const journal = memoryJournal();
  const entry = { at_ms: 1, kind: 'payment', out_trade_no: 'A', amount: 1 } as const;
  const ledger = new Ledger(journal);
  ledger.add({ ...entry, channel: 'wechat' });
  ledger.add({ ...entry, channel: 'alipay' });
  const again = new Ledger(journal);
  again.add({ ...entry, channel: 'wechat' });
  expect(again.list().map((one) => [one.seq, one.channel])).toEqual([
    [1, 'wechat'],
    [2, 'alipay'],
    [3, 'wechat'],
  ]);
  expect(again.list({ channel: 'wechat', since: 1 }).map((one) => one.seq)).toEqual([3]);
  expect(() => again.add({ ...entry, channel: 'wechat', amount: 0.5 })).toThrow('whole fen');
  expect(() => again.add({ ...entry, channel: 'wechat', amount: -1 })).toThrow('whole fen');
  expect(again.list()).toHaveLength(3);
});
