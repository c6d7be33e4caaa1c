/** The merchants' SDK, and the sandbox's controls. */
import type { Mutant } from '../mutant.ts';

const SDK = 'sdk/typescript/src';
const SDK_NOTIFICATIONS = 'sdk/typescript/test/notifications.test.ts';
const REFUSED = {
  test: { file: SDK_NOTIFICATIONS, name: 'that is %s is refused, and told', row: 'is refused, and told' },
};
const ACCESS = 'simulators/src/control/access.ts';
const ACCESS_TEST = 'simulators/test/control/access.test.ts';

export const CLIENTS: readonly Mutant[] = [
  {
    name: 'sdk-notification-believed-unverified',
    guard: 'the SDK believes what the platform has signed, and nothing else',
    stands_for: 'somebody else tells a shop "paid"',
    file: `${SDK}/json-web-token.ts`,
    find: 'if (!(await subtle.verify(ALGORITHM, await key(), bytes, signed))) {',
    replace: "if (!(await subtle.verify(ALGORITHM, await key(), bytes, signed)) && token === '') {",
    caught_by: REFUSED,
  },
  {
    name: 'sdk-amount-not-compared',
    guard: 'the SDK compares the amount with the shop’s own books',
    file: `${SDK}/handle-notification.ts`,
    find: 'if (expected !== told) throw',
    replace: 'if (told < 0) throw',
    caught_by: REFUSED,
  },
  {
    name: 'sdk-unpaid-order-shipped',
    guard: 'the SDK acts upon an order that is paid',
    file: `${SDK}/handle-notification.ts`,
    find: "if (outcomeOf(order) !== 'paid') throw",
    replace: 'if (outcomeOf(order) === undefined) throw',
    caught_by: REFUSED,
  },
  {
    name: 'sdk-notification-acted-upon-twice',
    guard: 'a notification that comes again is not acted upon',
    file: `${SDK}/handle-notification.ts`,
    find: 'if (await seen.has(nonce_str)) return;',
    replace: 'await seen.has(nonce_str);',
    caught_by: { test: { file: SDK_NOTIFICATIONS, name: 'that comes again is answered success and not acted upon' } },
  },
  {
    name: 'sandbox-controls-for-any-page',
    guard: 'a web page in the developer’s browser does not reach the sandbox’s controls',
    file: ACCESS,
    find: "if (request.method !== 'GET' && (foreign || crossSite)) {",
    replace: "if (request.method !== 'GET' && foreign && request.method === '') {",
    caught_by: {
      test: { file: ACCESS_TEST, name: 'a POST from a page of another origin is refused and does nothing' },
    },
  },
];
