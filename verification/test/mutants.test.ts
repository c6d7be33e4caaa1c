import { access, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MUTANTS } from '../mutants/all.ts';
import { readArguments } from '../mutants/arguments.ts';
import { mutate, StaleMutant, type Mutant } from '../mutants/mutant.ts';
import { exitCode, summary } from '../mutants/report.ts';
import { runMutants, type Result } from '../mutants/run-mutants.ts';
import { readOutcome } from '../mutants/run-test.ts';
import { makeScratchCopy } from '../mutants/scratch-copy.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('every mutant', () => {
  test('has a name of its own', () => {
    const names = MUTANTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
  });

  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s changes what stands in the source',
    async (_name, mutant) => {
      const text = await readFile(join(ROOT, mutant.file), 'utf8');
      expect(mutate(mutant, text)).not.toBe(text);
    },
  );

  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s names a test that there is',
    async (_name, mutant) => {
      const { test: named } = mutant.caught_by;
      expect(named.file).toMatch(/\/test\/.*\.test\.ts$/);
      const text = await readFile(join(ROOT, named.file), 'utf8');
      expect(titlesOf(text)).toContainEqual(expect.stringContaining(named.name));
    },
  );
});

/** What stands between the quotes of `test('…'`, `it.each(rows)('…'`, `describe('…'` and, below its rows, of `])('…'`. */
function titlesOf(text: string): string[] {
  const titles = text.matchAll(/(?:\b(?:test|it|describe)\b[^\n]*?\(|\)\()\s*(['"`])((?:\\.|(?!\1).)+)\1/gs);
  return [...titles].map(([, , title = '']) => title.replaceAll(/\\(.)/g, '$1'));
}

const MONEY = 'gateway/src/domain/money.ts';
const SCHEDULE = 'gateway/src/domain/retry-schedule.ts';
const TRADE_STATE = 'gateway/src/domain/trade-state.ts';
const NO_AMOUNT = { file: 'gateway/test/domain/money.test.ts', name: '%d is no amount', row: '-1 is no amount' };

function sample(changes: Partial<Mutant>): Mutant {
  return {
    name: 'sample',
    guard: 'an amount is a whole number that is not negative',
    file: MONEY,
    find: 'amount < 0',
    replace: 'amount < -10',
    caught_by: { test: NO_AMOUNT },
    ...changes,
  };
}

describe('a run', () => {
  const samples = {
    caught: sample({}),
    survived: sample({ name: 'survives', find: 'padStart(3,', replace: 'padStart(4,' }),
    stale: sample({ name: 'stale', find: 'no such text' }),
    syntax: sample({ name: 'syntax', file: SCHEDULE, find: 'attempts_made === 0', replace: 'attempts_made ===' }),
    types: sample({ name: 'types', file: TRADE_STATE, find: 'state === 1', replace: 'state === nothing_of_this_name' }),
    no_test: sample({
      name: 'no-test',
      find: '{1,12}',
      replace: '{1,13}',
      caught_by: { test: { ...NO_AMOUNT, row: 'no such row' } },
    }),
    bad_statement: sample({
      name: 'bad-statement',
      file: 'gateway/src/storage/orders.ts',
      find: "SELECT * FROM orders WHERE merchant_id = $1 AND trade_id = $2'",
      replace: "SELECT * FROM orders WHERE merchant_id = $1 AND no_such_column = $2'",
      caught_by: {
        test: {
          file: 'gateway/test/storage/orders.test.ts',
          name: 'writes nonce, order, first event and job, and reads back what it was given',
        },
      },
    }),
  };
  let results: Result[];

  beforeAll(async () => {
    const signal = AbortSignal.timeout(290_000);
    results = await runMutants(Object.values(samples), { jobs: 2, tell: () => undefined, signal });
  }, 300_000);

  const of = (mutant: Mutant): Result | undefined => results.find((result) => result.mutant === mutant);

  test('tells a bug that its test sees from one that it does not', () => {
    expect(of(samples.caught)).toMatchObject({ kind: 'caught', why: expect.stringContaining('AssertionError') });
    expect(of(samples.survived)).toMatchObject({ kind: 'survived' });
  });

  test.each([
    ['whose text is not in the source', 'stale', 'stands in gateway/src/domain/money.ts nowhere'],
    ['that is no program', 'syntax', 'error TS'],
    ['whose types are wrong', 'types', "Cannot find name 'nothing_of_this_name'"],
    ['whose test does not exist', 'no_test', 'no test has this name'],
    ['whose statement PostgreSQL cannot read', 'bad_statement', 'column "no_such_column" does not exist'],
  ] as const)('takes one %s for no proof', (_what, which, why) => {
    expect(of(samples[which])).toMatchObject({ kind: 'error', why: expect.stringContaining(why) });
  });

  test('ends with 0 only when every one was caught', () => {
    const [caught, survived] = [of(samples.caught), of(samples.survived)].map((result) => (result ? [result] : []));
    if (!caught || !survived) throw new Error('a result is missing');
    expect(exitCode(caught, 1)).toBe(0);
    expect(exitCode([...caught, ...survived], 2)).toBe(1);
    expect(exitCode(results.filter(({ kind }) => kind === 'error').slice(0, 1), 1)).toBe(1);
    expect(exitCode(caught, 2)).toBe(1);
    expect(summary([...caught, ...survived], 2, 3)).toMatch(/\n1 caught, 1 survived in 3 s\n$/);
  });

  test('leaves the source as it was', async () => {
    expect(await readFile(join(ROOT, MONEY), 'utf8')).toContain(samples.caught.find);
  });
});

test('a test whose file cannot be loaded has seen nothing', () => {
  const file = { message: 'Failed to load url ./nothing.ts', assertionResults: [] };
  const report = (tests: unknown[]) =>
    JSON.stringify({ success: false, testResults: [{ ...file, assertionResults: tests }] });
  expect(readOutcome(report([]))).toEqual({ kind: 'broken', problem: file.message });
  const failed = { fullName: 'a', status: 'failed', failureMessages: ['ReferenceError: b is not defined'] };
  expect(readOutcome(report([failed]))).toMatchObject({ kind: 'broken' });
  expect(readOutcome(report([{ ...failed, failureMessages: ['AssertionError: 1'] }]))).toMatchObject({
    kind: 'failed',
  });
});

describe('a scratch copy', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'heliu-copy-')));
    await makeScratchCopy(join(folder, 'copy'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('finds its own packages in itself, and the others where they are installed', async () => {
    const from = createRequire(join(folder, 'copy', 'demos', 'shop', 'src', 'any.ts'));
    const own = await realpath(join(folder, 'copy', 'node_modules', '@heliu', 'sdk'));
    expect(own).toBe(join(folder, 'copy', 'sdk', 'typescript'));
    expect(await realpath(from.resolve('pg'))).toContain(join(await realpath(ROOT), 'node_modules', 'pg'));
    await expect(access(join(folder, 'copy', '.git'))).rejects.toThrow('ENOENT');
  });
});

test('the command line is read, and what is wrong with it is named', () => {
  expect(readArguments(['--only', 'a', '--only', 'b', '--jobs', '3'])).toEqual({
    only: ['a', 'b'],
    jobs: 3,
    sample: null,
    proven: false,
    what: 'run',
  });
  expect(readArguments(['--sample', '5', '--seed', 'x'])).toMatchObject({ sample: { size: 5, seed: 'x' } });
  expect(readArguments(['--list'])).toMatchObject({ only: [], what: 'list' });
  expect(() => readArguments(['--jobs', '0'])).toThrow('--jobs must be a whole number from 1 to 64, not "0"');
  expect(() => readArguments(['--unknown'])).toThrow('--unknown');
});

test('a text that stands twice is no place to plant a bug in', () => {
  expect(() => mutate(sample({ find: 'a' }), 'a b a')).toThrow(StaleMutant);
});
