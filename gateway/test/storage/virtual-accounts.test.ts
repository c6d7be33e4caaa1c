import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MERCHANT_ID, newId, NOW_MS, openStore, type OpenedStore } from './opened-store.ts';

let opened: OpenedStore;
let pools = 0;
let pool = '';

beforeAll(async () => {
  opened = await openStore();
});

afterAll(() => opened.close());

beforeEach(() => {
  pools += 1;
  pool = `pool ${pools}`;
});

async function addNumbers(count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => ({
    serial: index + 1,
    number: `${pools}00${index + 1}`,
  }));
  await opened.store.virtual_accounts.add('bank-1', pool, numbers);
}

const owner = (trade_id = newId()) => ({ account_id: 'bank-1', merchant_id: MERCHANT_ID, trade_id });

function take(
  who: ReturnType<typeof owner>,
  rested_until_ms = NOW_MS,
  store = opened.store,
  last = 99,
): Promise<string | null> {
  const request = { ...who, pool, first: 1, last, rested_until_ms, now_ms: NOW_MS, check_at_ms: NOW_MS + 1 };
  return store.virtual_accounts.take(request);
}

describe('taking a number', () => {
  test('gives the same order the same number, on whichever node, at whatever moment', async () => {
    // One for each that asks: while one waits for another to be done, it keeps the number that it will not get from the next.
    await addNumbers(12);
    const who = owner();
    const nodes = [opened.store, opened.another(), opened.another()];
    const taken = await Promise.all(Array.from({ length: 12 }, (_, index) => take(who, NOW_MS, nodes[index % 3])));
    expect(new Set(taken).size).toBe(1);
    expect(taken[0]).not.toBeNull();
    expect(await opened.sql("SELECT 1 FROM virtual_accounts WHERE pool = $1 AND state = 'open'", [pool])).toHaveLength(
      1,
    );
  });

  test('never gives one number to two orders, however many ask at once, and no number is left over', async () => {
    await addNumbers(20);
    const nodes = [opened.store, opened.another()];
    const taken = await Promise.all(Array.from({ length: 40 }, (_, index) => take(owner(), NOW_MS, nodes[index % 2])));
    const given = taken.filter((number) => number !== null);
    expect(new Set(given).size).toBe(given.length);
    // SKIP LOCKED may turn one away who met others; asked again, it gets what is left.
    while ((await take(owner())) !== null) given.push('');
    expect(given).toHaveLength(20);
  });

  test('gives never-used numbers first, in their order, then the one that has rested longest', async () => {
    await addNumbers(3);
    const owners = [owner(), owner(), owner()];
    const [first, second, third] = [await take(owners[0] ?? owner()), await take(owners[1] ?? owner()), null];
    expect([first, second]).toEqual([`${pools}001`, `${pools}002`]);
    const { virtual_accounts } = opened.store;
    const event = { source: 'close', kind: 'number_closed' };
    await virtual_accounts.close(owners[1] ?? owner(), { now_ms: NOW_MS - 20, free_at_ms: NOW_MS - 10 }, event);
    await virtual_accounts.close(owners[0] ?? owner(), { now_ms: NOW_MS - 10, free_at_ms: NOW_MS - 5 }, event);
    expect([await take(owner()), await take(owner()), await take(owner()), third]).toEqual([
      `${pools}003`,
      second,
      first,
      null,
    ]);
  });

  test('gives none that rests, is of another form, or is not assigned any more', async () => {
    await addNumbers(2);
    const who = owner();
    await take(who);
    await opened.store.virtual_accounts.close(
      who,
      { now_ms: NOW_MS, free_at_ms: NOW_MS + 1 },
      { source: 'close', kind: 'number_closed' },
    );
    expect(await take(owner(), NOW_MS, opened.store, 1)).toBeNull();
    expect(await take(owner(), NOW_MS + 1, opened.store, 1)).toBe(`${pools}001`);
    pool = 'another form';
    expect(await take(owner())).toBeNull();
  });
});

describe('a number that the bank gave', () => {
  const adopt = (who: ReturnType<typeof owner>, number: string, now_ms = NOW_MS): Promise<boolean> =>
    opened.store.virtual_accounts.adopt(who, number, now_ms, now_ms);

  test('is taken by one order, again by the same, and by no other while it is open or rests', async () => {
    const who = owner();
    expect(await adopt(who, '77')).toBe(true);
    expect(await adopt(who, '77')).toBe(true);
    expect(await adopt(owner(), '77')).toBe(false);
    const closed = await opened.store.virtual_accounts.close(
      who,
      { now_ms: NOW_MS, free_at_ms: NOW_MS + 10 },
      { source: 'close', kind: 'number_closed' },
    );
    expect(closed).toBe('77');
    expect(await adopt(owner(), '77')).toBe(false);
    expect(await adopt(owner(), '77', NOW_MS + 10)).toBe(true);
  });
});

test('closing twice writes one word into the timeline', async () => {
  await addNumbers(1);
  const who = owner();
  await take(who);
  const at = { now_ms: NOW_MS, free_at_ms: NOW_MS };
  const event = { source: 'writeoff', kind: 'written_off' };
  const { virtual_accounts } = opened.store;
  expect(await Promise.all([virtual_accounts.close(who, at, event), virtual_accounts.close(who, at, event)])).toContain(
    null,
  );
  const events = await opened.sql('SELECT source, kind FROM order_events WHERE trade_id = $1', [who.trade_id]);
  expect(events).toEqual([event]);
});
