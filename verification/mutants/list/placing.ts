/** Placing, asking about and ending orders: the funnel, routing, and the resolver. */
import type { Mutant } from '../mutant.ts';

const FUNNEL = 'gateway/src/operations/apply-channel-result.ts';
const PLACE = 'gateway/src/operations/place-order.ts';
const REPEAT = 'gateway/src/operations/repeat-pay.ts';
const RESOLVE = 'gateway/src/operations/resolve-order.ts';
const NEW_ORDER_TEST = 'gateway/test/operations/new-order.test.ts';
const RESOLVE_TEST = 'gateway/test/operations/resolve-order.test.ts';
const AFTER_REVERSE = 'gateway/test/operations/after-reverse.test.ts';
const LOST_ANSWERS = 'verification/test/lost-answers.test.ts';
const BREAKER = 'gateway/src/operations/circuit-breaker.ts';
const BREAKER_TEST = 'gateway/test/operations/circuit-breaker.test.ts';

export const PLACING: readonly Mutant[] = [
  {
    name: 'fail-over-after-a-lost-answer',
    guard: 'another account is tried only when it is certain that nothing was placed',
    stands_for: 'an order is placed at two accounts because the first one answered too late',
    file: PLACE,
    find: "return report.outcome === 'misconfigured' || report.outcome === 'not_sent';",
    replace:
      "return report.outcome === 'misconfigured' || report.outcome === 'not_sent' || report.outcome === 'unknown';",
    caught_by: {
      test: {
        file: 'verification/test/routing.test.ts',
        name: 'keeps the order: a timeout never makes another account place it too',
      },
    },
  },
  {
    name: 'no-fail-over-for-a-faulty-account',
    guard: 'an order that was turned away for what the account is goes to the next one',
    file: PLACE,
    find: "if (report.outcome === 'declined') return report.account_fault === true;",
    replace: "if (report.outcome === 'declined') return false;",
    caught_by: {
      test: {
        file: 'verification/test/routing.test.ts',
        name: 'is refused for what it is (an application that is not bound to it): the order goes to the next one',
      },
    },
  },
  {
    name: 'code-of-a-closed-order-shown',
    guard: 'nobody is shown a code that must not be paid any more',
    file: PLACE,
    find: "if (order.state === 'paid' || (order.state === 'undecided' && order.ending === null)) return answer;",
    replace: 'if (order.version > 0) return answer;',
    caught_by: {
      test: {
        file: 'verification/test/awkward-moments.test.ts',
        name: 'an order that was closed while the channel was answering is 302, without a code',
      },
    },
  },
  {
    name: 'open-circuit-called-all-the-same',
    guard: 'an account whose circuit is open is not called for new orders',
    file: PLACE,
    find: 'if (!prepared.made_here && !gateway.breakers.admits(order.account_id)) return CIRCUIT_OPEN;',
    replace: 'if (!prepared.made_here && gateway.breakers.admits(order.account_id) === null) return CIRCUIT_OPEN;',
    caught_by: {
      test: {
        file: 'gateway/test/operations/place-order.test.ts',
        name: 'an account whose circuit is open is not called: its merchant hears that nothing was placed',
      },
    },
  },
  {
    name: 'circuit-never-opens',
    guard: 'ten calls in a row without a verdict open the circuit',
    file: BREAKER,
    find: 'const FAILURES_TO_OPEN = 10;',
    replace: 'const FAILURES_TO_OPEN = 1_000;',
    caught_by: {
      test: { file: BREAKER_TEST, name: 'is left alone after ten calls in a row without a verdict, and not before' },
    },
  },
  {
    name: 'open-circuit-tried-by-everybody',
    guard: 'one call alone tries an account whose pause is over',
    file: BREAKER,
    find: 'if (!circuit || now_ms < circuit.trial_until_ms) return false;',
    replace: 'if (!circuit) return false;',
    caught_by: {
      test: { file: BREAKER_TEST, name: 'is tried by one call after five seconds; its success lets everybody in' },
    },
  },
  {
    name: 'order-number-with-other-fields',
    guard: 'the same number with other fields is refused',
    stands_for: 'an order of another amount is answered with the code of the first',
    file: REPEAT,
    find: 'if (order.request_hash !== request.request_hash)\n    throw',
    replace: "if (order.request_hash === '')\n    throw",
    caught_by: { test: { file: LOST_ANSWERS, name: 'the same number again' } },
  },
  {
    name: 'lost-order-sent-again-without-asking',
    guard: 'the channel is asked before an order whose answer was lost is sent again',
    stands_for: 'an order whose answer was lost is placed twice',
    file: REPEAT,
    find: "if (read.placement === 'never') return placeAnywhere(gateway, order, routes);",
    replace: "if (read.placement !== 'accepted') return placeAnywhere(gateway, order, routes);",
    caught_by: {
      test: {
        file: 'gateway/test/operations/repeat-pay.test.ts',
        name: 'is not sent again when it has been paid meanwhile',
      },
    },
  },
  {
    name: 'refusal-of-a-repeated-order-believed',
    guard: 'of an order that is sent again only an acceptance is believed',
    file: REPEAT,
    find: "const event = believed ? beginEvent(report) : ({ kind: 'unknown', reason: 'repeat_refused' } as const);",
    replace: 'const event = beginEvent(report);',
    caught_by: {
      test: {
        file: 'gateway/test/operations/repeat-pay.test.ts',
        name: 'stays undecided when its repeat is refused: the refusal may speak of the first',
      },
    },
  },
  {
    name: 'placing-without-a-lease',
    guard: 'of two requests that place an order again one goes on: its lease is taken by compare-and-set',
    file: PLACE,
    find: 'return saved ? { ...leased, version: leased.version + 1 } : null;',
    replace: 'return { ...leased, version: leased.version + Number(saved) };',
    caught_by: {
      test: {
        file: 'gateway/test/operations/repeat-pay.test.ts',
        name: 'that comes twice at the same moment is sent again by one of the two',
      },
    },
  },
  {
    name: 'query-puts-off-the-resolver',
    guard: 'a till that asks again and again does not push the resolver’s own question away',
    file: FUNNEL,
    find: "if (event.kind === 'accepted' || source === 'query') return null;",
    replace: "if (event.kind === 'accepted') return null;",
    caught_by: {
      test: {
        file: 'verification/test/awkward-moments.test.ts',
        name: 'does not push the resolver’s own question away',
      },
    },
  },
  {
    name: 'undecided-order-asked-about-once',
    guard: 'an undecided order is asked about until it is decided',
    stands_for: 'an order that is paid at the channel stays undecided for ever',
    file: FUNNEL,
    find: '  return nextCheckAt(next, at_ms);\n}',
    replace: "  return nextCheckAt(next, at_ms) > 0 ? 'delete' : null;\n}",
    caught_by: {
      test: {
        file: 'verification/test/peers.test.ts',
        name: '18. %s: an order that is paid at the channel does not stay undecided for ever',
        row: '18. wechat: an order that is paid at the channel',
      },
    },
  },
  {
    name: 'former-account-believed',
    guard: 'an account that an order has left says nothing about it any more',
    file: FUNNEL,
    find: 'if (fresh.account_id !== read.account_id) return heardFromFormerAccount',
    replace: "if (fresh.account_id === '') return heardFromFormerAccount",
    caught_by: {
      test: { file: AFTER_REVERSE, name: 'an account that an order has left says nothing about it any more' },
    },
  },
  {
    name: 'old-word-believed-after-a-reverse',
    guard: '"paid", said of a payment code that was reversed, is asked about anew',
    stands_for: 'a payment that the channel’s reverse gave back is refunded a second time',
    file: FUNNEL,
    find: 'if (mayBeOlderThanReverse(order, event, evidence)) [event',
    replace: 'if (order.version < 0 && mayBeOlderThanReverse(order, event, evidence)) [event',
    caught_by: {
      test: {
        file: AFTER_REVERSE,
        name: 'is not paid by the slow answer of its own request: the channel is asked, and says that it is reversed',
      },
    },
  },
  {
    name: 'refusal-believed-after-somebody-was-faster',
    guard: 'a refusal is believed only of the order as it was when the call was made',
    file: FUNNEL,
    find: 'order = fresh;\n    event = believed(event);',
    replace: 'order = fresh;\n    event = order.version < 0 ? believed(event) : event;',
    caught_by: {
      test: {
        file: 'gateway/test/operations/repeat-pay.test.ts',
        name: 'a refusal of the first attempt that comes after the order was sent again decides nothing',
      },
    },
  },
  {
    name: 'order-closed-without-its-channel',
    guard: 'an order closes here when it is closed there',
    stands_for: 'an order is closed locally at its expiry, and late money is lost',
    file: RESOLVE,
    find: ": (await closeAtChannel(gateway, asked, 'expiry')).order;",
    replace: ": applyToOrder(gateway, asked, { kind: 'closed', message: '' }, { source: 'expiry' });",
    caught_by: {
      test: { file: RESOLVE_TEST, name: 'is closed at its channel, after it was asked, when its time is up' },
    },
  },
  {
    name: 'order-closed-before-its-time',
    guard: 'an order that can still be paid is not closed',
    file: RESOLVE,
    find: 'if (!failed && now_ms < asked.expires_at_ms) return asked;',
    replace: 'if (!failed && now_ms < asked.created_at_ms) return asked;',
    caught_by: { test: { file: RESOLVE_TEST, name: 'is left open until its time is up' } },
  },
  {
    name: 'closed-after-a-question-without-answer',
    guard: 'an order whose question was not answered is not ended',
    file: RESOLVE,
    find: "const may_end = event.kind === 'waiting' || event.kind === 'not_found';",
    replace: "const may_end = event.kind !== 'paid';",
    caught_by: {
      test: {
        file: RESOLVE_TEST,
        name: 'is not closed when the question was not answered (%j), however late it is',
        row: 'is not closed when the question was not answered',
      },
    },
  },
  {
    name: 'refused-ending-told-to-nobody',
    guard: 'a refusal that comes after the merchant heard 601 is put before a person',
    file: 'gateway/src/operations/apply-channel-result.ts',
    find: "if (event.kind !== 'ending_refused' || !evidence.promised) return null;",
    replace: "if (event.kind !== 'ending_refused' || evidence.promised || order.version > 0) return null;",
    caught_by: {
      test: {
        file: RESOLVE_TEST,
        name: 'after its merchant was promised it (%s) is put before a person, once',
        row: 'is put before a person, once',
      },
    },
  },
  {
    name: 'reverse-forgotten-when-the-answer-is-lost',
    guard: 'that an order is to be reversed is saved before the channel is called',
    file: 'gateway/src/operations/reverse.ts',
    find: "  const wanted = await applyToOrder(\n    gateway,\n    order,\n    { kind: 'ending_wanted', ending: 'reverse' },\n    { source: 'reverse' },\n  );",
    replace: '  const wanted = order;',
    caught_by: {
      test: {
        file: 'verification/test/close-reverse.test.ts',
        name: 'reverses an order that turns out to be paid: the merchant never hears "paid"',
      },
    },
  },
  {
    name: 'payment-code-closed-by-its-merchant',
    guard: 'an order of a payment code is reversed, never closed',
    file: 'gateway/src/operations/close.ts',
    find: '  if (hasPaymentCode(order))\n    throw',
    replace: "  if (hasPaymentCode(order) && order.merchant_id === '')\n    throw",
    caught_by: {
      test: { file: 'verification/test/till.test.ts', name: 'cannot be closed: the till is told to reverse it' },
    },
  },
  {
    name: 'callback-of-another-account-applied',
    guard: 'a callback is believed for orders of its own account only',
    file: 'gateway/src/operations/apply-callback.ts',
    find: 'if (!order || order.account_id !== account.account_id) {',
    replace: 'if (!order) {',
    caught_by: {
      test: {
        file: 'verification/test/callbacks.test.ts',
        name: '%s: a well-signed callback that is not for an order of its address',
        row: 'wechat: a well-signed callback that is not for an order of its address',
      },
    },
  },
  {
    name: 'refused-callback-acknowledged',
    guard: 'a callback that was not understood is not acknowledged: the channel repeats it',
    file: 'gateway/src/operations/apply-callback.ts',
    find: "if (result === 'applied' || result === 'kept') return",
    replace: "if (result !== '') return",
    caught_by: {
      test: { file: 'verification/test/callbacks.test.ts', name: 'a callback that is not proven to be the platform’s' },
    },
  },
  {
    name: 'suspended-account-gets-new-orders',
    guard: 'new orders keep away from a suspended account',
    file: 'gateway/src/operations/choose-route.ts',
    find: 'return account === null || (account.active && account.channel === channel);',
    replace: 'return account === null || account.channel === channel;',
    caught_by: {
      test: {
        file: 'gateway/test/operations/choose-route.test.ts',
        name: 'is refused (202) when every account is suspended, or there is no route',
      },
    },
  },
  {
    name: 'silent-account-asked-first',
    guard: 'accounts that do not answer come last',
    file: 'gateway/src/operations/choose-route.ts',
    find: "gateway.breakers.state(route.account_id) !== 'open');",
    replace: "route.account_id !== '');",
    caught_by: {
      test: {
        file: 'gateway/test/operations/choose-route.test.ts',
        name: 'that do not answer come last, whatever their priority',
      },
    },
  },
  {
    name: 'order-outlives-its-channel',
    guard: 'a channel’s code lives no longer than the channel says',
    file: 'gateway/src/operations/pay.ts',
    find: 'expires_at_ms: Math.min(asked_ms, latest_ms),',
    replace: 'expires_at_ms: asked_ms,',
    caught_by: {
      test: {
        file: NEW_ORDER_TEST,
        name: 'can be paid for %s',
        row: 'can be paid for what its channel allows, when its merchant asks for more',
      },
    },
  },
  {
    name: 'order-that-nobody-can-pay-in-time',
    guard: 'a new order needs a minute to be paid in',
    file: 'gateway/src/operations/pay.ts',
    find: 'if (order.expires_at_ms >= order.created_at_ms + MIN_LIFETIME_MS) return;',
    replace: 'if (order.expires_at_ms >= order.created_at_ms) return;',
    caught_by: { test: { file: NEW_ORDER_TEST, name: 'that has less than a minute is refused' } },
  },
  {
    name: 'expiry-put-off',
    guard: 'an order is asked about when its time is up, whatever its schedule says',
    file: FUNNEL,
    find: 'return at_ms < order.expires_at_ms ? Math.min(by_schedule, order.expires_at_ms) : by_schedule;',
    replace: 'return by_schedule;',
    caught_by: { test: { file: NEW_ORDER_TEST, name: 'is not put off beyond its time: then it is to be closed' } },
  },
  {
    name: 'channel-asked-at-every-query',
    guard: 'a merchant’s queries ask the channel once in two seconds at most',
    file: 'gateway/src/operations/query.ts',
    find: 'now_ms - order.checked_at_ms < FRESH_MS)',
    replace: 'now_ms < order.checked_at_ms)',
    caught_by: {
      test: {
        file: 'gateway/test/operations/query.test.ts',
        name: 'a merchant who asks all the time has the channel asked once in two seconds',
      },
    },
  },
  {
    name: 'undecided-order-told-to-nobody',
    guard: 'an order that stays undecided comes before a person a day after its time',
    stands_for: 'an order stays "processing" for ever',
    file: 'gateway/src/jobs/resolve-orders.ts',
    find: 'if (now_ms > order.expires_at_ms + OVERDUE_MS) await',
    replace: 'if (now_ms < 0) await',
    caught_by: {
      test: {
        file: 'gateway/test/jobs/resolve-orders.test.ts',
        name: 'is put before a person a day after its time was up, once, and asked about on',
      },
    },
  },
  {
    name: 'silent-account-asked-by-the-resolver',
    guard: 'the resolver leaves an account alone that does not answer',
    file: 'gateway/src/jobs/resolve-orders.ts',
    find: 'if (!gateway.breakers.admits(account_id))\n      return',
    replace: "if (account_id === '')\n      return",
    caught_by: {
      test: {
        file: 'gateway/test/jobs/resolve-orders.test.ts',
        name: 'at an account that does not answer waits, and nobody is asked',
      },
    },
  },
  {
    name: 'old-order-reversed',
    guard: 'an order can be reversed within seven days',
    file: 'gateway/src/operations/reverse.ts',
    find: 'if (gateway.ports.clock.now_ms() - order.created_at_ms > REVERSE_PERIOD_MS)',
    replace: 'if (gateway.ports.clock.now_ms() < order.created_at_ms)',
    caught_by: {
      test: {
        file: 'verification/test/close-reverse.test.ts',
        name: 'refuses to reverse an order that is older than seven days',
      },
    },
  },
  {
    name: 'changed-configuration-not-noticed',
    guard: 'a changed key or status counts on every node within a second',
    file: 'gateway/src/operations/directory.ts',
    find: 'merchants.forget([...changes.merchants, ...changes.routes].map((one) => one.merchant_id));',
    replace: 'merchants.forget([...changes.routes].map((one) => one.merchant_id));',
    caught_by: { test: { file: 'verification/test/two-nodes.test.ts', name: 'the status of a merchant' } },
  },
  {
    name: 'lost-order-sent-again-while-nobody-knows',
    guard: 'an order is sent again only when the channel has said how it stands',
    file: REPEAT,
    find: 'if (!certain || !pay_type.begin_is_repeatable || asked.ending !== null) {',
    replace: 'if (!pay_type.begin_is_repeatable || asked.ending !== null) {',
    caught_by: {
      test: {
        file: 'gateway/test/operations/repeat-pay.test.ts',
        name: 'is not sent again while nobody can say how it stands',
      },
    },
  },
  {
    name: 'last-look-given-up',
    guard:
      'an order that ended although its code could still be paid is asked about until its channel says how it stands',
    stands_for: 'a payment that came after the close is never heard of',
    file: RESOLVE,
    find: "if (event.kind === 'unknown') return false;",
    replace: "if (event.kind === 'unknown') return true;",
    caught_by: {
      test: {
        file: 'gateway/test/jobs/resolve-orders.test.ts',
        name: 'an order that has ended and has a job is asked about once more: until its channel has said how it stands',
      },
    },
  },
  {
    name: 'order-placed-when-others-may-have',
    guard: 'an order is sent only under a lease that lasts until its channel has answered',
    stands_for: 'a payer is charged for an order that was reversed while its node stood still',
    file: PLACE,
    find: 'const order = calls ? await stillOurs(gateway, begun) : begun;',
    replace: 'const order = calls ? await Promise.resolve(begun) : begun;',
    caught_by: {
      test: {
        file: 'verification/test/simulation-standstill.test.ts',
        name: 'after recording the order of a payment code does not present the code when the till has given up',
      },
    },
  },
  {
    name: 'late-order-sent-over-another-node',
    guard: 'a lease is renewed by compare-and-set',
    file: PLACE,
    find: 'const renewed = may_renew ? await takeLease(gateway, order) : null;',
    replace:
      'const renewed = may_renew ? ((await takeLease(gateway, order)) ?? { ...order, placing_until_ms: Number.MAX_VALUE }) : null;',
    caught_by: {
      test: {
        file: 'gateway/test/operations/place-order.test.ts',
        name: 'does not call when somebody has taken it over',
      },
    },
  },
  {
    name: 'reverse-carried-out-though-given-up',
    guard: 'a reverse is sent only while it is wanted',
    stands_for: 'a payment that its merchant was told of is taken back by a node that stood still',
    file: 'gateway/src/operations/end-order.ts',
    find: "if (now && (now.state !== 'undecided' || now.ending !== 'reverse'))",
    replace: "if (now && now.state === 'failed')",
    caught_by: {
      test: {
        file: 'gateway/test/operations/end-order.test.ts',
        name: 'a reverse that was given up while its node stood still is not carried out',
      },
    },
  },
];
