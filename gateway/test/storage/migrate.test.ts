import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase } from '../../../verification/database.ts';
import type { TestDatabase } from '../../../verification/database.ts';
import { MigrationMismatch, migrate } from '../../src/storage/migrate.ts';

let database: TestDatabase;
let folder: string;
let url: string;

beforeEach(async () => {
  database = await createTestDatabase();
  url = database.url;
  await ask('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  folder = await mkdtemp(join(tmpdir(), 'heliu-migrations-'));
  await addFile('0001_shelves.sql', 'CREATE TABLE shelves (shelf_id integer PRIMARY KEY);');
  await addFile('0002_books.sql', 'CREATE TABLE books (book_id integer PRIMARY KEY); INSERT INTO books VALUES (1);');
});

afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

function addFile(name: string, sql: string): Promise<void> {
  return writeFile(join(folder, name), sql);
}

async function ask(sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('migrate', () => {
  test('applies every file in order, and nothing the second time', async () => {
    expect(await migrate(url, folder)).toEqual({ applied: ['0001_shelves', '0002_books'] });
    expect(await migrate(url, folder)).toEqual({ applied: [] });
    expect(await ask('SELECT version, name, length(checksum) AS length FROM schema_migrations ORDER BY 1')).toEqual([
      { version: 1, name: 'shelves', length: 64 },
      { version: 2, name: 'books', length: 64 },
    ]);
  });

  test('two nodes that start together apply each file once', async () => {
    const reports = await Promise.all([migrate(url, folder), migrate(url, folder), migrate(url, folder)]);
    expect(reports.flatMap((report) => report.applied).toSorted()).toEqual(['0001_shelves', '0002_books']);
    expect(await ask('SELECT count(*)::int AS books FROM books')).toEqual([{ books: 1 }]);
  });

  test('a failing file is rolled back whole, is named, and does not stop a later repair', async () => {
    await addFile('0003_pages.sql', 'CREATE TABLE pages (page_id integer); SELECT 1 / 0;');
    await expect(migrate(url, folder)).rejects.toThrow(
      'Migration 0003_pages failed and was rolled back: division by zero',
    );
    expect(await ask("SELECT to_regclass('pages') AS pages, to_regclass('books')::text AS books")).toEqual([
      { pages: null, books: 'books' },
    ]);
    await addFile('0003_pages.sql', 'CREATE TABLE pages (page_id integer);');
    expect(await migrate(url, folder)).toEqual({ applied: ['0003_pages'] });
  });

  test('a file changed after it was applied is refused by name', async () => {
    await migrate(url, folder);
    await addFile('0001_shelves.sql', 'CREATE TABLE shelves (shelf_id bigint PRIMARY KEY);');
    await expect(migrate(url, folder)).rejects.toThrow(
      new MigrationMismatch(
        'Migration 0001_shelves was changed after it was applied to this database. Restore the file and put the change into a new migration.',
      ),
    );
  });

  test('an applied file that is missing is refused by name', async () => {
    await migrate(url, folder);
    await rm(join(folder, '0002_books.sql'));
    await expect(migrate(url, folder)).rejects.toThrow(/^Migration 0002_books was applied .* and is missing here/);
  });

  test('a new file that comes before an applied one is refused by name', async () => {
    await addFile('0005_authors.sql', 'CREATE TABLE authors (author_id integer);');
    await migrate(url, folder);
    await addFile('0004_late.sql', 'SELECT 1;');
    await expect(migrate(url, folder)).rejects.toThrow(/^Migration 0004_late comes before 5/);
  });

  test.each([
    ['two files of one number', '0002_other.sql', /have the same number/],
    ['a file of another naming', '2_other.sql', /is not named like 0001_merchants.sql/],
  ])('%s is refused before anything is applied', async (_name, file, message) => {
    await addFile(file, 'SELECT 1;');
    await expect(migrate(url, folder)).rejects.toThrow(message);
    expect(await ask("SELECT to_regclass('shelves') AS shelves")).toEqual([{ shelves: null }]);
  });
});
