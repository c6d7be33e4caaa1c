import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import {
  assertArrow,
  decide,
  EXPIRY_GRACE_MS,
  PAYMENT_CODE_PAY_TYPE,
  PLACING_LEASE_MS,
  REVERSE_CERTAIN_MS,
} from '../../src/domain/order.ts';
import type { Decision, DecisionInput, Order, OrderEvent, OrderState, Source } from '../../src/domain/order.ts';
import { anInput, anOrder, CREATED_AT_MS, EXPIRES_AT_MS, facts, IDENTITY } from './samples.ts';

const EVENTS = {
  accepted: { kind: 'accepted', reply: { code_url: 'weixin://x' }, message: 'OK' },
  declined: { kind: 'declined', code: 'PARAM_ERROR', message: 'no' },
  not_placed: { kind: 'not_placed', reason: 'connection_refused' },
  unknown: { kind: 'unknown', reason: 'timeout' },
  waiting: { kind: 'waiting', message: '订单未支付' },
  not_found: { kind: 'not_found', message: '订单不存在' },
  closed: { kind: 'closed', message: '订单已关闭' },
  reversed: { kind: 'reversed', message: '已撤销' },
  paid: { kind: 'paid', facts: facts(), finished: false },
  finished: { kind: 'paid', facts: facts(), finished: true },
  other_payment: { kind: 'paid', facts: facts({ transaction_id: 'T2' }), finished: false },
  refunded: { kind: 'paid', facts: facts({ refunded: true }), finished: false },
  wrong_amount: { kind: 'paid', facts: facts({ amount_fen: fen(99) }), finished: false },
  close_wanted: { kind: 'ending_wanted', ending: 'close' },
  reverse_wanted: { kind: 'ending_wanted', ending: 'reverse' },
  ending_refused: { kind: 'ending_refused', ending: 'reverse', code: 'RULE_LIMIT', message: 'not now' },
  payment_returned: { kind: 'payment_returned' },
} as const satisfies Record<string, OrderEvent>;

type EventName = keyof typeof EVENTS;

const SITUATIONS = {
  calling: anOrder(),
  never: anOrder({ placement: 'never', placing_until_ms: 0 }),
  unknown: anOrder({ placement: 'unknown', placing_until_ms: 0 }),
  accepted: anOrder({ placement: 'accepted', placing_until_ms: 0, reply: { code_url: 'weixin://x' } }),
  closing: anOrder({ placement: 'accepted', ending: 'close' }),
  reversing: anOrder({ placement: 'accepted', ending: 'reverse' }),
  reversing_code: anOrder({ pay_type: PAYMENT_CODE_PAY_TYPE, placement: 'accepted', ending: 'reverse' }),
  paid: anOrder({ state: 'paid', placement: 'accepted', facts: facts() }),
  finished: anOrder({ state: 'paid', placement: 'accepted', facts: facts(), finished: true }),
  closed: anOrder({ state: 'closed', placement: 'accepted' }),
  reversed: anOrder({ state: 'reversed', placement: 'accepted' }),
  reversed_code: anOrder({ pay_type: PAYMENT_CODE_PAY_TYPE, state: 'reversed', placement: 'accepted' }),
  failed: anOrder({ state: 'failed', placement: 'accepted' }),
  refunding: anOrder({ state: 'paid', placement: 'accepted', facts: facts(), refund_reserved_fen: fen(1) }),
  late: anOrder({ state: 'closed', placement: 'accepted', late_facts: facts(), refund_reserved_fen: fen(100) }),
} as const satisfies Record<string, Order>;

type Situation = keyof typeof SITUATIONS;

/** A decision in one line: the timeline's word (`checked`: only the check is counted), what changes, and what follows. */
function line(decision: Decision): string {
  const { changes } = decision;
  return [
    changes === null ? 'nothing' : decision.timeline || 'checked',
    ...(changes?.state === undefined ? [] : [`→${changes.state}`]),
    ...(changes?.placement === undefined ? [] : [`placement:${changes.placement}`]),
    ...(changes?.ending === undefined || changes.state !== undefined ? [] : [`ending:${changes.ending}`]),
    ...(changes?.finished === true ? ['finished'] : []),
    ...(changes?.late_facts ? ['late_facts'] : []),
    ...(decision.notify ? ['notify'] : []),
    ...(decision.return_payment ? ['refund'] : []),
    ...(decision.exception === null ? [] : [`!${decision.exception.kind}`]),
  ].join(' ');
}

