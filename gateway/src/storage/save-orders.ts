/** Saving an order as it shall be, with everything the change causes, in one statement and only if nobody was faster. */
import type { Order } from '../domain/order.ts';
import type { Database, Statement } from './database.ts';
import { RAISED_COLUMNS, raisedFrom, raisedRow, type NewException } from './exceptions.ts';
import { toJson } from './json.ts';

export interface NewEvent {
  readonly source: string;
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface NewNotification {
  readonly notification_id: string;
  readonly subject: 'payment' | 'refund';
  readonly refund_id: string | null;
  readonly url: string;
  readonly payload: string;
}

/** A refund that Heliu makes on its own, reserved in the statement that records the late payment or the reversal. */
export interface LateRefund {
  readonly refund_id: string;
  readonly refund_fen: number;
  readonly refund_desc: string;
  readonly check_at_ms: number;
}

/** Credits that an order is paid by: still to be decided, or being settled for this very order. */
export interface TakenCredits {
  readonly account_id: string;
  readonly references: readonly string[];
  /** Under which they are being settled; null: the one that there is has not been decided yet. */
  readonly settling_as: string | null;
}

/** An order as it shall be, saved only if nobody changed it since it was read (`order.version`). */
export interface OrderSave {
  readonly order: Order;
  readonly at_ms: number;
  readonly event: NewEvent | null;
  /** `null` leaves the job as it is, `'delete'` ends it, a number moves it there (and makes it if it is gone). */
  readonly job: null | 'delete' | number;
  readonly notification: NewNotification | null;
  readonly late_refund: LateRefund | null;
  /** The order becomes the one success of its preorder; the save fails when another has. */
  readonly takes_preorder?: boolean;
  /** What pays it; the save fails when somebody has decided about one of them meanwhile. */
  readonly takes_credits?: TakenCredits | undefined;
  /** What a person must see of this change. */
  readonly raises?: NewException | null;
}

/** Compare-and-set on version; everything the change causes (event, job, notification, refund) in the same commit. */
const SAVE: Statement = { name: 'save_orders', text: saveText('', '', '') };

/** The same with a matter for a person, which is rare: the usual save need not carry its part. */
const SAVE_RAISING: Statement = { name: 'save_orders_raising', text: saveText('', '', '', 'raises') };

/**
 * The same for an order that becomes the one success of its preorder. The order is locked before the preorder is taken, and is
 * saved only if it was: whichever of two tries commits second finds the preorder taken, and nothing of it is saved.
 */
const TAKING_PREORDER = [
  `), locked AS (
  SELECT o.merchant_id, o.trade_id, o.preorder_id, i.at_ms FROM orders o JOIN input i
    ON o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id AND o.version = i.version FOR UPDATE OF o
), taken AS (
  UPDATE preorders p SET state = 'paid', paid_trade_id = l.trade_id, version = p.version + 1, updated_at_ms = l.at_ms
  FROM locked l
  WHERE p.merchant_id = l.merchant_id AND p.preorder_id = l.preorder_id AND p.state <> 'paid'
  RETURNING p.paid_trade_id
`,
  ' AND o.trade_id IN (SELECT paid_trade_id FROM taken)',
] as const;

/**
 * The same for an order that is paid by bank credits. They are touched: whoever found them waiting before finds them changed, and
 * decides nothing about them.
 */
const TAKING_CREDITS = [
  `), locked AS (
  SELECT o.merchant_id, o.trade_id, i.at_ms, i.credits_account_id, i.credit_references, i.settling_as FROM orders o JOIN input i
    ON o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id AND o.version = i.version FOR NO KEY UPDATE OF o
), wanted AS (
  SELECT c.account_id, c.reference, l.trade_id, l.at_ms, cardinality(l.credit_references) AS count FROM bank_credits c JOIN locked l
    ON c.account_id = l.credits_account_id AND c.reference = ANY (l.credit_references)
  WHERE CASE WHEN l.settling_as IS NULL THEN c.state = 'new'
    ELSE c.state = 'settling' AND c.merchant_id = l.merchant_id AND c.trade_id = l.trade_id AND c.payment_reference = l.settling_as END
  ORDER BY c.reference FOR UPDATE OF c
), taken AS (
  UPDATE bank_credits c SET updated_at_ms = greatest(c.updated_at_ms + 1, w.at_ms) FROM wanted w
  WHERE c.account_id = w.account_id AND c.reference = w.reference AND w.count = (SELECT count(*) FROM wanted)
  RETURNING w.trade_id
`,
  ' AND o.trade_id IN (SELECT trade_id FROM taken)',
] as const;

const CREDIT_COLUMNS = 'credits_account_id text, credit_references text[], settling_as text';

const SAVE_TAKING_CREDITS: Statement = {
  name: 'save_orders_taking_credits',
  text: saveText(...TAKING_CREDITS, CREDIT_COLUMNS),
};

const SAVE_TAKING_CREDITS_RAISING: Statement = {
  name: 'save_orders_taking_credits_raising',
  text: saveText(...TAKING_CREDITS, CREDIT_COLUMNS, 'raises'),
};

const SAVE_TAKING_PREORDER: Statement = {
  name: 'save_orders_taking_preorder',
  text: saveText(...TAKING_PREORDER, ''),
};

const SAVE_TAKING_PREORDER_RAISING: Statement = {
  name: 'save_orders_taking_preorder_raising',
  text: saveText(...TAKING_PREORDER, '', 'raises'),
};

function saveText(before: string, condition: string, columns: string, raises?: 'raises'): string {
  return `
WITH input AS (
  SELECT * FROM json_to_recordset($1::json) AS i(
    merchant_id text, trade_id text, version integer, at_ms bigint, state text, finished boolean, ending text, placement text,
    placing_until_ms bigint, reply jsonb, reply_message text, channel_message text, facts jsonb, late_facts jsonb,
    checked_at_ms bigint, check_count integer, decided_at_ms bigint,
    event_source text, event_kind text, event_detail jsonb, job text, job_at_ms bigint,
    notification_id text, subject text, refund_id text, url text, payload text,
    late_refund_id text, late_refund_fen bigint, late_refund_desc text, late_refund_check_at_ms bigint${columns === '' ? '' : `,\n    ${columns}`}${raises ? `,\n    ${RAISED_COLUMNS}` : ''})
${before}), saved AS (
  UPDATE orders o SET version = o.version + 1, state = i.state, finished = i.finished, ending = i.ending, placement = i.placement,
    placing_until_ms = i.placing_until_ms, reply = i.reply, reply_message = i.reply_message,
    channel_message = i.channel_message, facts = i.facts, late_facts = i.late_facts, checked_at_ms = i.checked_at_ms,
    check_count = i.check_count, decided_at_ms = i.decided_at_ms, updated_at_ms = i.at_ms,
    refund_reserved_fen = o.refund_reserved_fen + coalesce(i.late_refund_fen, 0),
    refund_count = o.refund_count + CASE WHEN i.late_refund_id IS NULL THEN 0 ELSE 1 END
  FROM input i
  WHERE o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id AND o.version = i.version${condition}
  RETURNING o.trade_id
), effective AS (
  SELECT i.* FROM input i WHERE i.trade_id IN (SELECT trade_id FROM saved)
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT merchant_id, trade_id, at_ms, event_source, event_kind, event_detail FROM effective WHERE event_kind IS NOT NULL
), ended_job AS (
  DELETE FROM jobs j USING effective e
  WHERE e.job = 'delete' AND j.kind = 'order' AND j.merchant_id = e.merchant_id AND j.subject_id = e.trade_id
), moved_job AS (
  INSERT INTO jobs AS j (kind, merchant_id, subject_id, run_at_ms)
  SELECT 'order', merchant_id, trade_id, job_at_ms FROM effective WHERE job = 'move'
  ON CONFLICT (kind, merchant_id, subject_id) DO UPDATE SET run_at_ms = excluded.run_at_ms
), new_notification AS (
  INSERT INTO notifications (merchant_id, notification_id, subject, trade_id, refund_id, url, payload, created_at_ms, updated_at_ms)
  SELECT merchant_id, notification_id, subject, trade_id, refund_id, url, payload, at_ms, at_ms
  FROM effective WHERE notification_id IS NOT NULL
), new_refund AS (
  INSERT INTO refunds (merchant_id, refund_id, trade_id, mch_refund_id, refund_fen, refund_desc, notify_url, request_hash,
    created_at_ms, state, channel_refund_no, calling_until_ms, updated_at_ms)
  SELECT merchant_id, late_refund_id, trade_id, NULL, late_refund_fen, late_refund_desc, NULL, '', at_ms, 'undecided',
    late_refund_id, 0, at_ms
  FROM effective WHERE late_refund_id IS NOT NULL
), new_job AS (
  INSERT INTO jobs (kind, merchant_id, subject_id, run_at_ms)
  SELECT 'notification', merchant_id, notification_id, at_ms FROM effective WHERE notification_id IS NOT NULL
  UNION ALL
  SELECT 'refund', merchant_id, late_refund_id, late_refund_check_at_ms FROM effective WHERE late_refund_id IS NOT NULL
${raises ? `), raised AS (${raisedFrom('effective')}\n` : ''})
SELECT trade_id FROM saved`;
}

/** The usual save, an accepted order: nothing but the order and its event. Fewer parts cost the database less. */
const SAVE_LEAN: Statement = {
  name: 'save_orders_lean',
  text: `
WITH input AS (
  SELECT * FROM json_to_recordset($1::json) AS i(
    merchant_id text, trade_id text, version integer, at_ms bigint, state text, finished boolean, ending text, placement text,
    placing_until_ms bigint, reply jsonb, reply_message text, channel_message text, facts jsonb, late_facts jsonb,
    checked_at_ms bigint, check_count integer, decided_at_ms bigint, event_source text, event_kind text, event_detail jsonb)
), saved AS (
  UPDATE orders o SET version = o.version + 1, state = i.state, finished = i.finished, ending = i.ending, placement = i.placement,
    placing_until_ms = i.placing_until_ms, reply = i.reply, reply_message = i.reply_message,
    channel_message = i.channel_message, facts = i.facts, late_facts = i.late_facts, checked_at_ms = i.checked_at_ms,
    check_count = i.check_count, decided_at_ms = i.decided_at_ms, updated_at_ms = i.at_ms
  FROM input i
  WHERE o.merchant_id = i.merchant_id AND o.trade_id = i.trade_id AND o.version = i.version
  RETURNING i.merchant_id, i.trade_id, i.at_ms, i.event_source, i.event_kind, i.event_detail
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT merchant_id, trade_id, at_ms, event_source, event_kind, event_detail FROM saved WHERE event_kind IS NOT NULL
)
SELECT trade_id FROM saved`,
};

/** The statement of a save that does not travel with others. */
export function statementAlone(save: OrderSave): Statement | null {
  if (save.takes_credits && save.takes_preorder) throw new Error('a try of a preorder is no bank transfer');
  if (save.takes_credits) return save.raises ? SAVE_TAKING_CREDITS_RAISING : SAVE_TAKING_CREDITS;
  if (save.takes_preorder) return save.raises ? SAVE_TAKING_PREORDER_RAISING : SAVE_TAKING_PREORDER;
  return save.raises ? SAVE_RAISING : null;
}

function statementFor(saves: readonly OrderSave[]): Statement {
  return saves.every((save) => save.job === null && !save.notification && !save.late_refund) ? SAVE_LEAN : SAVE;
}

/** Saves as many as nobody else changed meanwhile. Answers for each whether it was saved. */
export async function saveRows(
  database: Database,
  saves: readonly OrderSave[],
  statement: Statement = statementFor(saves),
): Promise<boolean[]> {
  const rows = await database.query<{ trade_id: string }>(statement, [toJson(saves.map(saveRow))]);
  const saved = new Set(rows.map((row) => row.trade_id));
  return saves.map((save) => saved.has(save.order.trade_id));
}

function saveRow(save: OrderSave): Record<string, unknown> {
  const { order, at_ms, event, job, notification, late_refund, takes_credits, raises } = save;
  return {
    merchant_id: order.merchant_id,
    trade_id: order.trade_id,
    version: order.version,
    at_ms,
    state: order.state,
    finished: order.finished,
    ending: order.ending,
    placement: order.placement,
    placing_until_ms: order.placing_until_ms,
    reply: order.reply,
    reply_message: order.reply_message,
    channel_message: order.channel_message,
    facts: order.facts,
    late_facts: order.late_facts,
    checked_at_ms: order.checked_at_ms,
    check_count: order.check_count,
    decided_at_ms: order.decided_at_ms,
    ...(event && { event_source: event.source, event_kind: event.kind, event_detail: event.detail }),
    ...(job === 'delete' && { job: 'delete' }),
    ...(typeof job === 'number' && { job: 'move', job_at_ms: job }),
    ...notification,
    ...(late_refund && {
      late_refund_id: late_refund.refund_id,
      late_refund_fen: late_refund.refund_fen,
      late_refund_desc: late_refund.refund_desc,
      late_refund_check_at_ms: late_refund.check_at_ms,
    }),
    ...(takes_credits && {
      credits_account_id: takes_credits.account_id,
      credit_references: takes_credits.references,
      settling_as: takes_credits.settling_as,
    }),
    ...(raises && raisedRow(raises)),
  };
}
