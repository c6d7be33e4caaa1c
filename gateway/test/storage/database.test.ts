import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../verification/database.ts';
import { DatabaseUnavailable } from '../../src/domain/unavailable.ts';
import { openDatabase, sqlState, type Database } from '../../src/storage/database.ts';

let test_database: TestDatabase;
let database: Database;

beforeAll(async () => {
  test_database = await createTestDatabase();
  database = openDatabase({ url: test_database.url, max_connections: 4 });
  await database.query(
    { name: 'make', text: 'CREATE TABLE counters (id integer PRIMARY KEY, n integer NOT NULL)' },
    [],
  );
  await database.query({ name: 'fill', text: 'INSERT INTO counters VALUES (1, 0), (2, 0)' }, []);
});

afterAll(async () => {
  await database.close();
  await test_database.drop();
});

/** One statement that locks one row, then another, and holds the first for a while between. */
function inOrder(first: number, second: number): { name: string; text: string } {
  return {
    name: `raise_${first}_${second}`,
    text: `
WITH first AS (UPDATE counters SET n = n + 1 WHERE id = ${first} RETURNING id), pause AS (SELECT pg_sleep(0.3) FROM first)
UPDATE counters SET n = n + 1 FROM pause WHERE counters.id = ${second}`,
  };
}

test('a statement that PostgreSQL rolled back because of a deadlock is sent again, and both are done once', async () => {
  await Promise.all([database.query(inOrder(1, 2), []), database.query(inOrder(2, 1), [])]);
  const rows = await database.query<{ n: number }>({ name: 'read', text: 'SELECT n FROM counters ORDER BY id' }, []);
  expect(rows).toEqual([{ n: 2 }, { n: 2 }]);
});

test('an error of a statement keeps its SQLSTATE and is not sent again', async () => {
  const refused = await database
    .query({ name: 'bad', text: 'INSERT INTO counters VALUES (1, 0)' }, [])
    .catch((error: unknown) => error);
  expect(sqlState(refused)).toBe('23505');
});

test('a server that cannot be reached is "unavailable", without its address', async () => {
  const nowhere = openDatabase({ url: 'postgres://someone:secret@127.0.0.1:1/heliu', max_connections: 1 });
  const refused = await nowhere.query({ name: 'one', text: 'SELECT 1' }, []).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DatabaseUnavailable);
  expect(String(refused)).not.toMatch(/secret|127\.0\.0\.1/);
  await nowhere.close();
});

test.each([
  ['53100', 'no room on the disk'],
  ['53200', 'no memory'],
  ['58030', 'the disk cannot be read or written'],
])('a server in need (%s: %s) is "unavailable", as one that is away', async (state) => {
  const text = `DO $$ BEGIN RAISE EXCEPTION 'in need' USING ERRCODE = '${state}'; END $$`;
  const refused = await database.query({ name: `need_${state}`, text }, []).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DatabaseUnavailable);
});

test('statements are planned by rule: no sequential scan even of an empty table', async () => {
  const rows = await database.query<{ 'QUERY PLAN': string }>(
    { name: 'plan', text: 'EXPLAIN SELECT * FROM orders WHERE merchant_id = $1 AND trade_id = $2' },
    ['1000000000000001', 'x'],
  );
  expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/Index Scan/);
});
