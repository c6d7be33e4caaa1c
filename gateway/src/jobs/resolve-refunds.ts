import { isOpen } from '../domain/refund.ts';
import { delayAfter } from '../domain/retry-schedule.ts';
import type { Gateway } from '../operations/gateway.ts';
import { resolveRefund } from '../operations/resolve-refund.ts';
import type { ClaimedJob } from '../storage/jobs.ts';
import { postpone } from './postpone.ts';
import type { JobLoop } from './runner.ts';

/** Longer than a channel takes to answer twice; one that is slower is asked once more, and what it is sent has a lease of its own. */
const LEASE_MS = 30_000;

/** Asks about undecided refunds, and sends those that the channel never got. */
export const resolveRefunds: JobLoop = {
  kind: 'refund',
  max_running: 16,
  async runBatch(gateway, limit, start) {
    const jobs = await gateway.store.jobs.claim('refund', gateway.ports.clock.now_ms(), LEASE_MS, limit);
    for (const job of jobs) start(() => run(gateway, job));
    return jobs.length;
  },
};

async function run(gateway: Gateway, job: ClaimedJob): Promise<void> {
  try {
    const refund = await gateway.store.refunds.byId(job.merchant_id, job.subject_id);
    const order = refund ? await gateway.store.orders.byTradeId(job.merchant_id, refund.trade_id) : null;
    if (!refund || !order || !isOpen(refund)) {
      await gateway.store.jobs.remove('refund', job.merchant_id, job.subject_id);
      return;
    }
    const now_ms = gateway.ports.clock.now_ms();
    // Questions that would wait for an answer in vain would keep those of all other accounts waiting with them.
    if (refund.calling_until_ms <= now_ms && !gateway.breakers.admits(order.account_id))
      return await postpone(gateway, 'refund', job, gateway.breakers.pauseLeftMs(order.account_id));
    const resolved = await resolveRefund(gateway, order, refund, 'resolver');
    if (resolved.version !== refund.version) return;
    // Nothing new, as while a person must act at the channel: asked about ever more rarely instead of at every lease's end.
    await postpone(gateway, 'refund', job, delayAfter('refund', job.attempt));
  } catch (error) {
    gateway.metrics.jobs_failed.inc({ kind: 'refund' });
    gateway.log.error(
      { refund_id: job.subject_id, error: error instanceof Error ? error.message : 'unknown' },
      'refund could not be resolved',
    );
  }
}
