import { describe, expect, test } from 'vitest';
import { formatTime, parseTime } from '../../../src/channels/alipay/time.ts';

test('times are written in China Standard Time', () => {
  expect(formatTime(Date.UTC(2026, 11, 31, 16, 0, 0, 999))).toBe('2027-01-01 00:00:00');
});

describe('times are read', () => {
  test.each([
    ['2026-03-01 12:05:09', Date.UTC(2026, 2, 1, 4, 5, 9)],
    ['2026-03-01 12:05:09.123', Date.UTC(2026, 2, 1, 4, 5, 9, 123)],
    ['2026-03-01 12:05', null],
    ['2026-13-01 12:05:09', null],
    ['20260301120509', null],
    ['', null],
  ])('%s', (text, at_ms) => {
    expect(parseTime(text)).toBe(at_ms);
  });
});
