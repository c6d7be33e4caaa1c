/** Refunds: what is decided about them, stored, and asked of the channel. */
import type { Mutant } from '../mutant.ts';

const DECISIONS = 'gateway/src/domain/refund.ts';
const DECIDED = { test: { file: 'gateway/test/domain/refund.test.ts', name: 'what an event does to a refund' } };
const STORAGE = 'gateway/src/storage/refunds.ts';
const STORAGE_TEST = 'gateway/test/storage/refunds.test.ts';
const LOST_ANSWERS = 'verification/test/lost-answers.test.ts';

export const REFUNDS: readonly Mutant[] = [
  {
    name: 'decided-refund-goes-back',
    guard: 'a decided refund never goes back but by being sent again',
    stands_for: 'a refund that succeeded becomes a refused one, and is made twice',
    file: DECISIONS,
    find: 'if (!isOpen(refund)) return contradiction(refund, event);',
    replace: "if (refund.state === 'closed') return contradiction(refund, event);",
    caught_by: DECIDED,
  },
  {
    name: 'lost-refund-releases-its-amount',
    guard: 'a refund whose answer is lost keeps its amount reserved',
    stands_for: 'a timed-out refund is recorded as failed and made a second time',
    file: DECISIONS,
    find: "timeline: 'refund_unknown',",
    replace: "timeline: 'refund_unknown', money: 'released',",
    caught_by: DECIDED,
  },
  {
    name: 'stuck-refund-told-to-nobody',
    guard: 'a refund that is stuck at the channel is put before a person',
    file: DECISIONS,
    find: "exception: { kind: 'refund_abnormal', detail: { refund_id: refund.refund_id, message: event.message } },",
    replace: 'exception: null,',
    caught_by: DECIDED,
  },
  {
    name: 'failed-automatic-refund-told-to-nobody',
    guard: 'an automatic refund that fails is put before a person',
    file: DECISIONS,
    find: 'if (refund.mch_refund_id !== null) return null;',
    replace: "if (refund.mch_refund_id !== '') return null;",
    caught_by: {
      test: {
        file: 'gateway/test/domain/refund.test.ts',
        name: 'a refund of our own that is %s is put before a person',
        row: 'is put before a person',
      },
    },
  },
  {
    name: 'refunds-reserved-on-an-old-reading',
    guard: 'compare-and-set of the reservation: what is left has not changed since it was looked at',
    stands_for: 'two concurrent refunds together exceed what was paid',
    file: STORAGE,
    find: 'AND o.trade_id = i.trade_id AND o.version = $2',
    replace: 'AND o.trade_id = i.trade_id AND $2::integer IS NOT NULL',
    caught_by: {
      test: {
        file: STORAGE_TEST,
        name: 'of reservations on one reading of an order, on one node or several, one succeeds',
      },
    },
  },
  {
    name: 'refund-not-reserved',
    guard: 'the amount is reserved on the order before the channel is called',
    file: STORAGE,
    find: 'refund_reserved_fen = o.refund_reserved_fen + i.refund_fen,',
    replace: 'refund_reserved_fen = o.refund_reserved_fen + 0 * i.refund_fen,',
    caught_by: { test: { file: STORAGE_TEST, name: 'writes refund, event and job and reserves the amount' } },
  },
  {
    name: 'refund-without-a-job',
    guard: 'the question about a refund is committed with the refund',
    stands_for: 'a refund stays under way for ever because its node died',
    file: STORAGE,
    find: "SELECT 'refund', i.merchant_id, i.refund_id, i.check_at_ms FROM input i JOIN reserved r ON r.trade_id = i.trade_id",
    replace:
      "SELECT 'refund', i.merchant_id, i.refund_id, i.check_at_ms FROM input i JOIN reserved r ON r.trade_id = i.refund_id",
    caught_by: { test: { file: STORAGE_TEST, name: 'writes refund, event and job and reserves the amount' } },
  },
  {
    name: 'refund-saved-over-a-newer-version',
    guard: 'compare-and-set on the version of a refund',
    file: STORAGE,
    find: 'WHERE r.merchant_id = i.merchant_id AND r.refund_id = i.refund_id AND r.version = i.version',
    replace: 'WHERE r.merchant_id = i.merchant_id AND r.refund_id = i.refund_id',
    caught_by: {
      test: {
        file: STORAGE_TEST,
        name: 'is refused when the refund has changed since it was read, and moves nothing then',
      },
    },
  },
  {
    name: 'refunds-beyond-the-payment-in-the-database',
    guard: 'CHECK refunds_never_exceed_payment',
    file: 'gateway/src/storage/migrations/0001_foundation.sql',
    find: 'AND refund_reserved_fen >= 0 AND refunded_fen + refund_reserved_fen <= total_fen)',
    replace: 'AND refund_reserved_fen >= 0)',
    caught_by: {
      test: {
        file: STORAGE_TEST,
        name: 'the database itself refuses more than was paid, less than nothing, and writes nothing',
      },
    },
  },
  {
    name: 'refused-reservation-is-an-error',
    guard: 'that the CHECK refused an amount means that another refund was faster',
    file: STORAGE,
    find: "if (save.money === 'reserve' && sqlState(error) === CHECK_VIOLATION) return false;",
    replace: "if (save.money === 'reserve' && sqlState(error) === UNIQUE_VIOLATION) return false;",
    caught_by: {
      test: {
        file: STORAGE_TEST,
        name: 'is refused when another refund took what it is to reserve anew, and writes nothing',
      },
    },
  },
  {
    name: 'refund-exceeds-what-is-left',
    guard: 'a refund of more than is left is refused by name',
    file: 'gateway/src/operations/refund.ts',
    find: 'if (refund_fee > left)',
    replace: 'if (refund_fee > order.total_fen)',
    caught_by: {
      test: { file: LOST_ANSWERS, name: 'ten at once of 30 on 100: three succeed, the others are told what is left' },
    },
  },
  {
    name: 'refund-number-with-other-fields',
    guard: 'the same refund number with other fields is refused',
    stands_for: 'a refund of another amount is answered with the success of the first',
    file: 'gateway/src/operations/refund.ts',
    find: 'if (read.trade_id !== order.trade_id || read.request_hash !== requestHash(request)) {',
    replace: 'if (read.trade_id !== order.trade_id) {',
    caught_by: { test: { file: LOST_ANSWERS, name: 'the same number with other parameters: 304' } },
  },
  {
    name: 'refused-refund-never-sent-again',
    guard: 'a refund that was refused may be sent again under its number',
    stands_for: 'a failed refund can never be submitted again',
    file: 'gateway/src/operations/refund.ts',
    find: "if (known.state !== 'refused' && known.state !== 'closed') return known;",
    replace: "if (known.state !== 'closed') return known;",
    caught_by: {
      test: {
        file: LOST_ANSWERS,
        name: 'a definite refusal answers 600, releases the amount, and the same number may be sent again',
      },
    },
  },
  {
    name: 'refund-closed-and-sent-under-its-old-number',
    guard: 'a channel that closed a refund keeps its number closed: it gets a new one',
    file: 'gateway/src/operations/refund.ts',
    find: "known.state === 'closed' ? makeId(now_ms, gateway.ports.random.bytes(8)) : known.channel_refund_no,",
    replace: 'known.channel_refund_no,',
    caught_by: {
      test: {
        file: 'verification/test/peers.test.ts',
        name: '5. a refund that failed is not dead, and however often it is sent again it is not made twice',
      },
    },
  },
  {
    name: 'refused-question-taken-for-a-refused-refund',
    guard: 'a refused question is not a refused refund',
    file: 'gateway/src/operations/apply-refund-result.ts',
    find: 'return from_query\n',
    replace: "return from_query && report.code === ''\n",
    caught_by: {
      test: {
        file: 'gateway/test/operations/resolve-refund.test.ts',
        name: 'a refused question about a refund says nothing about the refund',
      },
    },
  },
  {
    name: 'refused-repeat-of-a-refund-believed',
    guard: 'the refusal of a repeated refund is believed only after asking once more',
    file: 'gateway/src/operations/resolve-refund.ts',
    find: "const refused = asked_again.outcome === 'not_found';",
    replace: "const refused = asked_again.outcome !== 'processing';",
    caught_by: {
      test: {
        file: 'gateway/test/operations/resolve-refund.test.ts',
        name: 'whose earlier attempt went through after all is not refused by the refusal of its repeat',
      },
    },
  },
  {
    name: 'refund-of-another-amount-booked',
    guard: 'a refund of another amount than was asked for is not booked',
    file: 'gateway/src/operations/resolve-refund.ts',
    find: "if (report.outcome === 'succeeded' && report.amount_fen !== null && report.amount_fen !== refund.refund_fen) {",
    replace: "if (report.outcome === 'succeeded' && report.amount_fen !== null && report.amount_fen === 0) {",
    caught_by: {
      test: {
        file: 'gateway/test/operations/resolve-refund.test.ts',
        name: 'of another amount than was asked for is put before a person, and its amount stays reserved',
      },
    },
  },
  {
    name: 'refund-callback-of-another-amount-booked',
    guard: 'a callback about a refund of another amount is not booked',
    file: 'gateway/src/operations/apply-callback.ts',
    find: "if (report.outcome === 'succeeded' && report.amount_fen !== null && report.amount_fen !== refund.refund_fen) {",
    replace: "if (report.outcome === 'succeeded' && report.amount_fen !== null && report.amount_fen === 0) {",
    caught_by: { test: { file: 'verification/test/callbacks.test.ts', name: 'wechat: a callback about a refund' } },
  },
  {
    name: 'refund-after-a-year',
    guard: 'a payment that is older than a year is not refunded',
    file: 'gateway/src/domain/trade-state.ts',
    find: 'order.created_at_ms) > REFUND_PERIOD_MS;',
    replace: 'order.created_at_ms) > 2 * REFUND_PERIOD_MS;',
    caught_by: {
      test: {
        file: 'gateway/test/domain/trade-state.test.ts',
        name: 'a payment that is older than a year cannot be refunded any more: 4, 已完结',
      },
    },
  },
  {
    name: 'refunds-without-end',
    guard: 'one order takes fifty refunds',
    file: 'gateway/src/operations/refund.ts',
    find: 'if (order.refund_count + more_refunds > MAX_REFUNDS)',
    replace: 'if (order.refund_count < 0)',
    caught_by: { test: { file: LOST_ANSWERS, name: 'more than fifty refunds of one order: 305' } },
  },
  {
    name: 'known-refund-sent-again',
    guard: 'a refund is sent again only when its channel does not know it',
    stands_for: 'a refund whose answer was lost is made twice',
    file: 'gateway/src/operations/resolve-refund.ts',
    find: "if (known.outcome !== 'not_found') return record",
    replace: "if (known.outcome === 'closed') return record",
    caught_by: {
      test: {
        file: 'gateway/test/operations/resolve-refund.test.ts',
        name: 'that its channel knows is not sent again',
      },
    },
  },
  {
    name: 'refund-sent-when-others-may-have',
    guard: 'a refund is sent only under a lease that lasts until its channel has answered',
    stands_for: 'a refund that was given up and made anew is made once more by a node that stood still',
    file: 'gateway/src/operations/resolve-refund.ts',
    find: '  if (!inTime(gateway, refund.calling_until_ms)) return refund;\n  const report',
    replace: '  if (!inTime(gateway, Number.POSITIVE_INFINITY)) return refund;\n  const report',
    caught_by: {
      test: {
        file: 'gateway/test/operations/resolve-refund.test.ts',
        name: 'a refund is not sent by a node that stood still until others may have sent it, or given it up',
      },
    },
  },
];
