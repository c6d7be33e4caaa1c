import { expect, test } from 'vitest';
import { RateLimit } from '../../src/http/rate-limit.ts';

function limitAt(start_ms: number) {
  let now_ms = start_ms;
  const limit = new RateLimit({ now_ms: () => now_ms, setTimer: () => ({ cancel: () => undefined }) });
  return { limit, wait: (ms: number) => (now_ms += ms) };
}

/** How many of `count` requests pass. */
function passing(limit: RateLimit, key: string, per_second: number, count: number): number {
  return Array.from({ length: count }, () => limit.take(key, per_second)).filter((wait_s) => wait_s === 0).length;
}

test('two seconds’ worth pass at once, then as many as the rate allows', () => {
  const { limit, wait } = limitAt(1_700_000_000_000);
  expect(passing(limit, 'm', 10, 100)).toBe(20);
  wait(1_000);
  expect(passing(limit, 'm', 10, 100)).toBe(10);
  wait(100);
  expect(passing(limit, 'm', 10, 100)).toBe(1);
  wait(60_000);
  expect(passing(limit, 'm', 10, 100)).toBe(20);
});

test('one who sends too much does not use up what others may send', () => {
  const { limit } = limitAt(1_700_000_000_000);
  expect(passing(limit, 'flood', 5, 1_000)).toBe(10);
  expect(passing(limit, 'other', 5, 3)).toBe(3);
});

test('a refusal says after how many whole seconds the next request passes', () => {
  const { limit, wait } = limitAt(1_700_000_000_000);
  expect(passing(limit, 'm', 1, 2)).toBe(2);
  const wait_s = limit.take('m', 1);
  expect(wait_s).toBe(1);
  wait(wait_s * 1_000);
  expect(limit.take('m', 1)).toBe(0);
});

test('a clock that is set back gives nothing away and breaks nothing', () => {
  const { limit, wait } = limitAt(1_700_000_000_000);
  expect(passing(limit, 'm', 1, 10)).toBe(2);
  wait(-3_600_000);
  expect(limit.take('m', 1)).toBeGreaterThan(0);
  wait(1_000);
  expect(limit.take('m', 1)).toBe(0);
});

test('however many keys come by, the memory stays bounded and who is limited stays limited', () => {
  const { limit } = limitAt(1_700_000_000_000);
  for (let address = 0; address < 50_000; address += 1) limit.take(`a${address}`, 1);
  expect(passing(limit, 'a49999', 1, 10)).toBe(1);
  // Forgotten, and so a full bucket again.
  expect(passing(limit, 'a0', 1, 10)).toBe(2);
});
