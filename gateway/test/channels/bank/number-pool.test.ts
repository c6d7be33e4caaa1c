import { describe, expect, test } from 'vitest';
import { createPool, isExactInJson } from '../../../src/channels/bank/number-pool.ts';

describe('a pool of numbers', () => {
  const of = (check_digit: 'none' | 'luhn' | 'mod97', exact = false) =>
    createPool({ prefix: '9902', first: 1, last: 9, digits: 6, check_digit }, exact);

  test('writes prefix, serial with leading zeros, and check digits', () => {
    expect(of('none').number(7)).toBe('9902000007');
    // 7992739871 has the check digit 3 (the example of ISO/IEC 7812-1 in every textbook).
    expect(
      createPool({ prefix: '799273987', first: 0, last: 9, digits: 1, check_digit: 'luhn' }, false).number(1),
    ).toBe('79927398713');
    // ISO/IEC 7064 MOD 97-10: the whole number leaves 1; 794 has the check digits 44 (the example of the standard).
    expect(BigInt(of('mod97').number(7) ?? 0) % 97n).toBe(1n);
    expect(createPool({ prefix: '79', first: 0, last: 9, digits: 1, check_digit: 'mod97' }, false).number(4)).toBe(
      '79444',
    );
  });

  test('leaves out what a double cannot hold', () => {
    expect(isExactInJson('9902000016241738')).toBe(true);
    expect(isExactInJson('9902000016241739')).toBe(false);
    expect(isExactInJson('9007199254740993')).toBe(false);
    expect(isExactInJson('123456789012345')).toBe(true);
    const exact = createPool({ prefix: '9902', first: 1, last: 4, digits: 12, check_digit: 'none' }, true);
    expect([1, 2, 3, 4].map((serial) => exact.number(serial))).toEqual([
      null,
      '9902000000000002',
      null,
      '9902000000000004',
    ]);
  });

  test('is another pool when its numbers look otherwise', () => {
    expect(new Set([of('none').key, of('luhn').key, of('mod97').key]).size).toBe(3);
  });
});
