/** Notifications: when they are sent, what counts as delivered, and where they must never go. */
import type { Mutant } from '../mutant.ts';

const DELIVER = 'gateway/src/notifications/deliver.ts';
const DELIVER_TEST = 'gateway/test/notifications/deliver.test.ts';
const GUARD = 'gateway/src/notifications/address-guard.ts';
const GUARD_TEST = 'gateway/test/notifications/address-guard.test.ts';
const CLIENT = 'gateway/src/notifications/guarded-client.ts';
const CLIENT_TEST = 'gateway/test/notifications/guarded-client.test.ts';
const JOB = 'gateway/src/jobs/deliver-notifications.ts';
const STORE_TEST = 'gateway/test/storage/notifications.test.ts';
const SCHEDULE_TEST = 'gateway/test/domain/retry-schedule.test.ts';

export const NOTIFICATIONS: readonly Mutant[] = [
  {
    name: 'any-200-counts-as-delivered',
    guard: 'a notification is delivered when the answer is the word success',
    file: DELIVER,
    find: ".toLowerCase() === SUCCESS ? null : 'answer_not_success';",
    replace: ".toLowerCase() !== 'fail' ? null : 'answer_not_success';",
    caught_by: { test: { file: DELIVER_TEST, name: 'not delivered' } },
  },
  {
    name: 'success-within-other-words-counts',
    guard: 'an answer that has the word success among others is none',
    file: DELIVER,
    find: '.toLowerCase() === SUCCESS ? null',
    replace: '.toLowerCase().includes(SUCCESS) ? null',
    caught_by: { test: { file: DELIVER_TEST, name: 'not delivered' } },
  },
  {
    name: 'error-page-counts-as-delivered',
    guard: 'an answer outside 2xx is no delivery, whatever it says',
    file: DELIVER,
    find: 'if (status < 200 || status >= 300) return `http_${status}`;',
    replace: 'if (status < 200) return `http_${status}`;',
    caught_by: { test: { file: DELIVER_TEST, name: 'not delivered' } },
  },
  {
    name: 'repeats-end-after-the-first',
    guard: 'a notification that failed is repeated ten times',
    stands_for: 'a notification is never sent again after the first failure',
    file: 'gateway/src/domain/retry-schedule.ts',
    find: 'return NOTIFY_REPEAT_DELAYS_MS[attempts_made - 1] ?? null;',
    replace: 'return attempts_made === 1 ? (NOTIFY_REPEAT_DELAYS_MS[0] ?? null) : null;',
    caught_by: {
      test: {
        file: SCHEDULE_TEST,
        name: 'are attempted at once and repeated after 1m 1m 2m 5m 10m 1h 2h 6h 12h 24h, then no more',
      },
    },
  },
  {
    name: 'last-repeat-left-out',
    guard: 'the schedule of repeats is the documented one',
    file: 'gateway/src/domain/retry-schedule.ts',
    find: '  12 * HOUR_MS,\n  24 * HOUR_MS,',
    replace: '  12 * HOUR_MS,',
    caught_by: {
      test: { file: SCHEDULE_TEST, name: 'have 11 attempts within 45 h 19 m, inside the 48 h of the document' },
    },
  },
  {
    name: 'repeat-with-another-nonce',
    guard: 'every repeat is the very same bytes under one nonce',
    file: JOB,
    find: 'const token = await platform.sign(job.payload);',
    replace:
      'const token = await platform.sign(job.payload.replace(/"nonce_str":"/, `"nonce_str":"${job.attempts_made}`));',
    caught_by: {
      test: {
        file: 'verification/test/peers.test.ts',
        name: '9. a notification that failed is not forgotten, and its repeats are the very same bytes',
      },
    },
  },
  {
    name: 'stale-paid-repeated-after-a-reverse',
    guard: 'a repeat does not say "paid" of an order that was reversed since',
    stands_for: 'a notification is sent with a stale state',
    file: JOB,
    find: 'if (job.attempts_made > 0 && (await isOutdated(gateway, job))) return',
    replace: 'if (job.attempts_made < 0 && (await isOutdated(gateway, job))) return',
    caught_by: {
      test: {
        file: 'verification/test/stale-notification.test.ts',
        name: 'a repeat does not say "paid" of an order that was reversed since',
      },
    },
  },
  {
    name: 'delivered-notification-fails-again',
    guard: 'what was delivered stays so when a second delivery under a lapsed lease fails',
    file: 'gateway/src/storage/notifications.ts',
    find: "state = CASE WHEN i.delivered OR n.state = 'delivered' THEN",
    replace: 'state = CASE WHEN i.delivered THEN',
    caught_by: {
      test: { file: STORE_TEST, name: 'what was delivered stays so when a second delivery under a lapsed lease fails' },
    },
  },
  {
    name: 'given-up-notification-stays-pending',
    guard: 'a notification that was given up is shown as failed',
    stands_for: 'a merchant’s operator learns of a failed notification only from a log',
    file: 'gateway/src/storage/notifications.ts',
    find: "WHEN i.next_at_ms IS NULL THEN 'failed' ELSE",
    replace: "WHEN i.next_at_ms IS NULL AND i.delivered THEN 'failed' ELSE",
    caught_by: {
      test: {
        file: STORE_TEST,
        name: '%s changes attempt, state and job together',
        row: 'the last failure changes attempt',
      },
    },
  },
  {
    name: 'notification-into-a-private-network',
    guard: 'notifications go to public addresses only',
    stands_for: 'notify_url makes the gateway call into the operator’s network',
    file: GUARD,
    find: "return range === 'unicast' ? null : range;",
    replace: "return range === 'unicast' || range === 'private' ? null : range;",
    caught_by: { test: { file: GUARD_TEST, name: 'any IPv4 address of a refused range' } },
  },
  {
    name: 'notification-to-the-cloud-metadata',
    guard: 'link-local addresses, where clouds keep credentials, are refused',
    file: GUARD,
    find: "return range === 'unicast' ? null : range;",
    replace: "return range === 'unicast' || range === 'linkLocal' ? null : range;",
    caught_by: { test: { file: GUARD_TEST, name: 'refused, in the sandbox too' } },
  },
  {
    name: 'notification-through-nat64-inwards',
    guard: 'the IPv4 address inside a NAT64 address is held against the IPv4 rule',
    file: GUARD,
    find: 'return range === null ? null : `nat64_${range}`;',
    replace: "return range === 'loopback' ? `nat64_${range}` : null;",
    caught_by: { test: { file: GUARD_TEST, name: 'refused, in the sandbox too' } },
  },
  {
    name: 'loopback-outside-the-sandbox',
    guard: 'the sandbox alone may notify this machine',
    file: GUARD,
    find: "if (range === 'loopback' && rules.allow_loopback) return null;\n  if (CLOUD",
    replace: "if (range === 'loopback') return null;\n  if (CLOUD",
    caught_by: { test: { file: GUARD_TEST, name: 'loopback, allowed in the sandbox alone' } },
  },
  {
    name: 'name-resolved-a-second-time',
    guard: 'the connection goes to the address that was checked',
    stands_for: 'DNS rebinding leads a notification inwards',
    file: CLIENT,
    find: 'return { ...trust, lookup };',
    replace: 'return trust;',
    caught_by: {
      test: { file: CLIENT_TEST, name: 'changes nothing: the address that was checked is the one connected to' },
    },
  },
  {
    name: 'only-the-first-address-checked',
    guard: 'one refused address refuses the host',
    file: 'gateway/src/notifications/host-resolver.ts',
    find: 'for (const address of addresses) {',
    replace: 'for (const address of addresses.slice(0, 1)) {',
    caught_by: { test: { file: CLIENT_TEST, name: 'refused with blocked_address, nothing being sent' } },
  },
  {
    name: 'address-in-the-url-not-checked',
    guard: 'an address in the URL itself is checked like a resolved one',
    file: CLIENT,
    find: "if (refusedRange(literal, rules) !== null) throw new NoAnswer('not_sent', 'blocked_address');",
    replace: "if (refusedRange(literal, rules) === '') throw new NoAnswer('not_sent', 'blocked_address');",
    caught_by: { test: { file: CLIENT_TEST, name: 'refused with blocked_address, nothing being sent' } },
  },
  {
    name: 'stored-url-not-checked-at-sending',
    guard: 'scheme, user name, host and port are checked whatever way a URL came in',
    file: CLIENT,
    find: 'if (url === null || checkTarget(url) !== null) throw',
    replace: 'if (url === null) throw',
    caught_by: { test: { file: CLIENT_TEST, name: 'refused with blocked_url' } },
  },
  {
    name: 'merchant-holds-up-a-notification',
    guard: 'an attempt takes at most five seconds',
    file: CLIENT,
    find: 'const limit_ms = Math.min(request.timeout_ms, NOTIFY_TIMEOUT_MS);',
    replace: 'const limit_ms = Math.min(request.timeout_ms, 2 * NOTIFY_TIMEOUT_MS);',
    caught_by: { test: { file: CLIENT_TEST, name: 'is never more than five seconds, whatever is asked for' } },
  },
  {
    name: 'endless-answer-to-a-notification-read',
    guard: 'at most 64 KiB of an answer are read',
    file: CLIENT,
    find: 'max_bytes: Math.min(request.max_bytes, NOTIFY_ANSWER_MAX_BYTES)',
    replace: 'max_bytes: request.max_bytes',
    caught_by: { test: { file: CLIENT_TEST, name: 'of 64 KiB is read, a longer one is cut off' } },
  },
  {
    name: 'notify-url-with-a-query',
    guard: 'a notify_url carries no query string',
    file: 'gateway/src/domain/notify-url.ts',
    find: "if (url.includes('?')) return",
    replace: "if (url.includes('??')) return",
    caught_by: { test: { file: 'gateway/test/domain/notify-url.test.ts', name: 'a notify_url must not' } },
  },
  {
    name: 'notify-url-to-a-mail-server',
    guard: 'ports on which other protocols listen are refused',
    file: 'gateway/src/domain/notify-url.ts',
    find: 'REFUSED_PORTS.has(Number(url.port))) return',
    replace: 'REFUSED_PORTS.has(-Number(url.port))) return',
    caught_by: { test: { file: 'gateway/test/domain/notify-url.test.ts', name: 'a notify_url must not' } },
  },
  {
    name: 'one-merchant-takes-every-attempt',
    guard: 'one merchant gets a share of the attempts under way at most',
    file: JOB,
    find: 'while (line.running < MAX_RUNNING_PER_MERCHANT) {',
    replace: 'while (line.running < MAX_RUNNING) {',
    caught_by: {
      test: {
        file: 'gateway/test/jobs/deliver-notifications.test.ts',
        name: 'one merchant whose server hangs gets a quarter of the attempts at most, and holds up nobody else',
      },
    },
  },
  {
    name: 'redirect-counts-as-delivered',
    guard: 'a redirect is no delivery, and is not followed',
    stands_for: 'a redirect leads a notification inwards',
    file: DELIVER,
    find: "if (status >= 300 && status < 400) return 'redirect';\n  if (status < 200 || status >= 300)",
    replace: 'if (status < 200 || status >= 400)',
    caught_by: { test: { file: DELIVER_TEST, name: 'not delivered' } },
  },
];
