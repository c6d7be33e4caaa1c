import type { Database, Statement } from './database.ts';

export interface ClaimedJob {
  readonly merchant_id: string;
  readonly subject_id: string;
  /** How often it has been claimed, this time included. */
  readonly attempt: number;
}

export interface ClaimedNotification extends ClaimedJob {
  readonly url: string;
  readonly payload: string;
  readonly attempts_made: number;
  readonly trade_id: string;
}

/**
 * A claim moves run_at_ms to the end of a lease. SKIP LOCKED lets any number of nodes claim side by side without waiting;
 * a node that dies leaves a job that comes due again by itself. Rows leave in the order in which they came due; of those due at
 * one moment, in the order of their numbers.
 */
const CLAIM: Statement = {
  name: 'claim_jobs',
  text: `
WITH due AS (
  SELECT kind, merchant_id, subject_id FROM jobs
  WHERE kind = $1 AND run_at_ms <= $2 ORDER BY run_at_ms, merchant_id, subject_id LIMIT $4 FOR UPDATE SKIP LOCKED
)
UPDATE jobs j SET run_at_ms = $2::bigint + $3::bigint, attempt = j.attempt + 1
FROM due d WHERE j.kind = d.kind AND j.merchant_id = d.merchant_id AND j.subject_id = d.subject_id
RETURNING j.merchant_id, j.subject_id, j.attempt`,
};

const CLAIM_NOTIFICATIONS: Statement = {
  name: 'claim_notifications',
  text: `
WITH due AS (
  SELECT kind, merchant_id, subject_id FROM jobs
  WHERE kind = 'notification' AND run_at_ms <= $1 AND merchant_id <> ALL ($4::text[]) ORDER BY run_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE jobs j SET run_at_ms = $1::bigint + $2::bigint, attempt = j.attempt + 1
  FROM due d WHERE j.kind = d.kind AND j.merchant_id = d.merchant_id AND j.subject_id = d.subject_id
  RETURNING j.merchant_id, j.subject_id, j.attempt
)
SELECT c.merchant_id, c.subject_id, c.attempt, n.url, n.payload, n.attempts AS attempts_made, n.trade_id
FROM claimed c JOIN notifications n ON n.merchant_id = c.merchant_id AND n.notification_id = c.subject_id
ORDER BY c.subject_id`,
};

const MOVE: Statement = {
  name: 'move_job',
  text: 'UPDATE jobs SET run_at_ms = $4 WHERE kind = $1 AND merchant_id = $2 AND subject_id = $3',
};

const REMOVE: Statement = {
  name: 'remove_job',
  text: 'DELETE FROM jobs WHERE kind = $1 AND merchant_id = $2 AND subject_id = $3',
};

const OLDEST_DUE: Statement = {
  name: 'oldest_due_jobs',
  text: `
SELECT k.kind, (SELECT min(run_at_ms) FROM jobs j WHERE j.kind = k.kind) AS run_at_ms
FROM (VALUES ('order'), ('refund'), ('notification')) AS k(kind)`,
};

/** Bounded: "this many, or more" is what a person needs to know. */
const COUNT_DUE: Statement = {
  name: 'count_due_jobs',
  text: 'SELECT count(*)::integer AS due FROM (SELECT 1 FROM jobs WHERE kind = $1 AND run_at_ms <= $2 LIMIT $3) AS counted',
};

export type JobKind = 'order' | 'refund' | 'notification';

export interface JobStore {
  claim(kind: 'order' | 'refund', now_ms: number, lease_ms: number, limit: number): Promise<ClaimedJob[]>;
  /** `except`: merchants that have enough claimed already. */
  claimNotifications(
    now_ms: number,
    lease_ms: number,
    limit: number,
    except?: readonly string[],
  ): Promise<ClaimedNotification[]>;
  move(kind: JobKind, merchant_id: string, subject_id: string, run_at_ms: number): Promise<void>;
  remove(kind: JobKind, merchant_id: string, subject_id: string): Promise<void>;
  /** How many jobs of a kind are due, counted up to `limit`. */
  countDue(kind: JobKind, now_ms: number, limit: number): Promise<number>;
  /** When the earliest job of each kind is due; null where there is none. */
  earliest(): Promise<{ kind: JobKind; run_at_ms: number | null }[]>;
}

/** Opens the job statements over a database. */
export function createJobStore(database: Database): JobStore {
  return {
    claim: (kind, now_ms, lease_ms, limit) => database.query<ClaimedJob>(CLAIM, [kind, now_ms, lease_ms, limit]),
    claimNotifications: (now_ms, lease_ms, limit, except = []) =>
      database.query<ClaimedNotification>(CLAIM_NOTIFICATIONS, [now_ms, lease_ms, limit, except]),
    async move(kind, merchant_id, subject_id, run_at_ms) {
      await database.query(MOVE, [kind, merchant_id, subject_id, run_at_ms]);
    },
    async remove(kind, merchant_id, subject_id) {
      await database.query(REMOVE, [kind, merchant_id, subject_id]);
    },
    async countDue(kind, now_ms, limit) {
      return (await database.query<{ due: number }>(COUNT_DUE, [kind, now_ms, limit]))[0]?.due ?? 0;
    },
    earliest: () => database.query(OLDEST_DUE, []),
  };
}