const UNDECIDED: Readonly<Record<EventName, string>> = {
  accepted: 'accepted placement:accepted',
  declined: 'declined →failed placement:accepted',
  not_placed: 'not_placed placement:never',
  unknown: 'unknown placement:unknown',
  waiting: 'waiting',
  not_found: 'checked',
  closed: 'closed →closed',
  reversed: 'reversed →reversed',
  paid: 'paid →paid notify',
  finished: 'paid →paid finished notify',
  other_payment: 'paid →paid notify',
  refunded: 'paid →paid notify !refunded_elsewhere',
  wrong_amount: 'nothing !payment_mismatch',
  close_wanted: 'close_wanted ending:close',
  reverse_wanted: 'reverse_wanted ending:reverse',
  ending_refused: 'nothing',
  payment_returned: 'nothing',
};

/** After the order was closed, reversed or failed, when the merchant wants late payments refunded. */
const ENDED: Readonly<Record<EventName, string>> = {
  accepted: 'nothing',
  declined: 'nothing',
  not_placed: 'nothing',
  unknown: 'nothing',
  waiting: 'nothing',
  not_found: 'nothing',
  closed: 'nothing',
  reversed: 'nothing',
  paid: 'late_payment late_facts refund',
  finished: 'late_payment late_facts refund',
  other_payment: 'late_payment late_facts refund',
  refunded: 'late_payment late_facts refund',
  wrong_amount: 'nothing !payment_mismatch',
  close_wanted: 'nothing',
  reverse_wanted: 'nothing',
  ending_refused: 'nothing',
  payment_returned: 'nothing',
};

const PAID: Readonly<Record<EventName, string>> = {
  ...ENDED,
  closed: 'nothing !contradiction',
  reversed: 'nothing !contradiction',
  paid: 'nothing',
  finished: 'finished finished',
  other_payment: 'nothing !second_payment',
  refunded: 'nothing !refunded_elsewhere',
  payment_returned: 'reversed →reversed refund',
};

const ACCEPTED = { ...UNDECIDED, unknown: 'unknown', declined: 'unknown', not_placed: 'unknown' };

/** The merchant wants it reversed: it ends as reversed whatever the channel calls it, and nobody hears "paid". */
const REVERSING = {
  ...ACCEPTED,
  close_wanted: 'nothing',
  reverse_wanted: 'nothing',
  ending_refused: 'reverse_refused ending:null',
  closed: 'reversed →reversed',
  paid: 'reversed →reversed refund',
  finished: 'reversed →reversed refund',
  other_payment: 'reversed →reversed refund',
  refunded: 'reversed →reversed refund !refunded_elsewhere',
};

const TABLE: Readonly<Record<Situation, Readonly<Record<EventName, string>>>> = {
  calling: UNDECIDED,
  never: UNDECIDED,
  unknown: UNDECIDED,
  // A lost answer takes nothing back that the channel has said before.
  // Late word of an earlier call proves nothing about an order that was accepted since.
  accepted: ACCEPTED,
  // The payment came first: the close was too late.
  closing: { ...ACCEPTED, close_wanted: 'nothing', ending_refused: 'nothing' },
  reversing: REVERSING,
  // The channel's own reverse gives a payment code's money back, so that no refund of ours may.
  reversing_code: {
    ...REVERSING,
    paid: 'paid_while_reversing',
    finished: 'paid_while_reversing',
    other_payment: 'paid_while_reversing',
    refunded: 'reversed →reversed',
  },
  paid: PAID,
  finished: { ...PAID, finished: 'nothing', payment_returned: 'nothing' },
  // Our own refund explains why the channel says so; and only a whole payment is reversed.
  refunding: { ...PAID, refunded: 'nothing', payment_returned: 'nothing' },
  closed: ENDED,
  reversed: ENDED,
  reversed_code: { ...ENDED, refunded: 'reversed →reversed' },
  failed: ENDED,
  late: {
    ...ENDED,
    paid: 'nothing',
    finished: 'nothing',
    refunded: 'nothing',
    other_payment: 'nothing !second_payment',
  },
};

const rows = Object.entries(TABLE).flatMap(([situation, outcomes]) =>
  Object.entries(outcomes).map(([event, outcome]) => [situation as Situation, event as EventName, outcome] as const),
);

