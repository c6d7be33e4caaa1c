import { describe, expect, test } from 'vitest';
import {
  chinaDate,
  creditFacts,
  decideCredit,
  isSamePayer,
  payerText,
  type BankEntry,
  type CreditContext,
  type HoldReason,
} from '../../src/domain/bank-credit.ts';
import { fen } from '../../src/domain/money.ts';
import { decide, type Order } from '../../src/domain/order.ts';
import { aBankEntry, anOrder } from './samples.ts';

const NOW_MS = Date.parse('2026-04-12T10:00:00+08:00');

function order(changes: Partial<Order> = {}): Order {
  return anOrder({
    pay_type: 'ecp.transfer',
    channel: 'bank',
    total_fen: fen(7622),
    created_at_ms: NOW_MS - 3_600_000,
    expires_at_ms: NOW_MS + 3_600_000,
    request: { body: 'goods', total_fee: 7622 },
    ...changes,
  });
}

function credit(changes: Partial<BankEntry> = {}): BankEntry {
  return aBankEntry({
    amount_fen: fen(7622),
    payer_name: '广州某某贸易有限公司',
    payer_account: '6222020000000008',
    payer_bank: '工商银行',
    booked_at_ms: NOW_MS,
    ...changes,
  });
}

function context(
  changes: { order?: Order | null; state?: 'open' | 'closed'; held_fen?: number; opened_at_ms?: number } = {},
): CreditContext {
  return {
    at_ms: NOW_MS,
    owner: {
      state: changes.state ?? 'open',
      opened_at_ms: changes.opened_at_ms ?? NOW_MS - 3_600_000,
      order: changes.order === undefined ? order() : changes.order,
    },
    held_fen: changes.held_fen ?? 0,
  };
}

const paid = (): Order => order({ state: 'paid', facts: creditFacts([credit({ reference: 'B0' })], 'B0', fen(7622)) });

describe('decideCredit', () => {
  test('pays the order whose number, amount and time are right', () => {
    expect(decideCredit(credit(), context())).toMatchObject({ action: 'pay' });
  });

  const rows: [string, HoldReason, BankEntry, CreditContext][] = [
    ['a number that is none of ours', 'unknown_number', credit(), { at_ms: NOW_MS, owner: null, held_fen: 0 }],
    ['a number that no order ever had', 'unknown_number', credit(), context({ order: null })],
    ['another currency', 'wrong_currency', credit({ currency: 'USD' }), context()],
    ['a written-off number', 'written_off', credit(), context({ state: 'closed', order: paid() })],
    ['a closed number', 'closed_number', credit(), context({ state: 'closed', order: order({ state: 'closed' }) })],
    [
      'an order that has ended, its number still open',
      'closed_number',
      credit(),
      context({ order: order({ state: 'closed' }) }),
    ],
    ['an order that failed', 'closed_number', credit(), context({ order: order({ state: 'failed' }) })],
    ['a paid order', 'second_credit', credit(), context({ order: paid() })],
    [
      'a credit that is older than the number',
      'before_order',
      credit({ booked_at_ms: NOW_MS - 86_400_000 }),
      context(),
    ],
    [
      'a day before the number, without time',
      'before_order',
      credit({ booked_at_ms: null, booked_on: '2026-04-11' }),
      context(),
    ],
    ['a credit after the time of the order', 'late', credit({ booked_at_ms: NOW_MS + 3_600_001 }), context()],
    [
      'a credit without time that is heard too late',
      'late',
      credit({ booked_at_ms: null, booked_on: null }),
      { ...context(), at_ms: NOW_MS + 3_600_001 },
    ],
    ['another payer', 'wrong_payer', credit(), context({ order: order({ request: { payer_name: '深圳某某公司' } }) })],
    [
      'no payer where one is asked for',
      'wrong_payer',
      credit({ payer_name: null }),
      context({ order: order({ request: { payer_name: '甲' } }) }),
    ],
    ['less', 'too_little', credit({ amount_fen: fen(7621) }), context()],
    [
      'less, and still too little together',
      'too_little',
      credit({ amount_fen: fen(100) }),
      context({ held_fen: 7521 }),
    ],
    ['less, but enough together', 'sums_up', credit({ amount_fen: fen(100) }), context({ held_fen: 7522 })],
    ['more', 'too_much', credit({ amount_fen: fen(7623) }), context()],
  ];
  test.each(rows)('holds %s', (_what, reason, given, given_context) => {
    expect(decideCredit(given, given_context)).toEqual({ action: 'hold', reason });
  });

  test('counts the first row that fits: a credit with everything wrong is of an unknown number', () => {
    const wrong = credit({ currency: 'USD', amount_fen: fen(1), booked_at_ms: 0, payer_name: null });
    expect(decideCredit(wrong, { at_ms: NOW_MS, owner: null, held_fen: 0 })).toMatchObject({
      reason: 'unknown_number',
    });
    expect(decideCredit(wrong, context({ state: 'closed' }))).toMatchObject({ reason: 'wrong_currency' });
  });

  test('forgives clocks that are ten minutes apart', () => {
    const early = credit({ booked_at_ms: NOW_MS - 3_600_000 - 9 * 60_000 });
    expect(decideCredit(early, context())).toMatchObject({ action: 'pay' });
  });

  test('takes a credit that was booked in time although it is heard after it', () => {
    expect(decideCredit(credit(), { ...context(), at_ms: NOW_MS + 7_200_000 })).toMatchObject({ action: 'pay' });
  });
});

