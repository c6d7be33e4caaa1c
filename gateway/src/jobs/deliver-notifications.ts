import { nextAttempt } from '../domain/retry-schedule.ts';
import { deliverOnce } from '../notifications/deliver.ts';
import type { Gateway } from '../operations/gateway.ts';
import type { PlatformSigner } from '../operations/sign-answer.ts';
import type { HttpClient } from '../ports.ts';
import type { ClaimedNotification } from '../storage/jobs.ts';
import type { JobLoop } from './runner.ts';

/** Longer than an attempt may take (5 s) and its signature and record under load. */
const LEASE_MS = 30_000;

/** One merchant whose server hangs must not hold up the others: it gets at most this share of the attempts under way. */
const MAX_RUNNING = 128;
const MAX_RUNNING_PER_MERCHANT = 64;
const STEP_BACK_MS = 1_000;

/** Delivers notifications: prepare (sign) → send → record, with the next attempt by the documented schedule. */
export function deliverNotifications(http: HttpClient, platform: PlatformSigner): JobLoop {
  const running = new Map<string, number>();
  return {
    kind: 'notification',
    max_running: MAX_RUNNING,
    async runBatch(gateway, limit, started) {
      const claimed = await gateway.store.jobs.claimNotifications(gateway.ports.clock.now_ms(), LEASE_MS, limit);
      for (const notification of claimed) {
        const busy = running.get(notification.merchant_id) ?? 0;
        if (busy >= MAX_RUNNING_PER_MERCHANT) started(stepBack(gateway, notification));
        else {
          running.set(notification.merchant_id, busy + 1);
          started(
            deliver(gateway, http, platform, notification).finally(() => leave(running, notification.merchant_id)),
          );
        }
      }
      return claimed.length;
    },
  };
}

function leave(running: Map<string, number>, merchant_id: string): void {
  const left = (running.get(merchant_id) ?? 1) - 1;
  if (left > 0) running.set(merchant_id, left);
  else running.delete(merchant_id);
}

async function stepBack(gateway: Gateway, { merchant_id, subject_id }: ClaimedNotification): Promise<void> {
  try {
    await gateway.store.jobs.move('notification', merchant_id, subject_id, gateway.ports.clock.now_ms() + STEP_BACK_MS);
  } catch (error) {
    failed(gateway, subject_id, error);
  }
}

async function deliver(
  gateway: Gateway,
  http: HttpClient,
  platform: PlatformSigner,
  job: ClaimedNotification,
): Promise<void> {
  try {
    const token = await platform.sign(job.payload);
    const result = await deliverOnce({ http, clock: gateway.ports.clock }, { url: job.url, token });
    const attempt = job.attempts_made + 1;
    const at_ms = gateway.ports.clock.now_ms();
    const delay_ms = result.delivered ? null : nextAttempt(attempt);
    await gateway.store.notifications.record({
      merchant_id: job.merchant_id,
      notification_id: job.subject_id,
      attempt,
      at_ms,
      delivered: result.delivered,
      http_status: result.status ?? null,
      reason: result.delivered ? null : result.reason,
      answer: result.delivered ? null : (result.answer ?? null),
      next_at_ms: delay_ms === null ? null : at_ms + delay_ms,
    });
    gateway.metrics.notifications.inc({ result: result.delivered ? 'delivered' : result.reason });
  } catch (error) {
    failed(gateway, job.subject_id, error);
  }
}

/** Nothing is lost: the lease runs out and the attempt is made again. */
function failed(gateway: Gateway, notification_id: string, error: unknown): void {
  gateway.metrics.jobs_failed.inc({ kind: 'notification' });
  gateway.log.error(
    { notification_id, error: error instanceof Error ? error.message : 'unknown' },
    'notification could not be attempted',
  );
}
