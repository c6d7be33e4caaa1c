import { nextAttempt } from '../domain/retry-schedule.ts';
import { deliverOnce } from '../notifications/deliver.ts';
import type { Gateway } from '../operations/gateway.ts';
import type { PlatformSigner } from '../operations/sign-answer.ts';
import type { HttpClient } from '../ports.ts';
import type { ClaimedNotification } from '../storage/jobs.ts';
import type { JobLoop, Start } from './runner.ts';

/** Longer than an attempt may take (5 s) and its signature and record under load. */
const LEASE_MS = 30_000;

const MAX_RUNNING = 256;

/** One merchant whose server hangs must not hold up the others: it gets at most this share of the attempts under way. */
const MAX_RUNNING_PER_MERCHANT = 64;

/** A merchant with this many more claimed already is left out of the next claim. */
const LONG_LINE = 64;

/** Attempts of one merchant: under way, and claimed but waiting for their turn. */
interface Line {
  running: number;
  readonly waiting: { readonly job: ClaimedNotification; readonly claimed_at_ms: number }[];
}

/** Delivers notifications: prepare (sign) → send → record, with the next attempt by the documented schedule. */
export function deliverNotifications(http: HttpClient, platform: PlatformSigner): JobLoop {
  const lines = new Map<string, Line>();
  return {
    kind: 'notification',
    max_running: MAX_RUNNING,
    async runBatch(gateway, limit, start) {
      const claimed_at_ms = gateway.ports.clock.now_ms();
      const long = [...lines]
        .filter(([, line]) => line.waiting.length >= LONG_LINE)
        .map(([merchant_id]) => merchant_id);
      const claimed = await gateway.store.jobs.claimNotifications(claimed_at_ms, LEASE_MS, limit, long);
      for (const job of claimed) {
        const line = lines.get(job.merchant_id) ?? { running: 0, waiting: [] };
        lines.set(job.merchant_id, line);
        line.waiting.push({ job, claimed_at_ms });
        advance(gateway, lines, line, start, (next) => deliver(gateway, http, platform, next));
      }
      return claimed.length;
    },
  };
}

/** Starts what may start now; each attempt that ends starts the next of its merchant. */
function advance(
  gateway: Gateway,
  lines: Map<string, Line>,
  line: Line,
  start: Start,
  attempt: (job: ClaimedNotification) => Promise<void>,
): void {
  while (line.running < MAX_RUNNING_PER_MERCHANT) {
    const next = line.waiting.shift();
    if (!next) return;
    if (line.waiting.length === LONG_LINE - 1) gateway.wakeJobs('notification');
    // Half of the lease is kept for the attempt itself: what waited longer comes due again, here or on another node.
    if (gateway.ports.clock.now_ms() - next.claimed_at_ms > LEASE_MS / 2) continue;
    line.running += 1;
    start(async () => {
      await attempt(next.job);
      line.running -= 1;
      advance(gateway, lines, line, start, attempt);
      if (line.running === 0 && line.waiting.length === 0) lines.delete(next.job.merchant_id);
    });
  }
}

async function deliver(
  gateway: Gateway,
  http: HttpClient,
  platform: PlatformSigner,
  job: ClaimedNotification,
): Promise<void> {
  try {
    if (job.attempts_made > 0 && (await isOutdated(gateway, job))) return await giveUp(gateway, job);
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

/**
 * Whether a repeat would say "paid" of an order that has been reversed since the first attempt. Its merchant, who reversed it, knows;
 * the shop's server must not ship the goods after all. What is told of refunds stays true.
 */
async function isOutdated(gateway: Gateway, job: ClaimedNotification): Promise<boolean> {
  const { data } = JSON.parse(job.payload) as { readonly data: Readonly<Record<string, unknown>> };
  if ('refunds' in data) return false;
  const order = await gateway.store.orders.byTradeId(job.merchant_id, job.trade_id);
  return order !== null && order.state !== 'paid';
}

/** No attempt is made any more; the reason says why. */
async function giveUp(gateway: Gateway, job: ClaimedNotification): Promise<void> {
  await gateway.store.notifications.record({
    merchant_id: job.merchant_id,
    notification_id: job.subject_id,
    attempt: job.attempts_made,
    at_ms: gateway.ports.clock.now_ms(),
    delivered: false,
    http_status: null,
    reason: 'outdated',
    answer: null,
    next_at_ms: null,
  });
  gateway.metrics.notifications.inc({ result: 'outdated' });
}

/** Nothing is lost: the lease runs out and the attempt is made again. */
function failed(gateway: Gateway, notification_id: string, error: unknown): void {
  gateway.metrics.jobs_failed.inc({ kind: 'notification' });
  gateway.log.error(
    { notification_id, error: error instanceof Error ? error.message : 'unknown' },
    'notification could not be attempted',
  );
}