describe('the order', () => {
  const input = {
    at_ms: NOW_MS,
    source: 'callback',
    late_payment: 'accept',
    expected_identity: {},
    preorder_is_paid: false,
  } as const;
  const event = {
    kind: 'paid',
    facts: creditFacts([credit()], 'B1', fen(7622)),
    finished: false,
    message: '付款人 甲(0008)',
  } as const;

  test('becomes paid, and shows by whom', () => {
    expect(decide(order(), event, input)).toMatchObject({
      changes: { state: 'paid', channel_message: '付款人 甲(0008)' },
      notify: true,
      return_payment: null,
    });
  });

  test.each(['closed', 'failed'] as const)(
    'that is %s takes no transfer by itself, whatever its merchant does with late payments',
    (state) => {
      const nothing = { changes: null, notify: false, return_payment: null, exception: null };
      expect(decide(order({ state }), event, input)).toMatchObject(nothing);
      expect(decide(order({ state }), event, { ...input, late_payment: 'refund' })).toMatchObject(nothing);
    },
  );

  test.each(['closed', 'failed'] as const)('that is %s becomes paid by an operator', (state) => {
    const decided = decide(
      order({ state }),
      { ...event, by: 'wang' },
      { ...input, source: 'operator', late_payment: 'refund' },
    );
    expect(decided).toMatchObject({ changes: { state: 'paid' }, timeline: 'late_payment_accepted', notify: true });
  });

  test('that is paid raises no second payment of its own: the credit waits in the queue', () => {
    expect(decide(paid(), event, input)).toMatchObject({ changes: null, exception: null });
  });

  test('that is paid is not contradicted by its closed number', () => {
    expect(decide(paid(), { kind: 'closed', message: 'CLOSED' }, input)).toMatchObject({
      changes: null,
      exception: null,
    });
  });
});

describe('names, dates and facts', () => {
  test.each([
    ['深圳市（甲）公司', '深圳市(甲)公司', true],
    ['ＡＢＣ Ltd', 'abc ltd', true],
    [' 甲 公司', '甲公司', true],
    ['甲公司', '乙公司', false],
  ])('%s and %s', (wanted, given, same) => {
    expect(isSamePayer(wanted, given)).toBe(same);
  });

  test.each([
    ['2026-04-11T15:59:59Z', '2026-04-11'],
    ['2026-04-11T16:00:00Z', '2026-04-12'],
    ['2024-02-28T16:00:00Z', '2024-02-29'],
    ['2026-12-31T16:00:00Z', '2027-01-01'],
    ['2000-02-29T00:00:00Z', '2000-02-29'],
  ])('%s is %s in China', (instant, day) => {
    expect(chinaDate(Date.parse(instant))).toBe(day);
  });

  test('a payer is named by no more than the last four digits of the account', () => {
    expect(payerText(credit())).toBe('付款人 广州某某贸易有限公司(0008)');
    expect(payerText(credit({ payer_name: null, payer_account: null }))).toBe('');
  });

  test('several credits are one payment under the reference of the last', () => {
    const facts = creditFacts(
      [credit({ reference: 'B1', amount_fen: fen(7000) }), credit({ reference: 'B2', amount_fen: fen(622) })],
      'B2',
      fen(7622),
    );
    expect(facts).toMatchObject({
      transaction_id: 'B2',
      amount_fen: 7622,
      details: { references: 'B1 B2', payer_account: '6222020000000008' },
    });
  });
});
