/** Text for a terminal: columns that stand straight with Chinese in them, local time, yuan, and no control characters. */
import { fen, fenToYuan } from '../domain/money.ts';

/** Characters that a terminal draws two columns wide (Unicode Standard Annex 11, classes W and F, and emoji). */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303e\u3105-\u312f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Katakana and Hangul that are drawn half as wide (U+FF61–FFDC). */
const HALF_WIDTH = /[\uff61-\uffdc]/u;

/** Characters that take no column: combining marks and formatting. */
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** How many columns a terminal needs for the text. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

function columnsOf(character: string): number {
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) && !HALF_WIDTH.test(character) ? 2 : 1;
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** What others wrote, fit for a terminal: escape sequences and other control characters become spaces, lines stay. */
export function printable(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/[^\P{C}\n\t]/gu, ' ');
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, ' ').trim();
}

/** Rows in straight columns under their titles, two spaces apart; an empty list is `(none)`. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '(none)';
  return columns([titles, ...rows]);
}

/** Rows in straight columns without titles. */
export function columns(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of cells) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, displayWidth(cell))));
  }
  return cells
    .map((row) =>
      row
        .map((cell, index) => padEnd(cell, widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values, one a line, indented. */
export function fieldList(fields: readonly (readonly [string, string])[]): string {
  return columns(fields.map(([name, value]) => [name, value]))
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

/** Every line moved to the right by two columns. */
export function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** Local time to the second: `2026-03-01 12:00:00`. A missing time is `–`. */
export function localTime(at_ms: number | null): string {
  if (at_ms === null || at_ms === 0) return '–';
  const at = new Date(at_ms);
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Local time to the millisecond, for timelines. */
export function preciseTime(at_ms: number): string {
  return `${localTime(at_ms)}.${String(at_ms % 1000).padStart(3, '0')}`;
}

/** The machine's distance from UTC at that moment: `UTC+08:00`. */
export function zoneName(at_ms: number): string {
  const minutes = -new Date(at_ms).getTimezoneOffset();
  const distance = Math.abs(minutes);
  return `UTC${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
}

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** A length of time in its largest unit: `3 d`, `17 min`. */
export function duration(length_ms: number): string {
  const [unit, unit_ms] = UNITS.find(([, one]) => length_ms >= one) ?? ['s', 1_000];
  return `${Math.max(0, Math.floor(length_ms / unit_ms))} ${unit}`;
}

/** An amount of fen as yuan: `¥76.22`. */
export function yuan(amount_fen: number): string {
  return `¥${fenToYuan(fen(amount_fen))}`;
}

/** Bytes in the unit a person reads: `12.3 GB`. */
export function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.floor(bytes / 1e6)} MB`;
}
