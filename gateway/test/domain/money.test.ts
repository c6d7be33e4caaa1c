import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fen, fenToYuan, MAX_FEN, yuanToFen } from '../../src/domain/money.ts';

describe('fen', () => {
  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('%d is no amount', (amount) => {
    expect(() => fen(amount)).toThrow(new RangeError(`not an amount in fen: ${amount}`));
  });
});

describe('yuan', () => {
  test.each([
    [0, '0.00'],
    [1, '0.01'],
    [10, '0.10'],
    [100, '1.00'],
    [7622, '76.22'],
    [MAX_FEN, '100000000.00'],
  ])('%d fen are %s', (amount, yuan) => {
    expect(fenToYuan(fen(amount))).toBe(yuan);
    expect(yuanToFen(yuan)).toBe(amount);
  });

  test('every amount comes back from its text as it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_FEN }), (amount) => {
        expect(yuanToFen(fenToYuan(fen(amount)))).toBe(amount);
      }),
    );
  });

  test.each([
    ['76.2', 7620],
    ['76', 7600],
    ['007.50', 750],
  ])('%s is read as %d fen', (yuan, amount) => {
    expect(yuanToFen(yuan)).toBe(amount);
  });

  test.each(['', '.5', '1.', '1.234', '-1', '+1', '1,00', '1e2', ' 1', '1 ', '０.01', '0x10', '1234567890123', 'NaN'])(
    '%j is no amount',
    (yuan) => {
      expect(yuanToFen(yuan)).toBeNull();
    },
  );
});

test('nought has no sign', () => {
  expect(Object.is(fen(-0), 0)).toBe(true);
});
