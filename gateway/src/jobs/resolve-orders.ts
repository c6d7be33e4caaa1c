import type { Order } from '../domain/order.ts';
import { delayAfter } from '../domain/retry-schedule.ts';
import type { Gateway } from '../operations/gateway.ts';
import { aboutOrder, raiseException } from '../operations/raise-exception.ts';
import { lookOnceMore, resolveOrder } from '../operations/resolve-order.ts';
import type { ClaimedJob } from '../storage/jobs.ts';
import { postpone } from './postpone.ts';
import type { JobLoop } from './runner.ts';

/** Longer than a channel takes to answer twice; one that is slower is asked once more, and what it is sent has a lease of its own. */
const LEASE_MS = 30_000;

/** How long after its expiry an order may stay undecided before a person is asked to look. */
const OVERDUE_MS = 24 * 3_600_000;

/** Few at a time: questions about orders nobody has paid yet must not take the signatures of new ones. */
const MAX_RUNNING = 16;

/** A channel account that hangs holds up only questions about its own orders. */
const MAX_RUNNING_PER_ACCOUNT = 8;

/** When a job that found no room comes back. */
const NO_ROOM_MS = 1_000;

/** Asks about undecided orders, ends those that are to end, and closes the expired ones. */
export function resolveOrders(): JobLoop {
  const running = new Map<string, number>();
  return {
    kind: 'order',
    max_running: MAX_RUNNING,
    async runBatch(gateway, limit, start) {
      const jobs = await gateway.store.jobs.claim('order', gateway.ports.clock.now_ms(), LEASE_MS, limit);
      for (const job of jobs) start(() => run(gateway, job, running));
      return jobs.length;
    },
  };
}

async function run(gateway: Gateway, job: ClaimedJob, running: Map<string, number>): Promise<void> {
  try {
    const order = await gateway.store.orders.byTradeId(job.merchant_id, job.subject_id);
    if (!order) return await gateway.store.jobs.remove('order', job.merchant_id, job.subject_id);
    const { account_id } = order;
    const at_account = running.get(account_id) ?? 0;
    if (at_account >= MAX_RUNNING_PER_ACCOUNT) return await postpone(gateway, 'order', job, NO_ROOM_MS);
    if (!gateway.breakers.admits(account_id))
      return await postpone(gateway, 'order', job, gateway.breakers.pauseLeftMs(account_id));
    running.set(account_id, at_account + 1);
    try {
      await resolve(gateway, job, order);
    } finally {
      const left = (running.get(account_id) ?? 1) - 1;
      if (left > 0) running.set(account_id, left);
      else running.delete(account_id);
    }
  } catch (error) {
    // The lease brings it back; the channel account or the database may be mended by then.
    gateway.metrics.jobs_failed.inc({ kind: 'order' });
    gateway.log.error(
      { trade_id: job.subject_id, error: error instanceof Error ? error.message : 'unknown' },
      'order could not be resolved',
    );
  }
}

async function resolve(gateway: Gateway, job: ClaimedJob, order: Order): Promise<void> {
  if (order.state !== 'undecided') {
    if (await lookOnceMore(gateway, order)) return gateway.store.jobs.remove('order', job.merchant_id, job.subject_id);
    return postpone(gateway, 'order', job, delayAfter('waiting_for_payer', job.attempt));
  }
  const resolved = await resolveOrder(gateway, order, 'resolver');
  const now_ms = gateway.ports.clock.now_ms();
  if (resolved.state !== 'undecided') return;
  if (resolved.version === order.version) {
    // Nothing was saved (an answer that must not be applied, say): asked about ever more rarely until a person has acted.
    await postpone(gateway, 'order', job, delayAfter('waiting_for_payer', job.attempt));
  }
  if (now_ms > order.expires_at_ms + OVERDUE_MS) await raiseOverdue(gateway, order);
}

async function raiseOverdue(gateway: Gateway, order: Order): Promise<void> {
  await raiseException(gateway, {
    kind: 'order_undecided_too_long',
    dedupe_key: `order_undecided_too_long ${order.trade_id}`,
    ...aboutOrder(order),
    detail: { channel_message: order.channel_message, check_count: order.check_count },
  });
}
