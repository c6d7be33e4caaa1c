/** The statements about orders, refunds and jobs (gateway/src/storage). */
import type { Mutant } from '../mutant.ts';

const ORDERS = 'gateway/src/storage/orders.ts';
const SAVE = 'gateway/src/storage/save-orders.ts';
const ORDERS_TEST = 'gateway/test/storage/orders.test.ts';
const JOBS = 'gateway/src/storage/jobs.ts';
const JOBS_TEST = 'gateway/test/storage/jobs.test.ts';

export const ORDER_STORAGE: readonly Mutant[] = [
  {
    name: 'order-saved-over-a-newer-version',
    guard: 'compare-and-set: a save names the version that it has seen',
    stands_for: 'two answers at the same moment overwrite each other',
    file: SAVE,
    find: 'WHERE o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id AND o.version = i.version${condition}',
    replace: 'WHERE o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id${condition}',
    caught_by: { test: { file: ORDERS_TEST, name: 'is refused when the order has changed since it was read' } },
  },
  {
    name: 'accepted-order-saved-over-a-newer-version',
    guard: 'compare-and-set of the save that an accepted order takes',
    file: SAVE,
    find: 'AND o.version = i.version\n  RETURNING i.merchant_id',
    replace: '\n  RETURNING i.merchant_id',
    caught_by: { test: { file: ORDERS_TEST, name: 'of saves of one reading, on one node or several, one succeeds' } },
  },
  {
    name: 'refused-save-leaves-its-notification',
    guard: 'a notification is written only with the change that it tells of',
    file: SAVE,
    find: 'SELECT i.* FROM input i WHERE i.trade_id IN (SELECT trade_id FROM saved)',
    replace: 'SELECT i.* FROM input i',
    caught_by: {
      test: { file: ORDERS_TEST, name: 'a refused save leaves no event, notification, refund or job behind' },
    },
  },
  {
    name: 'notification-without-a-job',
    guard: 'the job that delivers a notification is committed with the payment',
    stands_for: 'a notification is lost because the process dies after the commit',
    file: SAVE,
    find: "SELECT 'notification', merchant_id, notification_id, at_ms FROM effective WHERE notification_id IS NOT NULL\n  UNION ALL",
    replace:
      "SELECT 'notification', merchant_id, notification_id, at_ms FROM effective WHERE notification_id IS NULL AND job = 'none'\n  UNION ALL",
    caught_by: {
      test: {
        file: 'verification/test/peers.test.ts',
        name: '8. a payment is not committed without its notification and the job that delivers it',
      },
    },
  },
  {
    name: 'automatic-refund-without-a-job',
    guard: 'the job that makes an automatic refund is committed with the late payment',
    file: SAVE,
    find: "SELECT 'refund', merchant_id, late_refund_id, late_refund_check_at_ms FROM effective WHERE late_refund_id IS NOT NULL",
    replace:
      "SELECT 'refund', merchant_id, late_refund_id, late_refund_check_at_ms FROM effective WHERE late_refund_id IS NULL AND job = 'none'",
    caught_by: { test: { file: ORDERS_TEST, name: 'writes what it causes in the same commit' } },
  },
  {
    name: 'automatic-refund-not-reserved',
    guard: 'the amount of an automatic refund is reserved on its order',
    file: SAVE,
    find: 'refund_reserved_fen = o.refund_reserved_fen + coalesce(i.late_refund_fen, 0),',
    replace: 'refund_reserved_fen = o.refund_reserved_fen + 0 * coalesce(i.late_refund_fen, 0),',
    caught_by: { test: { file: ORDERS_TEST, name: 'writes what it causes in the same commit' } },
  },
  {
    name: 'order-without-a-job',
    guard: 'the first question about an order is committed with the order',
    stands_for: 'an order stays undecided for ever because its node died',
    file: ORDERS,
    find: "SELECT 'order', n.merchant_id, n.trade_id, i.first_check_at_ms FROM new_order n JOIN input i ON i.trade_id = n.trade_id",
    replace:
      "SELECT 'order', n.merchant_id, n.trade_id, i.first_check_at_ms FROM new_order n JOIN input i ON i.trade_id = n.merchant_id",
    caught_by: {
      test: { file: ORDERS_TEST, name: 'writes nonce, order, first event and job, and reads back what it was given' },
    },
  },
  {
    name: 'nonce-of-an-order-spent-twice',
    guard: 'a nonce is spent by the statement that stores the order',
    stands_for: 'a request is sent again by somebody who saw it',
    file: ORDERS,
    find: 'SELECT i.* FROM input i WHERE i.nonce_str IS NULL OR (coalesce(i.signer_id, i.merchant_id), i.nonce_str) IN (SELECT merchant_id, nonce_str FROM new_nonce)',
    replace: 'SELECT i.* FROM input i',
    caught_by: { test: { file: ORDERS_TEST, name: 'tells a repeated nonce from a repeated number, row by row' } },
  },
  {
    name: 'nonce-of-a-query-spent-twice',
    guard: 'a nonce is spent by the statement that answers the query',
    file: ORDERS,
    find: '(i.signer_id, i.nonce_str) IN (SELECT merchant_id, nonce_str FROM new_nonce) AS nonce_new',
    replace: 'true AS nonce_new',
    caught_by: { test: { file: ORDERS_TEST, name: 'reads the order and takes the nonce, once' } },
  },
  {
    name: 'nonce-spent-once-for-each-merchant',
    guard: 'a nonce is spent under the merchant whose key signed',
    stands_for: 'a request that a platform signed is sent again at another of its tenants',
    file: ORDERS,
    find: 'SELECT coalesce(signer_id, merchant_id), nonce_str FROM input WHERE nonce_str IS NOT NULL',
    replace: 'SELECT merchant_id, nonce_str FROM input WHERE nonce_str IS NOT NULL',
    caught_by: {
      test: {
        file: 'verification/test/merchant-tree.test.ts',
        name: 'is not reached by a request that its platform signed for another tenant, or for itself',
      },
    },
  },
  {
    name: 'order-of-another-merchant-read',
    guard: 'every query of the merchant API has the merchant from the signed call',
    stands_for: 'one merchant reads another’s orders by their number',
    file: ORDERS,
    find: 'FROM input i LEFT JOIN orders o ON o.merchant_id = i.merchant_id AND o.mch_trade_id = i.mch_trade_id',
    replace: 'FROM input i LEFT JOIN orders o ON o.mch_trade_id = i.mch_trade_id',
    caught_by: {
      test: {
        file: 'verification/test/merchant-tree.test.ts',
        name: 'sees its own orders only, and its platform does not see them under its own number',
      },
    },
  },
  {
    name: 'order-of-another-merchant-saved',
    guard: 'a save changes an order of its own merchant only',
    file: SAVE,
    find: 'WHERE o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id AND o.version = i.version${condition}',
    replace: 'WHERE o.trade_id = i.trade_id AND o.version = i.version${condition}',
    caught_by: {
      test: { file: ORDERS_TEST, name: 'an order of another merchant is not touched, whatever its number' },
    },
  },
  {
    name: 'preorder-taken-twice',
    guard: 'the first success takes the preorder in the statement that makes its order paid',
    file: SAVE,
    find: "AND p.preorder_id = l.preorder_id AND p.state <> 'paid'",
    replace: 'AND p.preorder_id = l.preorder_id',
    caught_by: { test: { file: 'gateway/test/storage/preorders.test.ts', name: 'success' } },
  },
  {
    name: 'job-claimed-without-a-lock',
    guard: 'row locks: a job is claimed by one node',
    file: JOBS,
    find: 'ORDER BY run_at_ms, merchant_id, subject_id LIMIT $4 FOR UPDATE SKIP LOCKED',
    replace: 'ORDER BY run_at_ms, merchant_id, subject_id LIMIT $4',
    caught_by: {
      test: { file: JOBS_TEST, name: 'does not wait for a job that another node is claiming at this moment' },
    },
  },
  {
    name: 'job-waited-for',
    guard: 'SKIP LOCKED: a node does not wait for what another is claiming',
    file: JOBS,
    find: 'ORDER BY run_at_ms, merchant_id, subject_id LIMIT $4 FOR UPDATE SKIP LOCKED',
    replace: 'ORDER BY run_at_ms, merchant_id, subject_id LIMIT $4 FOR UPDATE',
    caught_by: {
      test: { file: JOBS_TEST, name: 'does not wait for a job that another node is claiming at this moment' },
    },
  },
  {
    name: 'job-claimed-without-a-lease',
    guard: 'a claimed job comes due again only when its lease has run out',
    file: JOBS,
    find: 'UPDATE jobs j SET run_at_ms = $2::bigint + $3::bigint, attempt = j.attempt + 1\nFROM',
    replace: 'UPDATE jobs j SET run_at_ms = $2::bigint + 0 * $3::bigint, attempt = j.attempt + 1\nFROM',
    caught_by: {
      test: {
        file: JOBS_TEST,
        name: 'leaves a claimed job alone until its lease has run out, then hands it out again',
      },
    },
  },
  {
    name: 'notification-claimed-without-a-lease',
    guard: 'a notification that is being sent is not claimed by another node',
    file: JOBS,
    find: 'run_at_ms = $1::bigint + $2::bigint',
    replace: 'run_at_ms = $1::bigint + 0 * $2::bigint',
    caught_by: {
      test: { file: JOBS_TEST, name: 'a notification comes with what its delivery needs, under its lease' },
    },
  },
];