describe('what an event does to an order', () => {
  test.each(rows)('%s, %s: %s', (situation, event, outcome) => {
    expect(line(decide(SITUATIONS[situation], EVENTS[event], anInput()))).toBe(outcome);
  });

  test.each(['closed', 'reversed', 'failed'] as const)('%s, paid, late payments accepted: paid and told', (state) => {
    const decision = decide(SITUATIONS[state], EVENTS.paid, anInput({ late_payment: 'accept' }));
    expect(line(decision)).toBe('late_payment_accepted →paid notify');
    expect(decision.changes).toMatchObject({ facts: facts(), decided_at_ms: anInput().at_ms });
  });

  test('a late payment that was recorded stays one when late payments are accepted from then on', () => {
    expect(line(decide(SITUATIONS.late, EVENTS.paid, anInput({ late_payment: 'accept' })))).toBe('nothing');
  });

  test('an answer that waits once more in other words is written down, in the same words it is not', () => {
    const order = anOrder({ placement: 'accepted', channel_message: '订单未支付', check_count: 3 });
    expect(line(decide(order, EVENTS.waiting, anInput()))).toBe('checked');
    expect(line(decide(order, { kind: 'waiting', message: '支付中' }, anInput()))).toBe('waiting');
    expect(decide(order, EVENTS.waiting, anInput()).changes).toEqual({
      checked_at_ms: anInput().at_ms,
      check_count: 4,
    });
  });
});

describe('a success that does not fit the order is never applied', () => {
  const wrong: readonly [string, Parameters<typeof facts>[0], object][] = [
    ['less', { amount_fen: fen(99) }, { field: 'amount', ours: 100, theirs: 99 }],
    ['more', { amount_fen: fen(101) }, { field: 'amount', ours: 100, theirs: 101 }],
    ['another currency', { currency: 'USD' }, { field: 'currency', ours: 'CNY', theirs: 'USD' }],
    ...Object.entries(IDENTITY).map(
      ([field, ours]) =>
        [
          `another ${field}`,
          { identity: { ...IDENTITY, [field]: 'other' } },
          { field, ours, theirs: 'other' },
        ] as const satisfies [string, object, object],
    ),
  ];
  const sources: readonly Source[] = ['pay', 'callback', 'query', 'resolver', 'close', 'reverse', 'expiry', 'operator'];
  const cases = wrong.flatMap(([name, changes, detail]) =>
    sources.map((source) => [name, source, changes, detail] as const),
  );

  test.each(cases)('%s, told by %s', (_name, source, changes, detail) => {
    for (const order of Object.values(SITUATIONS)) {
      const event = { kind: 'paid', facts: facts(changes), finished: false } as const;
      expect(decide(order, event, anInput({ source }))).toEqual({
        changes: null,
        timeline: '',
        notify: false,
        return_payment: null,
        exception: { kind: 'payment_mismatch', detail },
      });
    }
  });

  test.each(Object.keys(IDENTITY))('%s that is missing: refused from a callback, taken from a query', (field) => {
    const { [field]: ours, ...rest } = IDENTITY;
    const event = { kind: 'paid', facts: facts({ identity: rest }), finished: false } as const;
    expect(decide(SITUATIONS.accepted, event, anInput()).exception?.detail).toEqual({ field, ours, theirs: null });
    for (const source of sources.filter((one) => one !== 'callback')) {
      expect(line(decide(SITUATIONS.accepted, event, anInput({ source })))).toBe('paid →paid notify');
    }
  });

  test('what the channel says beside the identity we expect does not matter', () => {
    const event = {
      kind: 'paid',
      facts: facts({ identity: { ...IDENTITY, sub_appid: 'wx9' } }),
      finished: false,
    } as const;
    expect(line(decide(SITUATIONS.accepted, event, anInput()))).toBe('paid →paid notify');
  });
});

test('a payment that the channel’s own reverse gave back has not gone back elsewhere, whoever says so again', () => {
  const given_back = anOrder({ pay_type: PAYMENT_CODE_PAY_TYPE, state: 'reversed', facts: facts() });
  for (const source of ['callback', 'query', 'resolver'] as const)
    expect(line(decide(given_back, EVENTS.refunded, anInput({ source })))).toBe('nothing');
});

describe('an order that the channel does not know', () => {
  const at = (at_ms: number): DecisionInput => anInput({ at_ms, source: 'resolver' });
  const after_grace = at(EXPIRES_AT_MS + EXPIRY_GRACE_MS);

  test.each(['never', 'unknown', 'accepted'] as const)(
    '%s: is closed once the grace after its expiry is over',
    (one) => {
      const order = SITUATIONS[one];
      for (const at_ms of [CREATED_AT_MS, EXPIRES_AT_MS - 1, EXPIRES_AT_MS, EXPIRES_AT_MS + EXPIRY_GRACE_MS - 1]) {
        expect(line(decide(order, EVENTS.not_found, at(at_ms)))).toBe('checked');
      }
      expect(line(decide(order, EVENTS.not_found, after_grace))).toBe('closed →closed');
    },
  );

  test('is waited for while a call may still be under way', () => {
    const order = anOrder({ placing_until_ms: after_grace.at_ms + 1 });
    expect(line(decide(order, EVENTS.not_found, after_grace))).toBe('checked');
  });

  test('is closed although the node that was placing it died', () => {
    const order = anOrder({ placing_until_ms: after_grace.at_ms });
    expect(line(decide(order, EVENTS.not_found, after_grace))).toBe('closed →closed');
  });
});

