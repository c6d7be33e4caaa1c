import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSealer, SealBroken } from '../../src/storage/seal.ts';

const key = randomBytes(32);
const sealer = createSealer(key, randomBytes);
const CONTEXT = 'account wechat-1';

test('what was sealed opens as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => {
      expect(sealer.open(sealer.seal(plain, context), context)).toBe(plain);
    }),
  );
});

test('the same text is sealed differently every time, and does not show', () => {
  const plain = 'a secret of some length';
  const sealed = [sealer.seal(plain, CONTEXT), sealer.seal(plain, CONTEXT)];
  expect(sealed[0]).not.toEqual(sealed[1]);
  for (const one of sealed) expect(one.includes(plain.slice(0, 8))).toBe(false);
});

describe('a sealed secret does not open', () => {
  const sealed = sealer.seal('{"api_v3_key":"x"}', CONTEXT);

  test('under another master key', () => {
    const other = createSealer(randomBytes(32), randomBytes);
    expect(() => other.open(sealed, CONTEXT)).toThrow(
      new SealBroken('a stored secret does not open with this HELIU_MASTER_KEY'),
    );
  });

  test('in another row than its own', () => {
    expect(() => sealer.open(sealed, 'account wechat-2')).toThrow(SealBroken);
  });

  test('with any byte flipped', () => {
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = Buffer.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 0x01;
      expect(() => sealer.open(changed, CONTEXT)).toThrow(SealBroken);
    }
  });

  test('cut short or made longer', () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => sealer.open(sealed.subarray(0, length), CONTEXT)).toThrow(SealBroken);
    }
    expect(() => sealer.open(Buffer.concat([sealed, Buffer.of(0)]), CONTEXT)).toThrow(SealBroken);
  });

  test('of a version that is not known', () => {
    expect(() => sealer.open(Buffer.concat([Buffer.of(2), sealed.subarray(1)]), CONTEXT)).toThrow(
      new SealBroken('unknown version of a sealed secret'),
    );
  });
});

test.each([0, 16, 31, 33])('a master key of %d bytes is refused', (length) => {
  expect(() => createSealer(Buffer.alloc(length), randomBytes)).toThrow(
    new RangeError('the master key must be 32 bytes'),
  );
});
