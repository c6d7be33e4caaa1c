import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { decideRefund, refundStatus } from '../../src/domain/refund.ts';
import type { Refund, RefundDecision, RefundEvent, RefundState } from '../../src/domain/refund.ts';
import { aRefund, CREATED_AT_MS } from './samples.ts';

const EVENTS = {
  succeeded: { kind: 'succeeded', channel_refund_id: 'R1' },
  processing: { kind: 'processing', channel_refund_id: 'R1', message: 'PROCESSING' },
  refused: { kind: 'refused', code: 'NOT_ALLOWED', message: 'no' },
  closed: { kind: 'closed', message: 'CLOSED' },
  abnormal: { kind: 'abnormal', message: 'ABNORMAL' },
  unknown: { kind: 'unknown', reason: 'timeout' },
} as const satisfies Record<string, RefundEvent>;

type EventName = keyof typeof EVENTS;

const AT_MS = CREATED_AT_MS + 5_000;

/** A decision in one line: the timeline's word, the new state, what happens to the amount, and what follows. */
function line(decision: RefundDecision): string {
  return [
    decision.changes === null ? 'nothing' : decision.timeline,
    ...(decision.changes?.state === undefined ? [] : [`→${decision.changes.state}`]),
    decision.money,
    ...(decision.notify ? ['notify'] : []),
    ...(decision.exception === null ? [] : [`!${decision.exception.kind}`]),
  ].join(' ');
}

/** Until the channel has decided, the amount stays reserved. */
const OPEN: Readonly<Record<EventName, string>> = {
  succeeded: 'refund_succeeded →succeeded refunded notify',
  processing: 'refund_processing →processing keep',
  refused: 'refund_refused →refused released notify',
  closed: 'refund_closed →closed released notify',
  abnormal: 'refund_abnormal →abnormal keep notify !refund_abnormal',
  unknown: 'refund_unknown keep',
};

const NOTHING: Readonly<Record<EventName, string>> = {
  succeeded: 'nothing keep',
  processing: 'nothing keep',
  refused: 'nothing keep',
  closed: 'nothing keep',
  abnormal: 'nothing keep',
  unknown: 'nothing keep',
};

const TABLE: Readonly<Record<RefundState, Readonly<Record<EventName, string>>>> = {
  undecided: OPEN,
  processing: OPEN,
  abnormal: { ...OPEN, processing: 'nothing keep', abnormal: 'nothing keep' },
  succeeded: NOTHING,
  refused: { ...NOTHING, succeeded: 'nothing keep !refund_contradiction' },
  closed: { ...NOTHING, succeeded: 'nothing keep !refund_contradiction' },
};

const rows = Object.entries(TABLE).flatMap(([state, outcomes]) =>
  Object.entries(outcomes).map(([event, outcome]) => [state as RefundState, event as EventName, outcome] as const),
);

describe('what an event does to a refund', () => {
  test.each(rows)('%s, %s: %s', (state, event, outcome) => {
    expect(line(decideRefund(aRefund({ state }), EVENTS[event], AT_MS))).toBe(outcome);
  });

  test.each(['refused', 'closed'] as const)('a refund of our own that is %s is put before a person', (event) => {
    const own = aRefund({ mch_refund_id: null, notify_url: null });
    expect(decideRefund(own, EVENTS[event], AT_MS).exception).toEqual({
      kind: 'late_payment_not_refunded',
      detail: {
        refund_id: own.refund_id,
        refund_fen: own.refund_fen,
        code: event === 'refused' ? 'NOT_ALLOWED' : 'closed',
        message: EVENTS[event].message,
      },
    });
  });

  test('a channel number that was learned is kept when a later answer does not name it', () => {
    const known = aRefund({ state: 'processing', channel_refund_id: 'R1' });
    for (const event of [
      { kind: 'processing', channel_refund_id: null, message: '' },
      { kind: 'succeeded', channel_refund_id: null },
    ] as const) {
      expect(decideRefund(known, event, AT_MS).changes?.channel_refund_id).toBe('R1');
    }
  });
});

test.each<[RefundState, number]>([
  ['succeeded', 0],
  ['undecided', 1],
  ['processing', 1],
  ['refused', 2],
  ['closed', 2],
  ['abnormal', 3],
])('%s is shown as refund_status %d', (state, status) => {
  expect(refundStatus(state)).toBe(status);
});

describe('whatever the channel says about any number of refunds', () => {
  const TOTAL_FEN = 100;

  /** The order's sums, moved as storage moves them: reserve when there is room, then what each decision says. */
  class Books {
    refunded = 0;
    reserved = 0;
    readonly refunds: Refund[] = [];

    reserve(amount: number): void {
      if (amount > TOTAL_FEN - this.refunded - this.reserved) return;
      this.reserved += amount;
      this.refunds.push(aRefund({ refund_fen: fen(amount) }));
    }

    resubmit(index: number): void {
      const refund = this.refunds[index];
      if (!refund || (refund.state !== 'refused' && refund.state !== 'closed')) return;
      if (refund.refund_fen > TOTAL_FEN - this.refunded - this.reserved) return;
      this.reserved += refund.refund_fen;
      this.refunds[index] = { ...refund, state: 'undecided' };
    }

    hear(index: number, event: RefundEvent): RefundDecision | null {
      const refund = this.refunds[index];
      if (!refund) return null;
      const decision = decideRefund(refund, event, AT_MS);
      if (decision.money !== 'keep') this.reserved -= refund.refund_fen;
      if (decision.money === 'refunded') this.refunded += refund.refund_fen;
      this.refunds[index] = { ...refund, ...decision.changes };
      return decision;
    }

    sumOf(...states: RefundState[]): number {
      return this.refunds.filter((one) => states.includes(one.state)).reduce((sum, one) => sum + one.refund_fen, 0);
    }
  }

  const aStep = fc.oneof(
    fc.record({ do: fc.constant('reserve' as const), amount: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constant('resubmit' as const), index: fc.nat(5) }),
    fc.record({
      do: fc.constant('hear' as const),
      index: fc.nat(5),
      event: fc.constantFrom<RefundEvent>(...Object.values(EVENTS)),
    }),
  );

  test('what is paid back and reserved never exceeds what was paid, and agrees with the refunds', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 40 }), (path) => {
        const books = new Books();
        for (const step of path) {
          if (step.do === 'reserve') books.reserve(step.amount);
          else if (step.do === 'resubmit') books.resubmit(step.index);
          else books.hear(step.index, step.event);
          expect(books.refunded + books.reserved).toBeLessThanOrEqual(TOTAL_FEN);
          expect(books.refunded).toBe(books.sumOf('succeeded'));
          expect(books.reserved).toBe(books.sumOf('undecided', 'processing', 'abnormal'));
        }
      }),
    );
  });

  test('the same word again moves no money and tells nobody', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 40 }), (path) => {
        const books = new Books();
        for (const step of path) {
          if (step.do === 'reserve') books.reserve(step.amount);
          else if (step.do === 'resubmit') books.resubmit(step.index);
          else {
            books.hear(step.index, step.event);
            const again = books.hear(step.index, step.event);
            if (again) expect([again.money, again.notify]).toEqual(['keep', false]);
          }
        }
      }),
    );
  });
});
