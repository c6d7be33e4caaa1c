/** The payment page: links, who is paying, and what a browser may run. */
import type { Mutant } from '../mutant.ts';

const SECURITY = 'verification/test/cashier-security.test.ts';
const AUTHORIZE = 'gateway/src/operations/authorize-payer.ts';
const DOCUMENT = 'gateway/src/http/cashier/document.ts';
const ANSWER = { test: { file: SECURITY, name: 'the answer' } };

export const PAYMENT_PAGE: readonly Mutant[] = [
  {
    name: 'goods-run-as-script',
    guard: 'a merchant’s texts are shown as text, whatever they are',
    file: DOCUMENT,
    find: 'return text.replaceAll(/[&<>"\']/g, ',
    replace: 'return text.replaceAll(/[&"\']/g, ',
    caught_by: { test: { file: SECURITY, name: 'shows goods as text, whatever they are' } },
  },
  {
    name: 'page-runs-any-script',
    guard: 'one script by its hash, and nothing else, runs on the page',
    file: DOCUMENT,
    find: '`script-src ${SCRIPT_HASH}`,',
    replace: "`script-src ${SCRIPT_HASH} 'unsafe-inline' https:`,",
    caught_by: ANSWER,
  },
  {
    name: 'page-framed-by-others',
    guard: 'no other site frames the page',
    file: DOCUMENT,
    find: '"frame-ancestors \'none\'",',
    replace: '"frame-ancestors *",',
    caught_by: ANSWER,
  },
  {
    name: 'cookie-read-by-scripts',
    guard: 'the browser’s cookie is for no script and no other site',
    file: 'gateway/src/http/cashier/visitor.ts',
    find: '; HttpOnly; SameSite=Lax',
    replace: '; SameSite=Lax',
    caught_by: {
      test: { file: SECURITY, name: 'gives the browser a cookie that no script and no other site can use' },
    },
  },
  {
    name: 'form-of-another-site-taken',
    guard: 'another site’s form begins nothing',
    file: 'gateway/src/http/cashier/cashier.ts',
    find: "request.headers['sec-fetch-site'] === 'cross-site';",
    replace: "request.headers['sec-fetch-site'] === 'none of them';",
    caught_by: { test: { file: SECURITY, name: 'a form of another site' } },
  },
  {
    name: 'link-hammered-without-end',
    guard: 'one link may ask so much of us in a second',
    file: 'gateway/src/http/cashier/cashier.ts',
    find: 'if (limits[kind].take(link.pay_order_id, RATES[kind]) > 0) {',
    replace: 'if (limits[kind].take(link.pay_order_id, 100 * RATES[kind]) > 0) {',
    caught_by: { test: { file: SECURITY, name: 'is told to wait, and others are not' } },
  },
  {
    name: 'link-made-up',
    guard: 'a link carries a keyed digest of what it names',
    file: 'gateway/src/operations/payment-links.ts',
    find: 'return links.find((link) => timingSafeEqual(Buffer.from(link.pay_order_id), given)) ?? null;',
    replace: 'return links.find((link) => link.pay_order_id.slice(0, 40) === given.toString().slice(0, 40)) ?? null;',
    caught_by: {
      test: {
        file: SECURITY,
        name: 'that was never given out looks like one that was made up, whatever is wrong with it',
      },
    },
  },
  {
    name: 'link-of-an-order-opens-a-preorder',
    guard: 'the kind of a link is part of its digest',
    file: 'gateway/src/operations/payment-links.ts',
    find: 'keyedDigest(gateway.link_key, `link ${kind}`, merchant_id, subject_id)',
    replace: "keyedDigest(gateway.link_key, 'link', merchant_id, subject_id)",
    caught_by: {
      test: {
        file: 'verification/test/preorders.test.ts',
        name: 'answers a link and an undecided order that is placed when its payer confirms',
      },
    },
  },
  {
    name: 'authorization-of-another-browser',
    guard: 'a state is bound to the browser that began',
    file: AUTHORIZE,
    find: 'const texts = [link.pay_order_id, wallet, account_id, browser_hash, nonce, end];',
    replace: 'const texts = [link.pay_order_id, wallet, account_id, browser_hash.slice(0, 0), nonce, end];',
    caught_by: {
      test: { file: SECURITY, name: 'believes no state of another browser, another link or another wallet' },
    },
  },
  {
    name: 'authorization-state-lives-for-ever',
    guard: 'a state lives ten minutes',
    file: AUTHORIZE,
    find: 'if (!sent || now_ms / 1000 > Number.parseInt(end, 16)) return',
    replace: 'if (!sent) return',
    caught_by: {
      test: {
        file: 'gateway/test/operations/authorize-payer.test.ts',
        name: 'that was kept for longer brings nobody in',
      },
    },
  },
  {
    name: 'authorization-state-spent-twice',
    guard: 'a state is spent by the first code that comes with it',
    file: AUTHORIZE,
    find: 'if (!(await gateway.store.payer_authorizations.spend(spent))) return secondVisit(gateway, spent);',
    replace: 'await gateway.store.payer_authorizations.spend(spent);',
    caught_by: { test: { file: SECURITY, name: 'spends a state with the first code' } },
  },
  {
    name: 'next-try-placed-before-the-last-has-ended',
    guard: 'nothing is placed while it is not certain that the try before has ended',
    stands_for: 'one purchase is paid through both wallets',
    file: 'gateway/src/operations/pay-preorder.ts',
    find: "return (await closeAtChannel(gateway, wanted, 'close')).order.state !== 'undecided';",
    replace: "return (await closeAtChannel(gateway, wanted, 'close')).order.state !== 'paid';",
    caught_by: {
      test: {
        file: 'verification/test/preorders.test.ts',
        name: 'places nothing while it is not certain that the one before has ended',
      },
    },
  },
  {
    name: 'preorder-closed-while-a-try-is-open',
    guard: 'a preorder is not closed while a try may still be paid',
    file: 'gateway/src/storage/preorders.ts',
    find: "WHERE o.merchant_id = $1 AND o.preorder_id = $2 AND o.state = 'undecided')\nRETURNING",
    replace:
      "WHERE o.merchant_id = $1 AND o.preorder_id = $2 AND o.state = 'undecided' AND o.trade_id = '')\nRETURNING",
    caught_by: {
      test: {
        file: 'gateway/test/storage/preorders.test.ts',
        name: 'is not closed while a try is undecided, nor by somebody who has read an older version',
      },
    },
  },
  {
    name: 'two-tries-begun-at-once',
    guard: 'a try is begun by compare-and-set on the preorder',
    file: 'gateway/src/storage/preorders.ts',
    find: "AND p.version = i.version AND p.state = 'open'\n",
    replace: "AND p.state = 'open'\n",
    caught_by: {
      test: {
        file: 'gateway/test/storage/preorders.test.ts',
        name: 'begins one try at a time, however many nodes want one',
      },
    },
  },
  {
    name: 'tries-without-end',
    guard: 'one preorder takes fifty tries',
    file: 'gateway/src/domain/preorder.ts',
    find: 'if (preorder.tries >= MAX_TRIES) return',
    replace: 'if (preorder.tries < 0) return',
    caught_by: { test: { file: 'gateway/test/domain/preorder.test.ts', name: 'the next step for a payer' } },
  },
  {
    name: 'payer-known-for-ever',
    guard: 'a payer is known in a browser for a day',
    file: AUTHORIZE,
    find: 'if (!known?.payer_fields || gateway.ports.clock.now_ms() - known.created_at_ms > KNOWN_FOR_MS) return null;',
    replace: 'if (!known?.payer_fields) return null;',
    caught_by: {
      test: {
        file: 'gateway/test/operations/authorize-payer.test.ts',
        name: 'is known in a browser for a day, and then asked anew',
      },
    },
  },
];
