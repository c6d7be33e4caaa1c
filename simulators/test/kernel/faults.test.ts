import { describe, expect, test } from 'vitest';
import { FaultBoard, faults } from '../../src/faults/registry.ts';
import type { FaultInput } from '../../src/faults/registry.ts';
import { memoryJournal } from '../../src/kernel/journal.ts';
import { virtualPorts } from '../support/virtual-ports.ts';

const board = (journal = memoryJournal()): FaultBoard => new FaultBoard({ ports: virtualPorts(), journal });
const wechatPay = { channel: 'wechat', operation: 'pay', fault: 'slow' };

describe('the board of faults', () => {
  test('offers every fault of the contract, each with a sentence and where it applies', () => {
    const kinds = board().kinds();
    expect(kinds.map((kind) => kind.name).sort()).toEqual([
      'bad_signature',
      'connection_reset',
      'drop',
      'duplicate',
      'garbage',
      'http_500',
      'late',
      'reorder',
      'slow',
      'system_error',
      'timeout_after',
      'timeout_before',
    ]);
    for (const kind of kinds) {
      expect(kind.effect, kind.name).toMatch(/\.$/);
      expect(kind.operations.length, kind.name).toBeGreaterThan(0);
    }
    expect(faults.every((fault) => fault.answer ?? fault.callback)).toBe(true);
  });

  const wrong: [string, FaultInput, string][] = [
    ['channel', { ...wechatPay, channel: 'paypal' }, 'channel must be one of'],
    ['operation', { ...wechatPay, operation: 'dance' }, 'operation must be one of'],
    ['fault', { ...wechatPay, fault: 'fire' }, 'fault must be one of'],
    ['a callback fault on requests', { ...wechatPay, fault: 'drop' }, 'cannot befall'],
    ['a request fault on callbacks', { ...wechatPay, operation: 'callback', fault: 'http_500' }, 'cannot befall'],
    ['count 0', { ...wechatPay, count: 0 }, 'count'],
    ['count 1.5', { ...wechatPay, count: 1.5 }, 'count'],
    ['rate 1.1', { ...wechatPay, rate: 1.1 }, 'rate'],
    ['rate -1', { ...wechatPay, rate: -1 }, 'rate'],
    ['delay -1', { ...wechatPay, delay_ms: -1 }, 'delay_ms'],
  ];
  test.each(wrong)('refuses a wrong %s with 400', (_, input, reason) => {
    const faultBoard = board();
    expect(() => faultBoard.add(input)).toThrow(
      expect.objectContaining({ status: 400, reason: expect.stringContaining(reason) }),
    );
    expect(faultBoard.list()).toEqual([]);
  });

  test('fires as often as counted, the oldest first, then no more', () => {
    const faultBoard = board();
    faultBoard.add({ ...wechatPay, count: 2, delay_ms: 7 });
    faultBoard.add({ ...wechatPay, operation: '*', fault: 'garbage', count: 1 });
    const taken = ['pay', 'query', 'pay', 'pay'].map((operation) => {
      const firing = faultBoard.take('wechat', operation);
      return firing ? [firing.fault.name, firing.delay_ms] : undefined;
    });
    expect(taken).toEqual([['slow', 7], ['garbage', 0], ['slow', 7], undefined]);
    expect(faultBoard.list()).toEqual([]);
  });

  test('without a count fires until cleared, and only on its channel', () => {
    const faultBoard = board();
    faultBoard.add(wechatPay);
    for (let time = 0; time < 5; time += 1) expect(faultBoard.take('wechat', 'pay')?.fault.name).toBe('slow');
    expect(faultBoard.take('alipay', 'pay')).toBeUndefined();
    expect(faultBoard.list()).toMatchObject([{ ...wechatPay, fired: 5 }]);
    faultBoard.clear();
    expect(faultBoard.take('wechat', 'pay')).toBeUndefined();
  });

  test('fires at its rate', () => {
    const faultBoard = board();
    faultBoard.add({ ...wechatPay, rate: 0.25 });
    const fired = Array.from({ length: 2_000 }, () => faultBoard.take('wechat', 'pay')).filter(Boolean).length;
    expect(fired).toBeGreaterThan(400);
    expect(fired).toBeLessThan(600);
    faultBoard.clear();
    faultBoard.add({ ...wechatPay, rate: 0 });
    expect(faultBoard.take('wechat', 'pay')).toBeUndefined();
  });

  test('is the same after a restart, counts included', () => {
    const journal = memoryJournal();
    const first = board(journal);
    first.add({ ...wechatPay, count: 3 });
    first.take('wechat', 'pay');
    const second = board(journal);
    expect(second.list()).toEqual(first.list());
    expect(second.list()).toMatchObject([{ remaining: 2, fired: 1 }]);
    expect(second.add(wechatPay).id).toBe(2);
    second.clear();
    expect(board(journal).list()).toEqual([]);
  });
});
