/**
 * Changes of a message, as data: the coverage-guided loop draws them from a seeded generator, fast-check from arbitraries that
 * shrink. Half of them know bytes alone, half of them tokens: quoted texts, tags, names, numbers.
 */

/** Four numbers: what is done, where (a fraction of 2^32), how much, and with which word. */
export interface Mutation {
  readonly kind: number;
  readonly place: number;
  readonly size: number;
  readonly word: number;
}

/** What a mutation may take material from. */
export interface Material {
  /** The target's own words. */
  readonly words: readonly string[];
  /** Another message of the corpus. */
  readonly other: Buffer;
}

/** Inputs are not grown beyond this: our parsers are bounded well below or are streams. */
export const MAX_INPUT_BYTES = 16_384;

/** What has broken parsers before. Written as latin-1: bytes that are not UTF-8 stand among them. */
export const COMMON_WORDS: readonly string[] = [
  ['', ' ', '\0', '\n', '\r\n', '\r', '\t', '\u00EF\u00BB\u00BF', '\u00C0\u00AF', '\u00ED\u00A0\u0080', '\u00FF'],
  ['\u00E2\u0080\u00A8', '\u00F0\u009F\u0098\u0080', '\\u0000', '\\ud800', '\\u0073', '\\/', '\\', '"', "'", '`'],
  ['0', '-0', '-1', '1e999', '1E2', '1.0', '01', '0x10', '+1', '1_000', 'NaN', 'Infinity', '0.001', '9007199254740993'],
  ['99999999999999999999', '1e21', '4294967296', '2147483648', '-9223372036854775809', '١٢', '１', '0'.repeat(40)],
  ['null', 'true', '{}', '[]', '""', '{"a":', '[', ']', '}', ',', ':', '__proto__', 'constructor', 'prototype'],
  [
    'toString',
    'hasOwnProperty',
    'length',
    '"__proto__":{"polluted":1},',
    '/*',
    '//',
    '-->',
    '<!--',
    '<![CDATA[',
    ']]>',
  ],
  ['<!DOCTYPE a [<!ENTITY b "c">]>', '&b;', '&lt;', '&#0;', '&#x110000;', '&#55296;', '&amp;amp;', '<?xml?>', '<a/>'],
  ['%00', '%', '%zz', '%C0%AF', '%ED%A0%80', '%26', '%3D', '+', '&', '=', ';', '?', '#', '@', '../', '\\\\', '*', '('],
  ['==', '-', '_', '/', '.', '..', 'A', 'AAAA', 'a'.repeat(300), '[::1]', '127.1', '0177.0.0.1', '::ffff:7f00:1'],
].flat();

/** Numbers at the edges of what amounts, times and counts may be. */
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1.5',
  '01',
  '1e3',
  '1e999',
  '10000000001',
  '9007199254740993',
  '99999999999999999999',
];

const NUMBER = /-?\d+(?:\.\d+)?/g;
/** What stands between quotes, between tags, or behind an equals sign. */
const VALUE = /(?<=")[^"\\]*(?=")|(?<=>)[^<]*(?=<)|(?<==)[^&"'<>\s]*/g;
const TOKEN = /"(?:[^"\\]|\\.)*"|<[^<>]*>|[A-Za-z_][\w-]*|-?\d+(?:\.\d+)?|[^\w\s]|\s+/g;

interface Span {
  readonly from: number;
  readonly to: number;
}

function spanOf(text: string, { place, size }: Mutation): Span {
  const from = Math.floor((place / 2 ** 32) * (text.length + 1));
  return { from, to: Math.min(text.length, from + 1 + (size % 16)) };
}

/** The next token of a kind from there on: finding those before it would take as long as the text is. */
function tokenSpan(text: string, { place }: Pick<Mutation, 'place'>, pattern: RegExp = TOKEN): Span {
  pattern.lastIndex = Math.floor((place / 2 ** 32) * text.length);
  const found = pattern.exec(text);
  return found ? { from: found.index, to: found.index + found[0].length } : { from: 0, to: text.length };
}

function replaced(text: string, { from, to }: Span, by: string): string {
  return text.slice(0, from) + by + text.slice(to);
}

function flipped(text: string, { from }: Span, bit: number): string {
  return replaced(text, { from, to: from + 1 }, String.fromCharCode((text.charCodeAt(from) || 0) ^ (1 << (bit % 8))));
}

type Change = (text: string, mutation: Mutation, word: string, other: string) => string;

