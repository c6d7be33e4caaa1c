import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { CODES } from '../../gateway/src/domain/codes.ts';
import { CODES_NOT_HERE, HEARD_CODES, STRANGERS } from '../simulation/reach/codes.ts';
import {
  BANK_EXCEPTIONS,
  BANK_TIMELINE,
  EXCEPTIONS,
  EXCEPTIONS_NOT_HERE,
  TIMELINE,
} from '../simulation/reach/names.ts';
import { OUTCOMES, OUTCOMES_NOT_HERE } from '../simulation/reach/outcomes.ts';

// What the simulation calls complete is what the document tells of: no row without a recogniser, no recogniser without a row.

let document: string;

beforeAll(async () => {
  document = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'outcomes.md'), 'utf8');
});

function section(heading: string): string {
  const text = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0];
  if (text === undefined) throw new Error(`docs/outcomes.md has no section ${heading}`);
  return text;
}

/** The first cells of a table's rows. */
function rowsOf(text: string): string[] {
  return [...text.matchAll(/^\| (.+?) \|/gm)]
    .map(([, cell = '']) => cell)
    .filter((cell) => !/^(what happened|kind)$/.test(cell));
}

/** The words between backticks in the first cells. */
function kindsOf(text: string): string[] {
  return rowsOf(text).flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word));
}

it('has a recogniser for each row of the outcomes that need nobody, and a row for each recogniser', () => {
  const documented = section('Outcomes that need nobody')
    .split('\n### ')
    .slice(1)
    .flatMap((text) => rowsOf(text).map((row) => `${text.split('\n')[0]}: ${row}`));
  expect(documented.length).toBeGreaterThan(35);
  expect([...OUTCOMES, ...OUTCOMES_NOT_HERE].map((one) => `${one.section}: ${one.row}`).toSorted()).toEqual(
    documented.toSorted(),
  );
});

it('knows each kind of exception, and no other', () => {
  expect([...EXCEPTIONS, ...BANK_EXCEPTIONS].toSorted()).toEqual(kindsOf(section('Exceptions')).toSorted());
});

it('knows each kind of line in a timeline, and no other', () => {
  expect([...TIMELINE, ...BANK_TIMELINE].toSorted()).toEqual(kindsOf(section('Reading a timeline')).toSorted());
});

it('reaches each code of the API somewhere, or says why it cannot and which test does', async () => {
  const reached = [...HEARD_CODES, ...STRANGERS].map((name) => Number(name.split(' ').at(-1)));
  const absent = CODES_NOT_HERE.map(({ code }) => code);
  const all = Object.values(CODES).map(({ code }) => code);
  expect(new Set([...reached, ...absent])).toEqual(new Set(all));
  for (const { test } of [...OUTCOMES_NOT_HERE, ...EXCEPTIONS_NOT_HERE])
    await access(join(import.meta.dirname, '..', '..', test));
  for (const { test } of CODES_NOT_HERE) if (test !== null) await access(join(import.meta.dirname, '..', '..', test));
});
