import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewException } from '../../src/storage/exceptions.ts';
import { newId, NOW_MS, openStore, type OpenedStore } from './opened-store.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
});

afterAll(() => opened.close());

function exception(dedupe_key: string): NewException {
  return {
    exception_id: newId(),
    kind: 'callback_not_understood',
    dedupe_key,
    merchant_id: null,
    trade_id: null,
    channel: 'wechat',
    account_id: 'a',
    detail: {},
    raw_headers: null,
    raw_body: null,
  };
}

/** Text that PostgreSQL cannot press together, as long as asked for. */
const noise = (length: number): string =>
  Array.from({ length }, (_, index) => String.fromCharCode(0x4e00 + ((index * 7_919) % 20_000))).join('');

// The numbers in a key are a channel's: whatever it sends, the matter must get into the queue, and only once.
test.each([
  ['longer than an index takes', noise(20_000)],
  ['with a NUL', 'callback_not_understood a EV\0'],
])('a matter whose key is %s is kept once', async (_what, key) => {
  const { exceptions } = opened.store;
  expect(await exceptions.raiseOnce(exception(key), NOW_MS)).toBe(true);
  expect(await exceptions.raiseOnce(exception(key), NOW_MS)).toBe(false);
  await exceptions.raise(exception(key), NOW_MS);
  expect(await exceptions.raiseOnce(exception(`${key}!`), NOW_MS)).toBe(true);
});
