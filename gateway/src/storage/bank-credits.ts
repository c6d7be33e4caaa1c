/** What came to bank accounts. A credit is decided once: every change of its state names the state it comes from. */
import type { BankEntry, CreditState } from '../domain/bank-credit.ts';
import type { Database, Statement } from './database.ts';
import { toJson } from './json.ts';

export interface StoredCredit extends Omit<BankEntry, 'kind' | 'original_reference'> {
  readonly account_id: string;
  readonly heard_by: string;
  readonly heard_at_ms: number;
  readonly state: CreditState;
  readonly reason: string | null;
  readonly exception_id: string | null;
  readonly merchant_id: string | null;
  readonly trade_id: string | null;
  readonly payment_reference: string | null;
  readonly decided_by: string | null;
  readonly surplus_fen: number;
  readonly reversed_by: string | null;
  readonly statement_id: string | null;
  readonly updated_at_ms: number;
}

export interface NewCredit extends BankEntry {
  readonly account_id: string;
  readonly heard_by: 'push' | 'file' | 'statement';
  readonly heard_at_ms: number;
}

const RECORD: Statement = {
  name: 'record_bank_credit',
  text: `
WITH added AS (
  INSERT INTO bank_credits (account_id, reference, number, amount_fen, currency, payer_name, payer_account, payer_bank,
    end_to_end_id, remittance, booked_at_ms, booked_on, heard_by, heard_at_ms, state, updated_at_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'new', $14)
  ON CONFLICT DO NOTHING RETURNING *
)
SELECT a.*, true AS is_new FROM added a
UNION ALL
SELECT c.*, false FROM bank_credits c WHERE c.account_id = $1 AND c.reference = $2 AND NOT EXISTS (SELECT 1 FROM added)`,
};

/** What was too much and is to go back is wanted by the very statement that books the rest. */
const BOOK: Statement = {
  name: 'book_bank_credits',
  text: `
WITH booked AS (
  UPDATE bank_credits SET state = 'paid', merchant_id = $3, trade_id = $4, payment_reference = $5, updated_at_ms = $6
  WHERE account_id = $1 AND reference = ANY ($2::text[]) AND state IN ('new', 'settling')
  RETURNING account_id, reference, surplus_fen, decided_by
), surplus AS (
  INSERT INTO bank_returns (return_no, account_id, reference, whole, amount_fen, state, asked_by, created_at_ms, updated_at_ms, check_at_ms)
  SELECT $7, account_id, reference, false, surplus_fen, 'due', coalesce(decided_by, ''), $6, $6, $6
  FROM booked WHERE surplus_fen > 0
)
SELECT reference FROM booked`,
};

/** The credit, its place in the queue, a word in the order's timeline and the rest of its closed number, together or not at all. */
const HOLD: Statement = {
  name: 'hold_bank_credit',
  text: `
WITH held AS (
  UPDATE bank_credits SET state = 'held', reason = $3, merchant_id = $4, trade_id = $5, exception_id = $6, updated_at_ms = $7
  WHERE account_id = $1 AND reference = $2 AND state = 'new' AND updated_at_ms = $12 RETURNING reference, number
), rested AS (
  UPDATE virtual_accounts v SET free_at_ms = greatest(v.free_at_ms, $11) FROM held h
  WHERE v.account_id = $1 AND v.number = h.number AND v.state = 'closed' AND v.trade_id IS NOT NULL
), raised AS (
  INSERT INTO exceptions (exception_id, kind, dedupe_key, merchant_id, trade_id, channel, account_id, detail, created_at_ms, updated_at_ms)
  SELECT $6, $8, $9, $4, $5, 'bank', $1, $10::jsonb, $7, $7 FROM held ON CONFLICT (dedupe_key) DO NOTHING
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT $4, $5, $7, 'callback', 'credit_held', $10::jsonb FROM held WHERE $5::text IS NOT NULL
)
SELECT reference FROM held`,
};

/** All of them, or none: a credit that is not held any more spoils the whole. */
const SETTLE: Statement = {
  name: 'settle_bank_credits',
  text: `
WITH wanted AS (
  SELECT reference FROM bank_credits WHERE account_id = $1 AND reference = ANY ($2::text[]) AND state = 'held'
  ORDER BY reference FOR UPDATE
), settling AS (
  UPDATE bank_credits c SET state = 'settling', merchant_id = $3, trade_id = $4, payment_reference = $5, decided_by = $6,
    updated_at_ms = $7, surplus_fen = CASE WHEN c.reference = $5 THEN $8::bigint ELSE 0 END
  FROM wanted w WHERE c.account_id = $1 AND c.reference = w.reference
    AND (SELECT count(*) FROM wanted) = cardinality($2::text[])
  RETURNING c.reference
)
SELECT reference FROM settling`,
};

