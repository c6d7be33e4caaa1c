import { createBatcher } from './batch.ts';
import type { Database, Statement } from './database.ts';
import { toJson } from './json.ts';

/** What became of one attempt. `next_at_ms` null and not delivered: the last attempt was made. */
export interface AttemptResult {
  readonly merchant_id: string;
  readonly notification_id: string;
  readonly attempt: number;
  readonly at_ms: number;
  readonly delivered: boolean;
  readonly http_status: number | null;
  readonly reason: string | null;
  readonly answer: string | null;
  readonly next_at_ms: number | null;
}

export interface Notification {
  readonly merchant_id: string;
  readonly notification_id: string;
  readonly subject: 'payment' | 'refund';
  readonly trade_id: string;
  readonly refund_id: string | null;
  readonly url: string;
  readonly payload: string;
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly last_reason: string | null;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export interface Attempt {
  readonly notification_id: string;
  readonly attempt: number;
  readonly at_ms: number;
  readonly delivered: boolean;
  readonly http_status: number | null;
  readonly reason: string | null;
  readonly answer: string | null;
}

/** The attempt, the notification's state and its job change in one commit. A repeat of the same attempt (its lease ran out
 *  while it was under way) changes nothing twice. */
const RECORD: Statement = {
  name: 'record_notification_attempts',
  text: `
WITH input AS (
  SELECT * FROM json_to_recordset($1::json) AS i(
    merchant_id text, notification_id text, attempt integer, at_ms bigint, delivered boolean, http_status integer,
    reason text, answer text, next_at_ms bigint)
), new_attempt AS (
  INSERT INTO notification_attempts (merchant_id, notification_id, attempt, at_ms, delivered, http_status, reason, answer)
  SELECT merchant_id, notification_id, attempt, at_ms, delivered, http_status, reason, answer FROM input
  ON CONFLICT DO NOTHING
), changed AS (
  UPDATE notifications n SET attempts = greatest(n.attempts, i.attempt), last_reason = i.reason, updated_at_ms = i.at_ms,
    state = CASE WHEN i.delivered OR n.state = 'delivered' THEN 'delivered' WHEN i.next_at_ms IS NULL THEN 'failed' ELSE 'pending' END
  FROM input i WHERE n.merchant_id = i.merchant_id AND n.notification_id = i.notification_id
), moved AS (
  UPDATE jobs j SET run_at_ms = i.next_at_ms FROM input i
  WHERE i.next_at_ms IS NOT NULL AND NOT i.delivered
    AND j.kind = 'notification' AND j.merchant_id = i.merchant_id AND j.subject_id = i.notification_id
)
DELETE FROM jobs j USING input i
WHERE (i.next_at_ms IS NULL OR i.delivered)
  AND j.kind = 'notification' AND j.merchant_id = i.merchant_id AND j.subject_id = i.notification_id`,
};

const BY_ID: Statement = {
  name: 'notification_by_id',
  text: 'SELECT * FROM notifications WHERE merchant_id = $1 AND notification_id = $2',
};

const OF_ORDER: Statement = {
  name: 'notifications_of_order',
  text: 'SELECT * FROM notifications WHERE merchant_id = $1 AND trade_id = $2 ORDER BY notification_id LIMIT 200',
};

const ATTEMPTS: Statement = {
  name: 'notification_attempts_of',
  text: `SELECT notification_id, attempt, at_ms, delivered, http_status, reason, answer FROM notification_attempts
WHERE merchant_id = $1 AND notification_id = $2 ORDER BY attempt LIMIT 200`,
};

const FAILED: Statement = {
  name: 'failed_notifications',
  text: `SELECT * FROM notifications WHERE merchant_id = $1 AND state = 'failed' AND notification_id > $2
ORDER BY notification_id LIMIT $3`,
};

const LIST: Statement = {
  name: 'list_notifications',
  text: `SELECT * FROM notifications WHERE merchant_id = $1 AND ($2::text IS NULL OR state = $2) AND notification_id < $3
ORDER BY notification_id DESC LIMIT $4`,
};

/** Bounded, over the partial index of failed notifications. */
const COUNT_FAILED: Statement = {
  name: 'count_failed_notifications',
  text: `SELECT count(*)::integer AS failed FROM (SELECT 1 FROM notifications WHERE state = 'failed' LIMIT $1) AS counted`,
};

/** One more attempt at once; the schedule goes on from where it was. */
const REPLAY: Statement = {
  name: 'replay_notification',
  text: `
WITH again AS (
  UPDATE notifications SET state = 'pending', updated_at_ms = $3 WHERE merchant_id = $1 AND notification_id = $2
  RETURNING merchant_id, notification_id
)
INSERT INTO jobs AS j (kind, merchant_id, subject_id, run_at_ms)
SELECT 'notification', merchant_id, notification_id, $3 FROM again
ON CONFLICT (kind, merchant_id, subject_id) DO UPDATE SET run_at_ms = excluded.run_at_ms
RETURNING subject_id`,
};

export interface NotificationStore {
  record(result: AttemptResult): Promise<void>;
  byId(merchant_id: string, notification_id: string): Promise<Notification | null>;
  ofOrder(merchant_id: string, trade_id: string): Promise<Notification[]>;
  attempts(merchant_id: string, notification_id: string): Promise<Attempt[]>;
  failed(merchant_id: string, after_id: string, limit: number): Promise<Notification[]>;
  /** The newest first; `state` null: every one. */
  list(
    merchant_id: string,
    state: Notification['state'] | null,
    before_id: string,
    limit: number,
  ): Promise<Notification[]>;
  /** How many notifications of all merchants have failed for good, counted up to `limit`. */
  countFailed(limit: number): Promise<number>;
  /** Answers false when there is no such notification. */
  replay(merchant_id: string, notification_id: string, now_ms: number): Promise<boolean>;
}

/** Opens the notification statements over a database. */
export function createNotificationStore(database: Database): NotificationStore {
  const records = createBatcher<AttemptResult, void>({
    max_rows: 200,
    max_in_flight: 1,
    keys: (result) => [`${result.merchant_id} ${result.notification_id}`],
    async run(results) {
      await database.query(RECORD, [toJson(results)]);
      return results.map(() => undefined);
    },
  });
  return {
    record: (result) => records.add(result),
    async byId(merchant_id, notification_id) {
      return (await database.query<Notification>(BY_ID, [merchant_id, notification_id]))[0] ?? null;
    },
    ofOrder: (merchant_id, trade_id) => database.query<Notification>(OF_ORDER, [merchant_id, trade_id]),
    attempts: (merchant_id, notification_id) => database.query<Attempt>(ATTEMPTS, [merchant_id, notification_id]),
    failed: (merchant_id, after_id, limit) => database.query<Notification>(FAILED, [merchant_id, after_id, limit]),
    list: (merchant_id, state, before_id, limit) =>
      database.query<Notification>(LIST, [merchant_id, state, before_id, limit]),
    async countFailed(limit) {
      return (await database.query<{ failed: number }>(COUNT_FAILED, [limit]))[0]?.failed ?? 0;
    },
    async replay(merchant_id, notification_id, now_ms) {
      return (await database.query(REPLAY, [merchant_id, notification_id, now_ms])).length === 1;
    },
  };
}
