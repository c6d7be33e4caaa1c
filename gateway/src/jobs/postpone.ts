import type { Gateway } from '../operations/gateway.ts';
import type { ClaimedJob } from '../storage/jobs.ts';

/** Lets a claimed job come back `delay_ms` milliseconds from now, instead of at the end of its lease. */
export async function postpone(
  gateway: Gateway,
  kind: 'order' | 'refund',
  job: ClaimedJob,
  delay_ms: number,
): Promise<void> {
  const next_at_ms = gateway.ports.clock.now_ms() + delay_ms;
  await gateway.store.jobs.move(kind, job.merchant_id, job.subject_id, next_at_ms);
}
