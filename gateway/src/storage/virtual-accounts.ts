/** Account numbers that belong to one order at a time: one row a number, taken and given back by single statements. */
import type { Database, Statement } from './database.ts';
import { sqlState, UNIQUE_VIOLATION } from './database.ts';
import { toJson } from './json.ts';

export interface VirtualAccount {
  readonly account_id: string;
  readonly number: string;
  readonly pool: string | null;
  readonly serial: number | null;
  readonly state: 'open' | 'closed';
  readonly merchant_id: string | null;
  readonly trade_id: string | null;
  readonly opened_at_ms: number;
  readonly closed_at_ms: number;
  /** Closed: when it has rested enough. 0: nobody ever had it. */
  readonly free_at_ms: number;
}

/** An order as the owner of a number. */
export interface Owner {
  readonly account_id: string;
  readonly merchant_id: string;
  readonly trade_id: string;
}

/**
 * An order that has a number keeps it; another gets the one that has rested longest, never-used ones first. SKIP LOCKED: who
 * meets a number that is just being taken takes the next one.
 */
const TAKE: Statement = {
  name: 'take_virtual_account',
  text: `
WITH mine AS (
  SELECT number FROM virtual_accounts
  WHERE merchant_id = $2 AND trade_id = $3 AND account_id = $1 AND state = 'open' LIMIT 1
), pick AS (
  SELECT account_id, number FROM virtual_accounts
  WHERE account_id = $1 AND pool = $4 AND state = 'closed' AND free_at_ms <= $5 AND serial BETWEEN $8 AND $9 AND NOT EXISTS (SELECT 1 FROM mine)
  ORDER BY free_at_ms, serial LIMIT 1 FOR UPDATE SKIP LOCKED
), taken AS (
  UPDATE virtual_accounts v SET state = 'open', merchant_id = $2, trade_id = $3, opened_at_ms = $6, check_at_ms = $7
  FROM pick p WHERE v.account_id = p.account_id AND v.number = p.number RETURNING v.number
)
SELECT number FROM mine UNION ALL SELECT number FROM taken`,
};

/** A number that the bank gave: taken unless another order has it, or it rests. */
const ADOPT: Statement = {
  name: 'adopt_virtual_account',
  text: `
INSERT INTO virtual_accounts AS v (account_id, number, state, merchant_id, trade_id, opened_at_ms, check_at_ms)
VALUES ($1, $4, 'open', $2, $3, $5, $6)
ON CONFLICT (account_id, number) DO UPDATE SET state = 'open', merchant_id = $2, trade_id = $3,
  opened_at_ms = CASE WHEN v.state = 'open' THEN v.opened_at_ms ELSE $5 END, check_at_ms = $6
WHERE (v.state = 'open' AND v.merchant_id = $2 AND v.trade_id = $3) OR (v.state = 'closed' AND v.free_at_ms <= $5)
RETURNING number`,
};

/** Gives an order's number back, with a word in its timeline. */
const CLOSE: Statement = {
  name: 'close_virtual_account',
  text: `
WITH closed AS (
  UPDATE virtual_accounts SET state = 'closed', closed_at_ms = $4, free_at_ms = $5
  WHERE merchant_id = $2 AND trade_id = $3 AND account_id = $1 AND state = 'open' RETURNING number
), new_event AS (
  INSERT INTO order_events (merchant_id, trade_id, at_ms, source, kind, detail)
  SELECT $2, $3, $4, $6, $7, json_build_object('fund_acc', number, 'free_at_ms', $5::bigint) FROM closed
)
SELECT number FROM closed`,
};

const BY_NUMBER: Statement = {
  name: 'virtual_account_by_number',
  text: 'SELECT * FROM virtual_accounts WHERE account_id = $1 AND number = $2',
};

const LAST_SERIAL: Statement = {
  name: 'last_virtual_account',
  text: `SELECT serial FROM virtual_accounts WHERE account_id = $1 AND pool = $2 AND serial <= $3 ORDER BY serial DESC LIMIT 1`,
};

const ADD: Statement = {
  name: 'add_virtual_accounts',
  text: `
INSERT INTO virtual_accounts (account_id, number, pool, serial, state)
SELECT $1, number, $2, serial, 'closed' FROM json_to_recordset($3::json) AS i(number text, serial bigint)
ON CONFLICT DO NOTHING`,
};

/** Bounded: "this many, or more" is what a person needs to know. */
const COUNT_FREE: Statement = {
  name: 'count_free_virtual_accounts',
  text: `SELECT count(*)::integer AS free FROM (
  SELECT 1 FROM virtual_accounts WHERE account_id = $1 AND pool = $2 AND state = 'closed' AND free_at_ms <= $3 LIMIT $4) AS counted`,
};

