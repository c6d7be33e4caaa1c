/**
 * Lets hours pass in seconds once everything is healed and nobody orders any more, by what the passing of time alone would do:
 * leases of the dead run out, codes expire, and what waits for its time comes due.
 */
import { CHANNEL_TIMEOUT_MS, type World } from './world.ts';
import { TooLate, until } from './until.ts';

/** Longer than any call that is under way: what is still leased then was leased by somebody who is gone. */
export const LEASES_SPENT_MS = CHANNEL_TIMEOUT_MS + 1_000;

/** The longest lease of the gateway (orders being placed, jobs). */
const LEASE_MS = 30_000;

const QUIET_LIMIT_MS = 60_000;

interface Job {
  readonly id: string;
  readonly run_at_ms: number;
}

/** Waits until nothing is left to do. Answers false when it does not come to that; the checks say what is left. */
export async function calm(world: World): Promise<boolean> {
  let aged = false;
  const seen = new Map<string, { readonly run_at_ms: number; readonly since_ms: number }>();
  const began_ms = performance.now();
  try {
    await until('quiet', QUIET_LIMIT_MS, async () => {
      if (!aged && performance.now() - began_ms > LEASES_SPENT_MS) {
        await age(world);
        aged = true;
      }
      await bringForward(world, seen);
      return aged && (await isQuiet(world));
    });
    return true;
  } catch (error) {
    if (error instanceof TooLate) return false;
    throw error;
  }
}

/** An hour and more passes for whatever is undecided. */
async function age(world: World): Promise<void> {
  await world.sql('UPDATE refunds SET calling_until_ms = 0, version = version + 1 WHERE calling_until_ms > 0');
  await world.sql(
    `UPDATE orders SET placing_until_ms = 0, created_at_ms = created_at_ms - 86400000 / 8, checked_at_ms = 0,
       expires_at_ms = least(expires_at_ms, $1::bigint) - 3600000, version = version + 1 WHERE state = 'undecided'`,
    [Date.now()],
  );
}

/**
 * A job that nobody has touched for longer than any call takes is waiting, for its time or for a node that is gone: it comes due. A
 * job further away than any lease is certainly not being run.
 */
async function bringForward(
  world: World,
  seen: Map<string, { readonly run_at_ms: number; readonly since_ms: number }>,
): Promise<void> {
  const jobs = await world.sql<Job>(
    "SELECT kind || ' ' || subject_id AS id, run_at_ms::float8 FROM jobs WHERE run_at_ms > $1",
    [Date.now()],
  );
  const now_ms = performance.now();
  const due = jobs.filter(({ id, run_at_ms }) => {
    const before = seen.get(id);
    if (before?.run_at_ms !== run_at_ms) seen.set(id, { run_at_ms, since_ms: now_ms });
    const is_untouched = before?.run_at_ms === run_at_ms && now_ms - before.since_ms > LEASES_SPENT_MS;
    return is_untouched || run_at_ms > Date.now() + LEASE_MS + 1_000;
  });
  if (due.length === 0) return;
  await world.sql("UPDATE jobs SET run_at_ms = 0 WHERE kind || ' ' || subject_id = ANY ($1)", [
    due.map(({ id }) => id),
  ]);
}

async function isQuiet(world: World): Promise<boolean> {
  const open = await world.sql(
    `(SELECT 1 FROM jobs LIMIT 1) UNION ALL (SELECT 1 FROM orders WHERE state = 'undecided' OR refund_reserved_fen > 0 LIMIT 1)
     UNION ALL (SELECT 1 FROM notifications WHERE state = 'pending' LIMIT 1)`,
  );
  return open.length === 0;
}
