import { tokenizer, type Token } from 'acorn';
import { stripTypeScriptTypes } from 'node:module';
import { analyse } from 'scslre';
import { describe, expect, test } from 'vitest';
import { readSourceFiles } from '../repository.ts';

// A regular expression that backtracks takes time with the square of what it is given, or worse: one request could occupy a
// process for minutes. Which ones do is found by looking at them, so that no clock is needed and no input can be forgotten.

/** Those that do and may: what they read is ours, and short. */
const ALLOWED: Readonly<Record<string, string>> = {
  'gateway/src/cli/check.ts /^(.*?)[.!]\\s+(.+)$/s': 'our own messages',
  'gateway/src/cli/errors.ts /\\s*\\n\\s*/g': 'what the operator typed on this command line',
  'gateway/src/http/cashier/document.ts /^\\s*\\/\\*.*\\*\\/\\s*$/gm': 'our own files, at the start',
  'gateway/src/http/cashier/texts.ts /\\B(?=(\\d{3})+$)/g': 'the digits of an amount',
  'simulators/src/wallet/assets/page-data.js /\\B(?=(\\d{3})+$)/g': 'the digits of an amount',
};

const CODE =
  /^(?:gateway\/src|sdk\/typescript\/src|simulators\/src|sandbox\/src|demos\/shop\/src|cashier)\/.*\.(?:ts|js)$/;

/** acorn's types do not know that tokens have values. */
type PatternToken = Token & { readonly value: { readonly pattern: string; readonly flags: string } };

function patternsIn(text: string): PatternToken['value'][] {
  const tokens = [...tokenizer(text, { ecmaVersion: 'latest', sourceType: 'module' })];
  return tokens.filter((token) => token.type.label === 'regexp').map((token) => (token as PatternToken).value);
}

/** What input makes it slow, in words; nothing when none does. */
function slowness(pattern: string, flags: string): string[] {
  const { reports } = analyse({ source: pattern, flags }, { reportTypes: { Move: true, Self: true, Trade: true } });
  return reports.map(({ type, character }) => `${type}: many of ${character.literal.source}`);
}

async function slowPatterns(): Promise<string[]> {
  const files = (await readSourceFiles()).filter(({ path }) => CODE.test(path));
  expect(files.length).toBeGreaterThan(300);
  const found = files.flatMap(({ path, text }) =>
    patternsIn(path.endsWith('.ts') ? stripTypeScriptTypes(text) : text)
      .filter(({ pattern, flags }) => slowness(pattern, flags).length > 0)
      .map(({ pattern, flags }) => `${path} /${pattern}/${flags}`),
  );
  return [...new Set(found)].sort();
}

describe('a regular expression', () => {
  test('takes time in proportion to what it reads, unless it reads nothing of strangers', async () => {
    expect(await slowPatterns()).toEqual(Object.keys(ALLOWED).sort());
  });

  test.each([
    ['backtracks between two repetitions', '^\\s*([a-z\\s]+?)\\s*$'],
    ['repeats a repetition', '^(a+)+$'],
    ['begins anew at every place', '=+$'],
  ])('that %s is found', (_what, pattern) => {
    expect(slowness(pattern, '')).not.toEqual([]);
  });
});
