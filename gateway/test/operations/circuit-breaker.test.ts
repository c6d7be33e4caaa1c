import { describe, expect, test } from 'vitest';
import { CircuitBreakers, type CircuitState } from '../../src/operations/circuit-breaker.ts';

const OK = { outcome: 'accepted' };
const LOST = { outcome: 'unknown', reason: 'timeout' };
const REFUSED = { outcome: 'declined' };

function breakers() {
  let now_ms = 1_700_000_000_000;
  const changes: CircuitState[] = [];
  const clock = { now_ms: () => now_ms, setTimer: () => ({ cancel: () => undefined }) };
  const circuits = new CircuitBreakers(clock, (_account, state) => void changes.push(state));
  const fail = (times: number, account = 'a'): void => {
    for (let time = 0; time < times; time += 1) circuits.record(account, LOST);
  };
  return { circuits, changes, fail, wait: (ms: number) => (now_ms += ms) };
}

describe('an account', () => {
  test('is left alone after ten calls in a row without a verdict, and not before', () => {
    const { circuits, fail, changes } = breakers();
    fail(9);
    expect(circuits.admits('a')).toBe(true);
    fail(1);
    expect(circuits.admits('a')).toBe(false);
    expect(circuits.state('a')).toBe('open');
    expect(changes).toEqual(['open']);
  });

  test.each([OK, REFUSED])('that gives a verdict (%j) in between is not left alone', (verdict) => {
    const { circuits, fail } = breakers();
    fail(9);
    circuits.record('a', verdict);
    fail(9);
    expect(circuits.admits('a')).toBe(true);
  });

  test('that answers for itself, without deciding anything, is not left alone', () => {
    const { circuits } = breakers();
    for (let time = 0; time < 50; time += 1) circuits.record('a', { outcome: 'unknown', reason: 'code_20001' });
    expect(circuits.admits('a')).toBe(true);
  });

  test.each(['timeout', 'connection_lost', 'http_502', 'bad_signature', 'system_error'])(
    'that gives %s is',
    (reason) => {
      const { circuits } = breakers();
      for (let time = 0; time < 10; time += 1) circuits.record('a', { outcome: 'unknown', reason });
      expect(circuits.admits('a')).toBe(false);
    },
  );

  test('is tried by one call after five seconds; its success lets everybody in', () => {
    const { circuits, fail, wait, changes } = breakers();
    fail(10);
    wait(4_999);
    expect(circuits.admits('a')).toBe(false);
    wait(1);
    expect([circuits.admits('a'), circuits.admits('a'), circuits.admits('a')]).toEqual([true, false, false]);
    circuits.record('a', OK);
    expect([circuits.admits('a'), circuits.admits('a')]).toEqual([true, true]);
    expect(changes).toEqual(['open', 'half_open', 'closed']);
  });

  test('whose trial fails is left alone twice as long each time, at most a minute', () => {
    const { circuits, fail, wait } = breakers();
    fail(10);
    for (const pause_ms of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      wait(pause_ms - 1);
      expect(circuits.admits('a')).toBe(false);
      wait(1);
      expect(circuits.admits('a')).toBe(true);
      fail(1);
    }
  });

  test('whose trial was never reported is tried again after half a minute', () => {
    const { circuits, fail, wait } = breakers();
    fail(10);
    wait(5_000);
    expect(circuits.admits('a')).toBe(true);
    wait(29_999);
    expect(circuits.admits('a')).toBe(false);
    wait(1);
    expect(circuits.admits('a')).toBe(true);
  });

  test('is not judged by what happens to another one, nor by calls that were not made', () => {
    const { circuits, fail } = breakers();
    fail(10, 'other');
    for (let time = 0; time < 20; time += 1) circuits.record('a', { outcome: 'not_sent', reason: 'circuit_open' });
    expect(circuits.admits('a')).toBe(true);
  });
});