describe('an order that is to end, and that the channel does not know', () => {
  const ask = (order: Order, source: Source, at_ms = CREATED_AT_MS + 1_000): string =>
    line(decide(order, EVENTS.not_found, anInput({ source, at_ms })));

  test('ends when the channel says so to the close or the reverse, not to a question before it', () => {
    expect(ask(SITUATIONS.closing, 'close')).toBe('closed →closed');
    expect(ask(SITUATIONS.reversing, 'reverse')).toBe('reversed →reversed');
    for (const source of ['query', 'resolver', 'callback'] as const)
      expect(ask(SITUATIONS.closing, source)).toBe('checked');
  });

  test('waits while the order itself may still be on its way to the channel', () => {
    const calling = anOrder({ ending: 'close', placing_until_ms: CREATED_AT_MS + 30_000 });
    expect(ask(calling, 'close')).toBe('checked');
    expect(ask(calling, 'close', CREATED_AT_MS + 30_000)).toBe('closed →closed');
  });

  test('with a payment code ends 15 s after it was made, not before', () => {
    const code = SITUATIONS.reversing_code;
    expect(ask(code, 'reverse', CREATED_AT_MS + REVERSE_CERTAIN_MS - 1)).toBe('checked');
    expect(ask(code, 'reverse', CREATED_AT_MS + REVERSE_CERTAIN_MS)).toBe('reversed →reversed');
  });

  test('with a payment code that was sent again ends 15 s after that, however old it is', () => {
    const sent_again_ms = CREATED_AT_MS + 60_000;
    const again = { ...SITUATIONS.reversing_code, placing_until_ms: sent_again_ms + PLACING_LEASE_MS };
    const lost = decide(
      { ...again, placement: 'calling' },
      EVENTS.unknown,
      anInput({ source: 'pay', at_ms: sent_again_ms + 5_000 }),
    );
    const unknown = { ...again, ...lost.changes };
    expect(ask(unknown, 'reverse', sent_again_ms + REVERSE_CERTAIN_MS - 1)).toBe('checked');
    expect(ask(unknown, 'reverse', sent_again_ms + REVERSE_CERTAIN_MS)).toBe('reversed →reversed');
  });

  test('stays one that is being placed when a question about it is lost meanwhile', () => {
    const calling = anOrder({ ending: 'close', placing_until_ms: CREATED_AT_MS + 30_000 });
    const lost = decide(calling, EVENTS.unknown, anInput({ source: 'resolver', at_ms: CREATED_AT_MS + 5_000 }));
    expect(line(lost)).toBe('unknown');
    expect(ask({ ...calling, ...lost.changes }, 'close', CREATED_AT_MS + 6_000)).toBe('checked');
  });

  test('a refused close says nothing about the reverse that has taken its place', () => {
    const refused = { kind: 'ending_refused', ending: 'close', code: 'RULE_LIMIT', message: 'no' } as const;
    expect(line(decide(SITUATIONS.closing, refused, anInput()))).toBe('close_refused ending:null');
    expect(line(decide(SITUATIONS.reversing, refused, anInput()))).toBe('nothing');
  });

  test('a reverse takes the place of a close, and never the other way round', () => {
    expect(line(decide(SITUATIONS.closing, EVENTS.reverse_wanted, anInput()))).toBe('reverse_wanted ending:reverse');
    expect(line(decide(SITUATIONS.reversing, EVENTS.close_wanted, anInput()))).toBe('nothing');
  });

  test('nothing is wanted of an order any more that has ended', () => {
    for (const event of Object.values(EVENTS)) {
      for (const order of [SITUATIONS.closing, SITUATIONS.reversing, SITUATIONS.reversing_code]) {
        const { changes } = decide(order, event, anInput());
        if (changes?.state !== undefined) expect(changes.ending).toBe(null);
      }
    }
  });
});

describe('assertArrow', () => {
  const STATES: readonly OrderState[] = ['undecided', 'paid', 'closed', 'reversed', 'failed'];
  const allowed = new Set([
    ...STATES.map((state) => `${state} ${state}`),
    ...STATES.map((state) => `undecided ${state}`),
    'closed paid',
    'reversed paid',
    'failed paid',
    'paid reversed',
  ]);
  test.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
    if (allowed.has(`${from} ${to}`)) expect(() => assertArrow(from, to)).not.toThrow();
    else expect(() => assertArrow(from, to)).toThrow(new Error(`an order never goes from ${from} to ${to}`));
  });
});

