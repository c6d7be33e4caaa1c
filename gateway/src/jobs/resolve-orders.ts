import { delayAfter } from '../domain/retry-schedule.ts';
import type { Gateway } from '../operations/gateway.ts';
import { raiseException } from '../operations/raise-exception.ts';
import { resolveOrder } from '../operations/resolve-order.ts';
import type { ClaimedJob } from '../storage/jobs.ts';
import type { JobLoop } from './runner.ts';

/** Longer than two channel calls with their time limits. */
const LEASE_MS = 30_000;

/** How long after its expiry an order may stay undecided before a person is asked to look. */
const OVERDUE_MS = 24 * 3_600_000;

/** Asks about undecided orders and closes the expired ones. */
export const resolveOrders: JobLoop = {
  kind: 'order',
  // Few at a time: questions about orders nobody has paid yet must not take the signatures of new ones.
  max_running: 8,
  async runBatch(gateway, limit, start) {
    const jobs = await gateway.store.jobs.claim('order', gateway.ports.clock.now_ms(), LEASE_MS, limit);
    for (const job of jobs) start(() => run(gateway, job));
    return jobs.length;
  },
};

async function run(gateway: Gateway, job: ClaimedJob): Promise<void> {
  try {
    const order = await gateway.store.orders.byTradeId(job.merchant_id, job.subject_id);
    if (!order || order.state !== 'undecided') {
      await gateway.store.jobs.remove('order', job.merchant_id, job.subject_id);
      return;
    }
    const resolved = await resolveOrder(gateway, order, 'resolver');
    const now_ms = gateway.ports.clock.now_ms();
    if (resolved.state !== 'undecided') return;
    if (resolved.version === order.version) {
      // Nothing was saved (an answer that must not be applied, say): asked about ever more rarely until a person has acted.
      const next_at_ms = now_ms + delayAfter('waiting_for_payer', job.attempt);
      await gateway.store.jobs.move('order', job.merchant_id, job.subject_id, next_at_ms);
    }
    if (now_ms > order.expires_at_ms + OVERDUE_MS) await raiseOverdue(gateway, order);
  } catch (error) {
    // The lease brings it back; the channel account or the database may be mended by then.
    gateway.metrics.jobs_failed.inc({ kind: 'order' });
    gateway.log.error(
      { trade_id: job.subject_id, error: error instanceof Error ? error.message : 'unknown' },
      'order could not be resolved',
    );
  }
}

async function raiseOverdue(gateway: Gateway, order: Parameters<typeof resolveOrder>[1]): Promise<void> {
  await raiseException(gateway, {
    kind: 'order_undecided_too_long',
    dedupe_key: `order_undecided_too_long ${order.trade_id}`,
    merchant_id: order.merchant_id,
    trade_id: order.trade_id,
    channel: order.channel,
    account_id: order.account_id,
    detail: { channel_message: order.channel_message, check_count: order.check_count },
    raw_headers: null,
    raw_body: null,
  });
}
