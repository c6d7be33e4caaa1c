/** Money that goes back to a payer by an operator's word. */
import type { Database, Statement } from './database.ts';

export interface BankReturn {
  readonly return_no: string;
  readonly account_id: string;
  readonly reference: string;
  /** The whole credit; false: what was too much of it. */
  readonly whole: boolean;
  readonly amount_fen: number;
  readonly state: 'due' | 'processing' | 'succeeded' | 'failed';
  readonly channel_transfer_id: string | null;
  readonly message: string;
  readonly asked_by: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
  readonly check_at_ms: number;
  readonly check_count: number;
}

export type NewReturn = Pick<
  BankReturn,
  'return_no' | 'account_id' | 'reference' | 'amount_fen' | 'asked_by' | 'created_at_ms'
>;

/** held → returning and the order to pay it back, in one: a credit can go back once. */
const RETURN_CREDIT: Statement = {
  name: 'return_bank_credit',
  text: `
WITH taken AS (
  UPDATE bank_credits SET state = 'returning', decided_by = $5, updated_at_ms = $6
  WHERE account_id = $2 AND reference = $3 AND state = 'held' RETURNING merchant_id, trade_id
), new_return AS (
  INSERT INTO bank_returns (return_no, account_id, reference, whole, amount_fen, state, asked_by, created_at_ms, updated_at_ms, check_at_ms)
  SELECT $1, $2, $3, true, $4, 'due', $5, $6, $6, $6 FROM taken
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT merchant_id, trade_id, $6, 'operator', 'credit_returning',
    json_build_object('reference', $3::text, 'amount_fen', $4::bigint, 'by', $5::text)
  FROM taken WHERE trade_id IS NOT NULL
)
SELECT 1 AS done FROM taken`,
};

/**
 * Answers each as it was, but from now on it counts as sent: a node that dies in the middle leaves one that is asked about first.
 */
const CLAIM: Statement = {
  name: 'claim_bank_returns',
  text: `
WITH due AS (
  SELECT * FROM bank_returns WHERE state IN ('due', 'processing') AND check_at_ms <= $1
  ORDER BY check_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE bank_returns b SET state = 'processing', check_at_ms = $2 FROM due d WHERE b.return_no = d.return_no RETURNING d.*`,
};

const WAIT: Statement = {
  name: 'wait_for_bank_return',
  text: `UPDATE bank_returns SET state = 'processing', channel_transfer_id = coalesce($2, channel_transfer_id), message = $3,
  check_count = check_count + 1, check_at_ms = $4, updated_at_ms = $5
WHERE return_no = $1 AND state IN ('due', 'processing')`,
};

/**
 * The end of a return, of its credit if it was the whole, and a word in the order's timeline. A credit that did not go back waits
 * again, unless the bank has taken it back meanwhile: then there is nothing left to return.
 */
const END: Statement = {
  name: 'end_bank_return',
  text: `
WITH ended AS (
  UPDATE bank_returns SET state = $2, message = $3, updated_at_ms = $4
  WHERE return_no = $1 AND state IN ('due', 'processing') AND ($5::bigint IS NULL OR check_at_ms = $5)
  RETURNING account_id, reference, whole, amount_fen
), credit AS (
  UPDATE bank_credits c SET updated_at_ms = $4,
    state = CASE WHEN $2 = 'succeeded' THEN 'returned' WHEN c.reversed_by IS NULL THEN 'held' ELSE 'reversed' END
  FROM ended e WHERE e.whole AND c.account_id = e.account_id AND c.reference = e.reference AND c.state = 'returning'
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT c.merchant_id, c.trade_id, $4, 'resolver', CASE $2 WHEN 'succeeded' THEN 'credit_returned' ELSE 'credit_not_returned' END,
    json_build_object('reference', c.reference, 'amount_fen', e.amount_fen, 'message', $3::text)
  FROM ended e JOIN bank_credits c ON c.account_id = e.account_id AND c.reference = e.reference WHERE c.trade_id IS NOT NULL
)
SELECT reference FROM ended`,
};

const BY_NUMBER: Statement = {
  name: 'bank_return_by_number',
  text: 'SELECT * FROM bank_returns WHERE return_no = $1',
};

export interface BankReturnStore {
  /** Answers false when the credit is not held any more. */
  returnCredit(request: NewReturn): Promise<boolean>;
  /** Each as it was: `due` for one that nobody has ever tried to send. */
  claim(now_ms: number, lease_until_ms: number, limit: number): Promise<BankReturn[]>;
  wait(
    return_no: string,
    report: { readonly channel_transfer_id: string | null; readonly message: string },
    check_at_ms: number,
    now_ms: number,
  ): Promise<void>;
  /**
   * Answers false when it had ended before, or has been claimed by somebody else since.
   * @param lease_until_ms of the claim under which this was found out; null: whoever has claimed it, it is so
   */
  end(
    return_no: string,
    state: 'succeeded' | 'failed',
    message: string,
    now_ms: number,
    lease_until_ms: number | null,
  ): Promise<boolean>;
  byNumber(return_no: string): Promise<BankReturn | null>;
}

/** Opens the statements about returns over a database. */
export function createBankReturnStore(database: Database): BankReturnStore {
  return {
    async returnCredit({ return_no, account_id, reference, amount_fen, asked_by, created_at_ms }) {
      const values = [return_no, account_id, reference, amount_fen, asked_by, created_at_ms];
      return (await database.query(RETURN_CREDIT, values)).length === 1;
    },
    claim: (now_ms, lease_until_ms, limit) => database.query<BankReturn>(CLAIM, [now_ms, lease_until_ms, limit]),
    async wait(return_no, { channel_transfer_id, message }, check_at_ms, now_ms) {
      await database.query(WAIT, [return_no, channel_transfer_id, message, check_at_ms, now_ms]);
    },
    async end(return_no, state, message, now_ms, lease_until_ms) {
      return (await database.query(END, [return_no, state, message, now_ms, lease_until_ms])).length === 1;
    },
    async byNumber(return_no) {
      return (await database.query<BankReturn>(BY_NUMBER, [return_no]))[0] ?? null;
    },
  };
}
