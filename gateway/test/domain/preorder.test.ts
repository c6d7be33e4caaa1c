import { describe, expect, test } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import type { Order } from '../../src/domain/order.ts';
import { decide } from '../../src/domain/order.ts';
import { MAX_TRIES, nextStep, preState, tryNumber, type Preorder } from '../../src/domain/preorder.ts';
import { anInput, anOrder, CREATED_AT_MS, EXPIRES_AT_MS, facts } from './samples.ts';

const WISH = { pay_type: 'wechat.jsapi', payer_key: 'anna' };

function aPreorder(changes: Partial<Preorder> = {}): Preorder {
  return {
    merchant_id: '1000000000000001',
    preorder_id: '6553f1000000000000000099',
    mch_pre_id: 'pre',
    total_fen: fen(100),
    request: { body: 'goods' },
    request_hash: 'hash',
    notify_url: null,
    created_at_ms: CREATED_AT_MS,
    expires_at_ms: EXPIRES_AT_MS,
    version: 1,
    state: 'open',
    tries: 0,
    current_trade_id: null,
    paid_trade_id: null,
    updated_at_ms: CREATED_AT_MS,
    ...changes,
  };
}

function aTry(changes: Partial<Order> = {}): Order {
  return anOrder({ preorder_id: 'p', payer_key: 'anna', pay_type: 'wechat.jsapi', ...changes });
}

const NOW_MS = CREATED_AT_MS + 60_000;

describe('the next step for a payer', () => {
  test.each<[string, Partial<Preorder>, Partial<Order> | null, number, object]>([
    ['places the first', {}, null, NOW_MS, { kind: 'place', mch_trade_id: 'pre.1' }],
    ['is nothing once paid', { state: 'paid' }, {}, NOW_MS, { kind: 'over', why: 'paid' }],
    ['is nothing once closed', { state: 'closed' }, null, NOW_MS, { kind: 'over', why: 'closed' }],
    ['resumes the own try', { tries: 1 }, {}, NOW_MS, { kind: 'resume' }],
    ['resumes it in its last minute too', { tries: 1, expires_at_ms: NOW_MS }, {}, NOW_MS, { kind: 'resume' }],
    ['ends a try of somebody else', { tries: 1 }, { payer_key: 'ben' }, NOW_MS, { kind: 'end_first' }],
    ['ends the own try in another wallet', { tries: 1 }, { pay_type: 'alipay.jsapi' }, NOW_MS, { kind: 'end_first' }],
    ['ends the own try that is being closed', { tries: 1 }, { ending: 'close' }, NOW_MS, { kind: 'end_first' }],
    [
      'places the next after a refusal',
      { tries: 1 },
      { state: 'failed' },
      NOW_MS,
      { kind: 'place', mch_trade_id: 'pre.2' },
    ],
    [
      'places the next after a close',
      { tries: 9 },
      { state: 'closed' },
      NOW_MS,
      { kind: 'place', mch_trade_id: 'pre.10' },
    ],
    ['is nothing when time is up', {}, null, EXPIRES_AT_MS, { kind: 'over', why: 'expired' }],
    [
      'is nothing for others when time is up',
      {},
      { payer_key: 'ben' },
      EXPIRES_AT_MS,
      { kind: 'over', why: 'expired' },
    ],
    [
      'is nothing after too many',
      { tries: MAX_TRIES },
      { state: 'failed' },
      NOW_MS,
      { kind: 'over', why: 'exhausted' },
    ],
  ])('%s', (_name, preorder, current, at_ms, step) => {
    expect(nextStep(aPreorder(preorder), current && aTry(current), WISH, at_ms)).toMatchObject(step);
  });

  test('does not resume a link of WeChat Pay that opens no more', () => {
    const wish = { pay_type: 'wechat.wap', payer_key: 'anna' };
    const order = aTry({ pay_type: 'wechat.wap' });
    expect(nextStep(aPreorder({ tries: 1 }), order, wish, CREATED_AT_MS + 239_999).kind).toBe('resume');
    expect(nextStep(aPreorder({ tries: 1 }), order, wish, CREATED_AT_MS + 240_000).kind).toBe('end_first');
  });
});

describe('pre_state', () => {
  test.each<[string, Partial<Preorder>, Partial<Order> | null, Partial<Order> | null, number, number]>([
    ['nobody has begun', {}, null, null, NOW_MS, 2],
    ['a try is undecided', {}, {}, null, NOW_MS, 6],
    ['a try was closed', {}, { state: 'closed' }, null, NOW_MS, 2],
    ['time is up', {}, null, null, EXPIRES_AT_MS, 3],
    ['time is up and a try is undecided', {}, {}, null, EXPIRES_AT_MS, 6],
    ['closed by its merchant', { state: 'closed' }, null, null, NOW_MS, 3],
    ['paid', { state: 'paid' }, {}, { state: 'paid', facts: facts() }, NOW_MS, 0],
    [
      'paid and refunded in part',
      { state: 'paid' },
      {},
      { state: 'paid', facts: facts(), refunded_fen: fen(1) },
      NOW_MS,
      1,
    ],
    ['paid and reversed', { state: 'paid' }, {}, { state: 'reversed', facts: facts() }, NOW_MS, 5],
    ['paid and finished', { state: 'paid' }, {}, { state: 'paid', facts: facts(), finished: true }, NOW_MS, 4],
  ])('%s', (_name, preorder, current, paid, at_ms, state) => {
    expect(preState(aPreorder(preorder), current && aTry(current), paid && aTry(paid), at_ms)).toBe(state);
  });
});

test('tries are numbered from one', () => {
  expect(tryNumber({ mch_pre_id: 'alex.pre' }, 1)).toBe('alex.pre.1');
});

describe('a payment of a try whose sibling is paid', () => {
  const paid = { kind: 'paid', facts: facts(), finished: false } as const;

  test.each(['refund', 'accept'] as const)('goes back, with late_payment %s', (late_payment) => {
    const decision = decide(aTry(), paid, anInput({ preorder_is_paid: true, late_payment }));
    expect(decision).toMatchObject({
      changes: { state: 'closed', late_facts: facts() },
      timeline: 'second_payment_of_preorder',
      notify: false,
      return_payment: 'second',
    });
    expect(decision.changes?.facts).toBeUndefined();
  });

  test('goes back from a closed try too, even where late payments are accepted', () => {
    const order = aTry({ state: 'closed' });
    const decision = decide(order, paid, anInput({ preorder_is_paid: true, late_payment: 'accept' }));
    expect(decision).toMatchObject({ changes: { late_facts: facts() }, notify: false, return_payment: 'second' });
    expect(decision.changes?.state).toBeUndefined();
  });

  test('is told once only', () => {
    const order = aTry({ state: 'closed', late_facts: facts() });
    expect(decide(order, paid, anInput({ preorder_is_paid: true }))).toMatchObject({
      changes: null,
      return_payment: null,
    });
  });
});
