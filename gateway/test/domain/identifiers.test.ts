import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isId, makeId } from '../../src/domain/identifiers.ts';

const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((array) => Buffer.from(array));
/** Until the second no longer fits eight hexadecimal digits, in the year 2106. */
const moment = fc.integer({ min: 0, max: 0xffff_ffff * 1000 });

test('a number begins with its second in hexadecimal', () => {
  expect(makeId(1_700_000_000_999, Buffer.from('0123456789abcdef', 'hex'))).toBe('6553f1000123456789abcdef');
});

test('numbers sort by the second in which they were made, whatever the random part is', () => {
  fc.assert(
    fc.property(moment, moment, bytes, bytes, (one, other, first, second) => {
      const earlier = makeId(Math.min(one, other), first);
      const later = makeId(Math.max(one, other), second);
      if (Math.floor(one / 1000) !== Math.floor(other / 1000)) expect(earlier < later).toBe(true);
      expect([isId(earlier), isId(later)]).toEqual([true, true]);
    }),
  );
});

test.each([
  '',
  '6553f1000123456789abcde',
  '6553f1000123456789abcdef0',
  '6553F1000123456789ABCDEF',
  'shop.1',
  '6553f100012345678 abcdef',
])('%j is none of our numbers', (text) => {
  expect(isId(text)).toBe(false);
});