/**
 * One that the bank has taken back meanwhile waits for nobody: there is nothing left to book or to return. The order to which it
 * was sent is the one of its matter in the queue: that which did not take it may be another (assign).
 */
const UNSETTLE: Statement = {
  name: 'unsettle_bank_credits',
  text: `UPDATE bank_credits c SET state = CASE WHEN c.reversed_by IS NULL THEN 'held' ELSE 'reversed' END,
  (merchant_id, trade_id) = (SELECT e.merchant_id, e.trade_id FROM exceptions e WHERE e.exception_id = c.exception_id),
  payment_reference = NULL, decided_by = NULL, surplus_fen = 0, updated_at_ms = $3
WHERE c.account_id = $1 AND c.reference = ANY ($2::text[]) AND c.state = 'settling' AND c.updated_at_ms = $4 RETURNING c.reference`,
};

const BY_REFERENCE: Statement = {
  name: 'bank_credit_by_reference',
  text: 'SELECT * FROM bank_credits WHERE account_id = $1 AND reference = $2',
};

const BY_REFERENCES: Statement = {
  name: 'bank_credits_by_references',
  text: 'SELECT * FROM bank_credits WHERE account_id = $1 AND reference = ANY ($2::text[]) LIMIT 1000',
};

const BY_EXCEPTION: Statement = {
  name: 'bank_credit_by_exception',
  text: 'SELECT * FROM bank_credits WHERE exception_id = $1 LIMIT 1',
};

const OF_ORDER: Statement = {
  name: 'bank_credits_of_order',
  text: 'SELECT * FROM bank_credits WHERE merchant_id = $1 AND trade_id = $2 ORDER BY heard_at_ms, reference LIMIT 100',
};

/** The newest credit of that number and amount that has not been taken back. */
const LIKE_REVERSAL: Statement = {
  name: 'bank_credit_like_reversal',
  text: `SELECT * FROM bank_credits WHERE account_id = $1 AND number = $2 AND amount_fen = $3 AND reversed_by IS NULL
ORDER BY heard_at_ms DESC, reference DESC LIMIT 1`,
};

/**
 * Held or new: nothing can be done with it any more. Otherwise it stays what it is, and is marked; whoever settles it finds it as
 * they left it.
 */
const REVERSE: Statement = {
  name: 'reverse_bank_credit',
  text: `
WITH before AS (
  SELECT account_id, reference, state FROM bank_credits WHERE account_id = $1 AND reference = $2 FOR UPDATE
)
UPDATE bank_credits c SET reversed_by = $3, updated_at_ms = CASE WHEN b.state = 'settling' THEN c.updated_at_ms ELSE $4 END,
  state = CASE WHEN b.state IN ('new', 'held') THEN 'reversed' ELSE b.state END
FROM before b WHERE c.account_id = b.account_id AND c.reference = b.reference AND c.reversed_by IS NULL
RETURNING b.state AS before`,
};

