import { describe, expect, test } from 'vitest';
import { columns, displayWidth, duration, oneLine, printable, size, table, yuan } from '../../src/cli/text.ts';

describe('columns', () => {
  test('stand straight whatever script a cell is written in', () => {
    const lines = table(
      ['name', 'status'],
      [
        ['普尔商城', 'active'],
        ['Shop', 'suspended'],
        ['café ｶﾌｪ', 'active'],
      ],
    ).split('\n');
    const starts = lines.map((line) => displayWidth(line.slice(0, line.search(/status|active|suspended/))));
    expect(new Set(starts)).toEqual(new Set([10]));
  });

  test('of nothing say so', () => {
    expect(table(['name'], [])).toBe('(none)');
  });

  test('keep a cell on its line', () => {
    expect(columns([['a\nb\tc', 'd']])).toBe('a b c  d');
  });
});

test.each([
  ['', 0],
  ['abc', 3],
  ['合流', 4],
  ['（ＡＢ）', 8],
  ['한글かな', 8],
  ['e\u0301', 1],
  ['a\u200db', 2],
  ['😀', 2],
  ['¥76.22', 6],
])('%j takes %i columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('what others wrote cannot steer the terminal', () => {
  expect(printable('a\u001b[31mred\u0007\r\nnext\u009b2J')).toBe('a [31mred \nnext 2J');
  expect(oneLine(' two\n lines ')).toBe('two lines');
});

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [7_200_000, '2 h'],
  [259_200_000, '3 d'],
  [-5, '0 s'],
])('%i ms are %s', (length_ms, text) => {
  expect(duration(length_ms)).toBe(text);
});

test('amounts are yuan, sizes are what people read', () => {
  expect([yuan(1), yuan(7622), yuan(100)]).toEqual(['¥0.01', '¥76.22', '¥1.00']);
  expect([size(12_345_678_901), size(999_999)]).toEqual(['12.3 GB', '0 MB']);
});