/** Every kind of change, by its number. Texts are latin-1: a character is a byte. */
const CHANGES: readonly Change[] = [
  (text, mutation) => replaced(text, tokenSpan(text, mutation, NUMBER), NUMBERS[mutation.word % NUMBERS.length] ?? ''),
  (text, mutation, word) => replaced(text, tokenSpan(text, mutation, VALUE), word),
  (text, mutation, _word, other) =>
    replaced(
      text,
      tokenSpan(text, mutation, VALUE),
      spanText(other, tokenSpan(other, { place: mutation.size }, VALUE)),
    ),
  (text, mutation) => flipped(text, spanOf(text, mutation), mutation.word),
  (text, mutation) => replaced(text, spanOf(text, mutation), String.fromCharCode(mutation.word % 256)),
  (text, mutation) => replaced(text, spanOf(text, mutation), ''),
  (text, mutation) => text.slice(0, spanOf(text, mutation).from),
  (text, mutation, word) => replaced(text, { ...spanOf(text, mutation), to: spanOf(text, mutation).from }, word),
  (text, mutation, word) => replaced(text, spanOf(text, mutation), word),
  (text, mutation, _word, other) =>
    text.slice(0, spanOf(text, mutation).from) + other.slice(spanOf(other, mutation).from),
  repeatedSpan,
  (text, mutation, word) => replaced(text, tokenSpan(text, mutation), word),
  (text, mutation) => replaced(text, tokenSpan(text, mutation), ''),
  (text, mutation) => doubled(text, tokenSpan(text, mutation)),
  (text, mutation, _word, other) =>
    replaced(text, tokenSpan(text, mutation), spanText(other, tokenSpan(other, mutation))),
  (text, mutation, word) => replaced(text, tokenSpan(text, mutation), `"${word}"`),
  (text, mutation) => swapped(text, mutation),
  (text, mutation) => otherCase(text, tokenSpan(text, mutation)),
  (text, mutation) => escaped(text, spanOf(text, mutation), mutation.word),
];

function spanText(text: string, { from, to }: Span): string {
  return text.slice(from, to);
}

function repeatedSpan(text: string, mutation: Mutation, word: string): string {
  const span = spanOf(text, mutation);
  const part = mutation.word % 2 === 0 ? spanText(text, span) : word;
  return replaced(text, { from: span.to, to: span.to }, part.repeat(1 + (mutation.size % 40)));
}

function doubled(text: string, span: Span): string {
  return replaced(text, { from: span.to, to: span.to }, spanText(text, span));
}

function swapped(text: string, mutation: Mutation): string {
  const [one, other] = [tokenSpan(text, mutation), tokenSpan(text, { ...mutation, place: mutation.word })];
  const [first, last] = one.from <= other.from ? [one, other] : [other, one];
  if (first.to > last.from) return text;
  return replaced(replaced(text, last, spanText(text, first)), first, spanText(text, last));
}

function otherCase(text: string, span: Span): string {
  const part = spanText(text, span);
  return replaced(text, span, part === part.toLowerCase() ? part.toUpperCase() : part.toLowerCase());
}

/** The same character spelt otherwise, as JSON, URLs and XML can. */
function escaped(text: string, { from }: Span, how: number): string {
  const code = text.charCodeAt(from) || 0;
  const hex = code.toString(16).padStart(2, '0');
  const spellings = [
    `%${hex}`,
    `\\u00${hex}`,
    `&#${code};`,
    `&#x${hex};`,
    `%25${hex}`,
    String.fromCharCode(code | 0x80),
  ];
  return replaced(text, { from, to: from + 1 }, spellings[how % spellings.length] ?? '');
}

/** Of how many mutations one changes a value and leaves everything around it as it was: only such messages get far. */
const VALUES_AMONG = 3;
const VALUE_CHANGES = 3;

function changeOf(kind: number): Change | undefined {
  const choice = Math.floor(kind / VALUES_AMONG);
  return CHANGES[kind % VALUES_AMONG === 0 ? choice % VALUE_CHANGES : choice % CHANGES.length];
}

/** Applies changes one after the other. */
export function mutated(bytes: Buffer, mutations: readonly Mutation[], { words, other }: Material): Buffer {
  let text = bytes.toString('latin1');
  for (const mutation of mutations) {
    const choice = mutation.word % (COMMON_WORDS.length + words.length);
    const word = COMMON_WORDS[choice] ?? words[choice - COMMON_WORDS.length] ?? '';
    // Words are given as text or as latin-1 bytes; those beyond a byte become their UTF-8.
    const raw = /^[\0-\u00FF]*$/.test(word) ? word : Buffer.from(word).toString('latin1');
    const change = changeOf(mutation.kind);
    if (change) text = change(text, mutation, raw, other.toString('latin1')).slice(0, MAX_INPUT_BYTES);
  }
  return Buffer.from(text, 'latin1');
}