const CLAIM_DUE: Statement = {
  name: 'claim_due_virtual_accounts',
  text: `
WITH due AS (
  SELECT account_id, number FROM virtual_accounts
  WHERE state = 'open' AND check_at_ms <= $1 ORDER BY check_at_ms LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE virtual_accounts v SET check_at_ms = $2 FROM due d
WHERE v.account_id = d.account_id AND v.number = d.number RETURNING v.*`,
};

const CHECK_AGAIN: Statement = {
  name: 'check_virtual_account_again',
  text: `UPDATE virtual_accounts SET check_at_ms = $3 WHERE account_id = $1 AND number = $2 AND state = 'open'`,
};

const LIST: Statement = {
  name: 'list_virtual_accounts',
  text: `SELECT * FROM virtual_accounts WHERE account_id = $1 AND number > $2 ORDER BY number LIMIT $3`,
};

const MAX_TRIES = 5;

export interface TakeRequest extends Owner {
  readonly pool: string;
  /** The range as it is assigned today: numbers stored under a wider one are left alone. */
  readonly first: number;
  readonly last: number;
  /** Numbers that have rested until then may be taken; 0: never-used ones alone. */
  readonly rested_until_ms: number;
  readonly now_ms: number;
  readonly check_at_ms: number;
}

export interface VirtualAccountStore {
  /** Takes a number for an order, or answers the one it has; null when none is free. */
  take(request: TakeRequest): Promise<string | null>;
  /** Answers false when another order has the number, or it rests. */
  adopt(owner: Owner, number: string, now_ms: number, check_at_ms: number): Promise<boolean>;
  /** Answers the number that was closed; null when the order had none open. */
  close(
    owner: Owner,
    at: { readonly now_ms: number; readonly free_at_ms: number },
    event: { readonly source: string; readonly kind: string },
  ): Promise<string | null>;
  byNumber(account_id: string, number: string): Promise<VirtualAccount | null>;
  /** The highest serial of a pool that is stored, up to `last`; null when none is. */
  lastSerial(account_id: string, pool: string, last: number): Promise<number | null>;
  add(account_id: string, pool: string, numbers: readonly { number: string; serial: number }[]): Promise<void>;
  /** Counted up to `limit`. */
  countFree(account_id: string, pool: string, now_ms: number, limit: number): Promise<number>;
  claimDue(now_ms: number, next_ms: number, limit: number): Promise<VirtualAccount[]>;
  checkAgain(account_id: string, number: string, check_at_ms: number): Promise<void>;
  list(account_id: string, after: string, limit: number): Promise<VirtualAccount[]>;
}

/** Opens the statements about numbers over a database. */
export function createVirtualAccountStore(database: Database): VirtualAccountStore {
  return {
    async take(request) {
      const { account_id, merchant_id, trade_id, pool, rested_until_ms, now_ms, check_at_ms, first, last } = request;
      const values = [account_id, merchant_id, trade_id, pool, rested_until_ms, now_ms, check_at_ms, first, last];
      for (let tries = 1; ; tries += 1) {
        try {
          return (await database.query<{ number: string }>(TAKE, values))[0]?.number ?? null;
        } catch (error) {
          // virtual_accounts_of_order: the same order on another node took one at the same moment, which is found now.
          if (tries < MAX_TRIES && sqlState(error) === UNIQUE_VIOLATION) continue;
          throw error;
        }
      }
    },
    async adopt({ account_id, merchant_id, trade_id }, number, now_ms, check_at_ms) {
      const values = [account_id, merchant_id, trade_id, number, now_ms, check_at_ms];
      return (await database.query(ADOPT, values)).length === 1;
    },
    async close({ account_id, merchant_id, trade_id }, { now_ms, free_at_ms }, { source, kind }) {
      const values = [account_id, merchant_id, trade_id, now_ms, free_at_ms, source, kind];
      return (await database.query<{ number: string }>(CLOSE, values))[0]?.number ?? null;
    },
    async byNumber(account_id, number) {
      return (await database.query<VirtualAccount>(BY_NUMBER, [account_id, number]))[0] ?? null;
    },
    async lastSerial(account_id, pool, last) {
      return (await database.query<{ serial: number }>(LAST_SERIAL, [account_id, pool, last]))[0]?.serial ?? null;
    },
    async add(account_id, pool, numbers) {
      await database.query(ADD, [account_id, pool, toJson(numbers)]);
    },
    async countFree(account_id, pool, now_ms, limit) {
      return (await database.query<{ free: number }>(COUNT_FREE, [account_id, pool, now_ms, limit]))[0]?.free ?? 0;
    },
    claimDue: (now_ms, next_ms, limit) => database.query<VirtualAccount>(CLAIM_DUE, [now_ms, next_ms, limit]),
    async checkAgain(account_id, number, check_at_ms) {
      await database.query(CHECK_AGAIN, [account_id, number, check_at_ms]);
    },
    list: (account_id, after, limit) => database.query<VirtualAccount>(LIST, [account_id, after, limit]),
  };
}
