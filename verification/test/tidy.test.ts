import { beforeAll, describe, expect, test } from 'vitest';
import { CHANNELS, PAY_TYPES } from '../../gateway/src/channels/registry.ts';
import { readSourceFiles } from '../repository.ts';
import type { SourceFile } from '../repository.ts';

// The repository's own rules that the linter has no word for. The length of functions and the imports between folders are
// the linter's (.oxlintrc.json).

let files: readonly SourceFile[];

beforeAll(async () => {
  files = await readSourceFiles();
});

/** `path:line: text` of every line of the chosen files that the pattern matches. */
function linesMatching(pattern: RegExp, chosen: (path: string) => boolean): string[] {
  return files
    .filter((file) => chosen(file.path))
    .flatMap((file) =>
      file.text
        .split('\n')
        .flatMap((line, index) => (pattern.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : [])),
    );
}

const isCode = (path: string) => /\.(?:ts|tsx|js|mjs|sql)$/.test(path);
const isTest = (path: string) => /\.test\.tsx?$/.test(path);
const isFixture = (path: string) => /(?:^|\/)(?:fixtures|vectors)\//.test(path);

describe('every file', () => {
  test('of code has at most 500 lines', () => {
    const long = files.filter(
      (file) => isCode(file.path) && !isFixture(file.path) && file.text.split('\n').length > 501,
    );
    expect(long.map((file) => file.path)).toEqual([]);
  });

  test('names no folder of the machine it was written on', () => {
    expect(linesMatching(/(?<![\w.])\/(?:home|Users|root|work)\/\w/, () => true)).toEqual([]);
  });

  test('is finished', () => {
    expect(linesMatching(/\b(?:T[O]DO|FIX[M]E|X[X]X|HAC[K])\b/, isCode)).toEqual([]);
  });

  test('holds no private key, except published vectors and fixtures', () => {
    const key = /-----BEGIN (?:RSA |EC |ENCRYPTED )?PRIVATE KEY-----(?:\s|\\n)+[A-Za-z0-9+/]{40}/;
    const found = files.filter((file) => !isFixture(file.path) && key.test(file.text));
    expect(found.map((file) => file.path)).toEqual([]);
  });
});

test('no test is switched off or narrowed', () => {
  expect(linesMatching(/\b(?:describe|suite|test|it)(?:\.\w+)*\.(?:only|skip|skipIf|todo|fails)\b/, isTest)).toEqual(
    [],
  );
});

test('no test passes whatever the code does', () => {
  expect(linesMatching(/expect\((?:true|1)\)\.to(?:Be|Equal)\((?:true|1)\)/, isTest)).toEqual([]);
});

test('every dependency has an exact version', () => {
  const manifests = files.filter((file) => /(?:^|\/)package\.json$/.test(file.path));
  expect(manifests.length).toBeGreaterThan(4);
  const ranges = manifests.flatMap((file) => {
    const manifest = JSON.parse(file.text) as Record<string, Record<string, string> | undefined>;
    return ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {})
        .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
        .map(([name, version]) => `${file.path}: ${name} ${version}`),
    );
  });
  expect(ranges).toEqual([]);
});

test('every channel and pay type of the registry is documented', () => {
  const documents = files.filter((file) => file.path === 'README.md' || /^docs\/.*\.md$/.test(file.path));
  const text = documents.map((file) => file.text).join('\n');
  expect(PAY_TYPES.size).toBeGreaterThan(0);
  const codes = [...CHANNELS.map((channel) => channel.name), ...PAY_TYPES.keys()];
  expect(codes.filter((code) => !text.includes(code))).toEqual([]);
});

describe('SQL', () => {
  const outside = (path: string) =>
    path.startsWith('gateway/src/') && isCode(path) && !path.startsWith('gateway/src/storage/');

  test('stands in gateway/src/storage only', () => {
    const statement =
      /\b(?:SELECT\b.+\bFROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|(?:CREATE|ALTER|DROP) (?:TABLE|INDEX|DATABASE))\b/;
    expect(linesMatching(statement, outside)).toEqual([]);
    expect(linesMatching(/from 'pg'/, outside)).toEqual([]);
  });

  test('never reads a stored table without a bound: a LIMIT or a whole unique key', () => {
    const keys = storedKeys(files.filter((file) => file.path.startsWith('gateway/src/storage/migrations/')));
    expect(keys.size).toBeGreaterThan(5);
    const storage = files.filter((file) => /^gateway\/src\/storage\/[^/]+\.ts$/.test(file.path));
    const selects = storage.flatMap((file) => statements(file.text).map((sql) => ({ path: file.path, sql })));
    expect(selects.length).toBeGreaterThan(10);
    expect(selects.filter(({ sql }) => isUnbounded(sql, keys)).map(({ path, sql }) => `${path}: ${sql}`)).toEqual([]);
  });
});

test('domain and operations do not read the clock', () => {
  const chosen = (path: string) => /^gateway\/src\/(?:domain|operations)\//.test(path);
  expect(linesMatching(/\bnew Date\(\)|\bDate\.now\b|\bprocess\.hrtime\b/, chosen)).toEqual([]);
});

/** The column lists of each table's primary key and unique keys. A table with a `singleton` column has one row. */
function storedKeys(migrations: readonly SourceFile[]): Map<string, string[][]> {
  const keys = new Map<string, string[][]>();
  const sql = migrations.map((file) => file.text.replaceAll(/--.*$/gm, '')).join('\n');
  for (const [, table = '', body = ''] of sql.matchAll(/CREATE TABLE (\w+) \(\n([^]*?)\n\)/g)) {
    const lists = [...body.matchAll(/^ {2}(?:CONSTRAINT \w+ )?(?:PRIMARY KEY|UNIQUE) \(([^)]+)\)/gm)].map(
      ([, list = '']) => list.split(/,\s*/),
    );
    const columns = [...body.matchAll(/^ {2}(\w+) [^\n]*\b(?:PRIMARY KEY|UNIQUE)\b/gm)].map(([, column = '']) => [
      column,
    ]);
    keys.set(table, [...lists, ...columns.filter(([column]) => column !== 'CONSTRAINT')]);
  }
  for (const [, table = '', list = ''] of sql.matchAll(/CREATE UNIQUE INDEX \w+ ON (\w+) \(([^)]+)\)/g)) {
    keys.get(table)?.push(list.split(/,\s*/));
  }
  return keys;
}

/** The SELECT statements among a file's string literals. */
function statements(text: string): string[] {
  return [...text.matchAll(/(['`])(SELECT [^]*?)\1/g)].map(([, , sql = '']) => sql.replaceAll(/\s+/g, ' '));
}

function isUnbounded(sql: string, keys: ReadonlyMap<string, string[][]>): boolean {
  if (/\bLIMIT\b/.test(sql)) return false;
  const tables = [...sql.matchAll(/\b(?:FROM|JOIN) (\w+)/g)]
    .map(([, table = '']) => table)
    .filter((table) => keys.has(table));
  return tables.some((table) => {
    const is_whole = (key: readonly string[]) => key.every((column) => new RegExp(`\\b${column} = `).test(sql));
    return !(keys.get(table) ?? []).some((key) => key[0] === 'singleton' || is_whole(key));
  });
}
