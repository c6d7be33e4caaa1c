/** What is decided about an order (gateway/src/domain/order.ts). */
import type { Mutant } from '../mutant.ts';

const file = 'gateway/src/domain/order.ts';
const test_file = 'gateway/test/domain/order.test.ts';
const NEVER_APPLIED = { test: { file: test_file, name: 'a success that does not fit the order is never applied' } };
const EVENTS = { test: { file: test_file, name: 'what an event does to an order' } };
const NOT_KNOWN = { test: { file: test_file, name: 'an order that the channel does not know' } };

export const ORDER_DECISIONS: readonly Mutant[] = [
  {
    name: 'amount-not-compared',
    guard: 'a payment must be of the amount of its order',
    file,
    find: 'if (facts.amount_fen !== order.total_fen) return',
    replace: 'if (facts.amount_fen < 0) return',
    caught_by: NEVER_APPLIED,
  },
  {
    name: 'currency-not-compared',
    guard: 'a payment must be in the currency of its order',
    file,
    find: "if (facts.currency !== 'CNY') return",
    replace: "if (facts.currency === '') return",
    caught_by: NEVER_APPLIED,
  },
  {
    name: 'identity-not-compared',
    guard: 'a payment must carry our application and merchant numbers',
    stands_for: 'a payment to another merchant is booked as one of ours',
    file,
    find: 'if (theirs !== ours) return {',
    replace: 'if (theirs === null) return {',
    caught_by: NEVER_APPLIED,
  },
  {
    name: 'identity-missing-in-a-callback-is-taken',
    guard: 'a callback must name every identity that we expect',
    file,
    find: "if (theirs === undefined && input.source !== 'callback') continue;",
    replace: 'if (theirs === undefined) continue;',
    caught_by: {
      test: {
        file: test_file,
        name: '%s that is missing: refused from a callback, taken from a query',
        row: 'that is missing: refused from a callback',
      },
    },
  },
  {
    name: 'late-payment-dropped',
    guard: 'a payment of an order that is over is kept and goes back',
    stands_for: 'a payment that is heard of after the expiry is dropped',
    file,
    find: "return { ...change({ late_facts: event.facts }, 'late_payment'), return_payment: 'late' };",
    replace: 'return NOTHING;',
    caught_by: EVENTS,
  },
  {
    name: 'late-payment-kept-without-refund',
    guard: 'a late payment goes back to its payer on its own',
    file,
    find: "'late_payment'), return_payment: 'late' };",
    replace: "'late_payment') };",
    caught_by: EVENTS,
  },
  {
    name: 'late-payment-told-as-paid',
    guard: 'a merchant never hears "paid" of an order that is over',
    stands_for: 'a merchant is told "paid" while the order says closed',
    file,
    find: "'late_payment'), return_payment: 'late' };",
    replace: "'late_payment'), return_payment: 'late', notify: true };",
    caught_by: {
      test: {
        file: 'verification/test/peers.test.ts',
        name: '1. a merchant is never told "paid" of an order that says closed or reversed',
      },
    },
  },
  {
    name: 'second-payment-overlooked',
    guard: 'a second payment of one order is put before a person',
    file,
    find: 'if (known.transaction_id !== event.facts.transaction_id) {',
    replace: "if (known.transaction_id === '') {",
    caught_by: EVENTS,
  },
  {
    name: 'paid-order-closed-on-the-channels-word',
    guard: 'a paid order does not become closed',
    stands_for: 'a decided order goes back to another state',
    file,
    find: "exception: { kind: 'contradiction', detail: { we_have: order.state, channel_says: said, message } },",
    replace: 'changes: { state },',
    caught_by: EVENTS,
  },
  {
    name: 'arrows-not-asserted',
    guard: 'no change that is not an arrow of the table reaches storage',
    file,
    find: 'if (!ARROWS[from].includes(to)) throw',
    replace: 'if (ARROWS[from].length === 0) throw',
    caught_by: { test: { file: test_file, name: 'assertArrow' } },
  },
  {
    name: 'not-found-believed-before-the-expiry',
    guard: 'that the channel does not know an order counts only once its time and a minute are over',
    stands_for: 'an order is closed because its request was still on its way when the channel was asked',
    file,
    find: 'const expired = input.at_ms >= order.expires_at_ms + EXPIRY_GRACE_MS;',
    replace: 'const expired = input.at_ms > 0;',
    caught_by: NOT_KNOWN,
  },
  {
    name: 'not-found-believed-while-placing',
    guard: 'an order that is being placed is not closed because the channel does not know it yet',
    file,
    find: 'const calling = isCalling(order, input.at_ms);\n  const expired',
    replace: 'const calling = order.version < 0;\n  const expired',
    caught_by: NOT_KNOWN,
  },
  {
    name: 'payment-code-given-up-too-early',
    guard: 'a payment code that the channel does not know is waited for 15 seconds',
    file,
    find: 'return !hasPaymentCode(order) || input.at_ms >= lastSentAt(order) + REVERSE_CERTAIN_MS;',
    replace: 'return true;',
    caught_by: { test: { file: test_file, name: 'with a payment code ends 15 s after it was made, not before' } },
  },
  {
    name: 'lost-answer-taken-for-failure',
    guard: 'what is not certain is not a failure',
    stands_for: 'an empty or timed-out answer of the channel is recorded as failure',
    file,
    find: "return change({ placement: 'unknown', channel_message: event.reason, ...checked }, 'unknown');",
    replace:
      "return change({ state: 'failed', placement: 'unknown', channel_message: event.reason, ...checked }, 'unknown');",
    caught_by: EVENTS,
  },
  {
    name: 'late-refusal-fails-an-accepted-order',
    guard: 'a refusal that comes after an acceptance is asked about',
    file,
    find: "only asking tells what is true.\n      if (order.placement === 'accepted') return",
    replace: 'only asking tells what is true.\n      if (order.version < 0) return',
    caught_by: EVENTS,
  },
  {
    name: 'second-success-of-a-preorder-stands',
    guard: 'of one preorder only the first success stands',
    stands_for: 'one purchase is paid through both wallets, and both payments are kept',
    file,
    find: 'if (input.preorder_is_paid) return decideSecondOfPreorder',
    replace: 'if (input.preorder_is_paid && order.version < 0) return decideSecondOfPreorder',
    caught_by: {
      test: { file: 'gateway/test/domain/preorder.test.ts', name: 'a payment of a try whose sibling is paid' },
    },
  },
  {
    name: 'close-takes-the-place-of-a-reverse',
    guard: 'an order that is to be reversed stays so although a close comes later',
    file,
    find: "order.ending === ending || order.ending === 'reverse') return NOTHING;",
    replace: 'order.ending === ending) return NOTHING;',
    caught_by: {
      test: { file: test_file, name: 'a reverse takes the place of a close, and never the other way round' },
    },
  },
  {
    name: 'refunded-payment-reversed-as-a-whole',
    guard: 'only a payment of which nothing has gone back is reversed',
    file,
    find: "if (order.state !== 'paid' || order.finished || order.refunded_fen + order.refund_reserved_fen > 0) return NOTHING;",
    replace: "if (order.state !== 'paid' || order.finished) return NOTHING;",
    caught_by: EVENTS,
  },
];