const ADD_REVERSAL: Statement = {
  name: 'add_bank_reversal',
  text: `INSERT INTO bank_reversals (account_id, reference, original_reference, amount_fen, heard_at_ms)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
};

const REVERSAL: Statement = {
  name: 'bank_reversal',
  text: 'SELECT original_reference FROM bank_reversals WHERE account_id = $1 AND reference = $2',
};

const REVERSAL_OF: Statement = {
  name: 'bank_reversal_of',
  text: 'SELECT reference FROM bank_reversals WHERE account_id = $1 AND original_reference = $2 LIMIT 1',
};

/** What a node that died, or a database that was away, left undone. */
const UNFINISHED: Statement = {
  name: 'unfinished_bank_credits',
  text: `SELECT * FROM bank_credits WHERE state IN ('new', 'settling') AND updated_at_ms <= $1 ORDER BY updated_at_ms, reference LIMIT $2`,
};

const MARK: Statement = {
  name: 'mark_bank_credits',
  text: `UPDATE bank_credits SET statement_id = $3 WHERE account_id = $1 AND reference = ANY ($2::text[])`,
};

const UNMARKED: Statement = {
  name: 'unmarked_bank_credits',
  text: `SELECT * FROM bank_credits WHERE account_id = $1 AND booked_on = $2 AND reference > $3 AND statement_id IS NULL
ORDER BY reference LIMIT $4`,
};

/** References that are known to be ours among those of outgoing payments: refunds, and returns by an operator. */
const KNOWN_PAYOUTS: Statement = {
  name: 'known_bank_payouts',
  text: `
SELECT n AS number FROM unnest($1::text[]) AS n
WHERE EXISTS (SELECT 1 FROM refunds r WHERE r.channel_refund_no = n LIMIT 1)
   OR EXISTS (SELECT 1 FROM bank_returns b WHERE b.return_no = n LIMIT 1)`,
};

const REFUND_BY_CHANNEL_NUMBER: Statement = {
  name: 'refund_of_any_merchant',
  text: 'SELECT merchant_id, refund_id FROM refunds WHERE channel_refund_no = $1 LIMIT 2',
};

export interface HoldRequest {
  readonly account_id: string;
  readonly reference: string;
  readonly reason: string;
  readonly merchant_id: string | null;
  readonly trade_id: string | null;
  readonly exception_id: string;
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly now_ms: number;
  /** When the number it came to may serve another order at the earliest, if it is closed. */
  readonly rests_until_ms: number;
  /** When it was last changed, as it was read. */
  readonly as_of_ms: number;
}

export interface SettleRequest {
  readonly account_id: string;
  readonly references: readonly string[];
  readonly merchant_id: string;
  readonly trade_id: string;
  readonly payment_reference: string;
  readonly by: string;
  /** What of the completing credit goes back. */
  readonly surplus_fen: number;
  readonly now_ms: number;
}

export interface BankCreditStore {
  /** Stores a credit, or answers the one of that reference that is there. */
  record(credit: NewCredit): Promise<{ readonly credit: StoredCredit; readonly is_new: boolean }>;
  /** new | settling → paid. Answers how many. */
  book(account_id: string, references: readonly string[], order: BookedOn, now_ms: number): Promise<number>;
  /**
   * new → held, with its exception; money came to the number, which rests anew. Answers false when somebody has changed it since it
   * was read, has paid an order with it, say.
   */
  hold(request: HoldRequest): Promise<boolean>;
  /** held → settling, all or none. */
  settle(request: SettleRequest): Promise<boolean>;
  /**
   * settling → held, or reversed if the bank took it back meanwhile: the order would not take it. One that has been changed since
   * stays as it is: an order may have been paid with it in this very moment.
   * @param as_of_ms when they were last changed, as they were read
   */
  unsettle(account_id: string, references: readonly string[], as_of_ms: number, now_ms: number): Promise<void>;
  byReference(account_id: string, reference: string): Promise<StoredCredit | null>;
  /** At most a thousand. */
  byReferences(account_id: string, references: readonly string[]): Promise<StoredCredit[]>;
  byException(exception_id: string): Promise<StoredCredit | null>;
  ofOrder(merchant_id: string, trade_id: string): Promise<StoredCredit[]>;
  likeReversal(account_id: string, number: string, amount_fen: number): Promise<StoredCredit | null>;
  /** Answers the state it was in; null when it was taken back before. */
  reverse(account_id: string, reference: string, reversed_by: string, now_ms: number): Promise<CreditState | null>;
  /** What a reversal takes back, as found when it was first heard: null, nothing known; undefined, never heard. */
  reversal(account_id: string, reference: string): Promise<string | null | undefined>;
  addReversal(account_id: string, reversal: BankEntry, original: string | null, now_ms: number): Promise<void>;
  reversalOf(account_id: string, reference: string): Promise<string | null>;
  unfinished(before_ms: number, limit: number): Promise<StoredCredit[]>;
  /** Takes note that a statement has them. */
  mark(account_id: string, references: readonly string[], statement_id: string): Promise<void>;
  unmarked(account_id: string, day: string, after: string, limit: number): Promise<StoredCredit[]>;
  knownPayouts(numbers: readonly string[]): Promise<string[]>;
  /** More than one only by a collision of random numbers. */
  refundsByChannelNumber(number: string): Promise<{ merchant_id: string; refund_id: string }[]>;
}

export interface BookedOn {
  readonly merchant_id: string;
  readonly trade_id: string;
  readonly payment_reference: string;
  /** The number under which a surplus goes back, if there is one. */
  readonly return_no: string;
}

type Recorded = StoredCredit & { readonly is_new: boolean };

/** Opens the statements about credits over a database. */
export function createBankCreditStore(database: Database): BankCreditStore {
  const first = async (statement: Statement, values: readonly unknown[]): Promise<StoredCredit | null> =>
    (await database.query<StoredCredit>(statement, values))[0] ?? null;
  return {
    record: (credit) => recordCredit(database, credit),
    async book(account_id, references, { merchant_id, trade_id, payment_reference, return_no }, now_ms) {
      const values = [account_id, references, merchant_id, trade_id, payment_reference, now_ms, return_no];
      return (await database.query(BOOK, values)).length;
    },
    async hold({ account_id, reference, reason, merchant_id, trade_id, exception_id, kind, detail, ...at }) {
      const { now_ms, rests_until_ms, as_of_ms } = at;
      const dedupe_key = `bank_credit ${account_id} ${reference}`;
      const values = [account_id, reference, reason, merchant_id, trade_id, exception_id, now_ms, kind, dedupe_key];
      return (await database.query(HOLD, [...values, toJson(detail), rests_until_ms, as_of_ms])).length === 1;
    },
    async settle({ account_id, references, merchant_id, trade_id, payment_reference, by, surplus_fen, now_ms }) {
      const values = [account_id, references, merchant_id, trade_id, payment_reference, by, now_ms, surplus_fen];
      return (await database.query(SETTLE, values)).length === references.length;
    },
    async unsettle(account_id, references, as_of_ms, now_ms) {
      await database.query(UNSETTLE, [account_id, references, now_ms, as_of_ms]);
    },
    byReference: (account_id, reference) => first(BY_REFERENCE, [account_id, reference]),
    byReferences: (account_id, references) => database.query<StoredCredit>(BY_REFERENCES, [account_id, references]),
    byException: (exception_id) => first(BY_EXCEPTION, [exception_id]),
    ofOrder: (merchant_id, trade_id) => database.query<StoredCredit>(OF_ORDER, [merchant_id, trade_id]),
    ...reversals(database, first),
    unfinished: (before_ms, limit) => database.query<StoredCredit>(UNFINISHED, [before_ms, limit]),
    async mark(account_id, references, statement_id) {
      await database.query(MARK, [account_id, references, statement_id]);
    },
    unmarked: (account_id, day, after, limit) =>
      database.query<StoredCredit>(UNMARKED, [account_id, day, after, limit]),
    async knownPayouts(numbers) {
      return (await database.query<{ number: string }>(KNOWN_PAYOUTS, [numbers])).map((row) => row.number);
    },
    refundsByChannelNumber: (number) => database.query(REFUND_BY_CHANNEL_NUMBER, [number]),
  };
}

function reversals(
  database: Database,
  first: (statement: Statement, values: readonly unknown[]) => Promise<StoredCredit | null>,
): Pick<BankCreditStore, 'likeReversal' | 'reverse' | 'reversal' | 'addReversal' | 'reversalOf'> {
  return {
    likeReversal: (account_id, number, amount_fen) => first(LIKE_REVERSAL, [account_id, number, amount_fen]),
    async reverse(account_id, reference, reversed_by, now_ms) {
      const values = [account_id, reference, reversed_by, now_ms];
      return (await database.query<{ before: CreditState }>(REVERSE, values))[0]?.before ?? null;
    },
    async reversal(account_id, reference) {
      const rows = await database.query<{ original_reference: string | null }>(REVERSAL, [account_id, reference]);
      return rows[0]?.original_reference;
    },
    async addReversal(account_id, { reference, amount_fen }, original, now_ms) {
      await database.query(ADD_REVERSAL, [account_id, reference, original, amount_fen, now_ms]);
    },
    async reversalOf(account_id, reference) {
      return (await database.query<{ reference: string }>(REVERSAL_OF, [account_id, reference]))[0]?.reference ?? null;
    },
  };
}

async function recordCredit(database: Database, credit: NewCredit): Promise<{ credit: StoredCredit; is_new: boolean }> {
  const { account_id, reference, number, amount_fen, currency, payer_name, payer_account, payer_bank } = credit;
  const { end_to_end_id, remittance, booked_at_ms, booked_on, heard_by, heard_at_ms } = credit;
  const values: unknown[] = [
    account_id,
    reference,
    number,
    amount_fen,
    currency,
    payer_name,
    payer_account,
    payer_bank,
  ];
  values.push(end_to_end_id, remittance, booked_at_ms, booked_on, heard_by, heard_at_ms);
  for (;;) {
    const row = (await database.query<Recorded>(RECORD, values))[0];
    // Nothing: the row of another node was committed between our insert and our look, and is seen the next time.
    if (!row) continue;
    const { is_new, ...stored } = row;
    return { credit: stored, is_new };
  }
}