describe('whatever is said, in any order', () => {
  const paid = fc.record({
    kind: fc.constant('paid' as const),
    finished: fc.boolean(),
    facts: fc.record({ transaction_id: fc.constantFrom('T1', 'T2'), amount_fen: fc.constantFrom(fen(100), fen(99)) }),
  });
  const anEvent: fc.Arbitrary<OrderEvent> = fc.oneof(
    fc.constantFrom(...Object.values(EVENTS)),
    paid.map((event) => ({ ...event, facts: facts(event.facts) })),
  );
  const aStep = fc.record({
    event: anEvent,
    source: fc.constantFrom<Source>('pay', 'callback', 'query', 'resolver', 'close', 'reverse', 'expiry', 'operator'),
    late_payment: fc.constantFrom('refund' as const, 'accept' as const),
    wait_ms: fc.constantFrom(0, 1_000, 30_000, 3_600_000),
  });
  const steps = fc.array(aStep, { maxLength: 12 });

  interface Walk {
    readonly order: Order;
    readonly notified: number;
    readonly refunded: number;
  }

  /** Applies steps as the funnel does; `look` sees each one. */
  function walk(
    path: readonly (typeof aStep extends fc.Arbitrary<infer Step> ? Step : never)[],
    look: (before: Order, decision: Decision, after: Order, event: OrderEvent, input: DecisionInput) => void,
    pay_type = 'wechat.scan',
  ): Walk {
    let order = anOrder({ pay_type });
    let at_ms = CREATED_AT_MS;
    let notified = 0;
    let refunded = 0;
    for (const { event, source, late_payment, wait_ms } of path) {
      at_ms += wait_ms;
      const input = anInput({ at_ms, source, late_payment });
      const decision = decide(order, event, input);
      const after = { ...order, ...decision.changes };
      look(order, decision, after, event, input);
      order = after;
      notified += decision.notify ? 1 : 0;
      refunded += decision.return_payment ? 1 : 0;
    }
    return { order, notified, refunded };
  }

  test('an order moves along its arrows only, and never forgets a payment', () => {
    fc.assert(
      fc.property(steps, (path) => {
        walk(path, (before, _decision, after) => {
          assertArrow(before.state, after.state);
          if (before.facts) expect(after.facts).toBe(before.facts);
          if (before.late_facts) expect(after.late_facts).toBe(before.late_facts);
          if (before.finished) expect(after.finished).toBe(true);
          if (after.state === 'paid') expect(after.facts).not.toBe(null);
          if (after.facts !== null) expect(['paid', 'reversed']).toContain(after.state);
          if (after.state !== 'undecided') expect(after.ending).toBe(null);
          expect(after.facts === null || after.late_facts === null).toBe(true);
        });
      }),
    );
  });

  test('the merchant of a paid order hears it once, the payer of a late payment gets it back once, never both', () => {
    fc.assert(
      fc.property(steps, (path) => {
        const { order, notified, refunded } = walk(path, () => undefined);
        const returned = order.state === 'reversed' && order.facts !== null;
        if (order.state === 'paid') expect(notified).toBe(1);
        else expect(notified).toBeLessThanOrEqual(returned ? 1 : 0);
        expect(refunded).toBe(order.late_facts !== null || returned ? 1 : 0);
      }),
    );
  });

  test('a payment code whose reverse was wanted is never given back twice', () => {
    fc.assert(
      fc.property(steps, (path) => {
        // A payment that stood, and was reversed afterwards, goes back by a refund of ours: not by the channel's reverse.
        const steps_before = path.filter(({ event }) => event.kind !== 'payment_returned');
        const { order, refunded } = walk(steps_before, () => undefined, PAYMENT_CODE_PAY_TYPE);
        expect(refunded).toBe(order.late_facts === null ? 0 : 1);
      }),
    );
  });

  test('the same word again changes nothing but the count of checks', () => {
    fc.assert(
      fc.property(steps, (path) => {
        walk(path, (_before, _decision, after, event, input) => {
          const again = decide(after, event, input);
          expect([again.notify, again.return_payment]).toEqual([false, null]);
          const counted = { checked_at_ms: after.checked_at_ms, check_count: after.check_count };
          expect({ ...after, ...again.changes, ...counted }).toEqual(after);
        });
      }),
    );
  });
});
