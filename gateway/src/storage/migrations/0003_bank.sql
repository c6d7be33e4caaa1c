-- Bank transfers: numbers that belong to one order at a time, what came to them, and what goes back.

-- One row a number, so that it can have one owner. Free: closed, and free_at_ms has passed; until then it is in quarantine,
-- because its last payer's money may still be on its way. Never given to anybody: free_at_ms 0.
CREATE TABLE virtual_accounts (
  account_id text NOT NULL,
  number text NOT NULL CHECK (number ~ '^[0-9]{1,34}$'),
  -- Which pool it comes from and its place there; null: the bank gave it for one order.
  pool text,
  serial bigint,
  state text NOT NULL CHECK (state IN ('open', 'closed')),
  merchant_id text,
  trade_id text,
  opened_at_ms bigint NOT NULL DEFAULT 0,
  closed_at_ms bigint NOT NULL DEFAULT 0,
  free_at_ms bigint NOT NULL DEFAULT 0,
  -- When an open number is looked at next: does its order still need it?
  check_at_ms bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, number),
  CHECK (state = 'closed' OR trade_id IS NOT NULL)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX virtual_accounts_serial ON virtual_accounts (account_id, pool, serial);
CREATE UNIQUE INDEX virtual_accounts_of_order ON virtual_accounts (merchant_id, trade_id) WHERE state = 'open';
CREATE INDEX virtual_accounts_free ON virtual_accounts (account_id, pool, free_at_ms, serial) WHERE state = 'closed';
CREATE INDEX virtual_accounts_due ON virtual_accounts (check_at_ms) WHERE state = 'open';

CREATE TABLE bank_credits (
  account_id text NOT NULL,
  reference text NOT NULL,
  number text,
  amount_fen bigint NOT NULL CHECK (amount_fen > 0),
  currency text NOT NULL,
  payer_name text,
  payer_account text,
  payer_bank text,
  end_to_end_id text,
  remittance text,
  booked_at_ms bigint,
  booked_on text,
  -- How we heard of it first: push, file, statement.
  heard_by text NOT NULL,
  heard_at_ms bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('new', 'paid', 'held', 'settling', 'returning', 'returned', 'reversed')),
  reason text,
  exception_id text,
  -- The order it is booked on, or was meant for.
  merchant_id text,
  trade_id text,
  -- The payment it is part of: its own reference, or that of the credit that completed the sum.
  payment_reference text,
  decided_by text,
  -- What was too much of an accepted credit and goes back.
  surplus_fen bigint NOT NULL DEFAULT 0,
  reversed_by text,
  -- The statement that has it.
  statement_id text,
  updated_at_ms bigint NOT NULL,
  PRIMARY KEY (account_id, reference)
) WITH (fillfactor = 80);
CREATE INDEX bank_credits_unfinished ON bank_credits (updated_at_ms) WHERE state IN ('new', 'settling');
CREATE INDEX bank_credits_of_order ON bank_credits (merchant_id, trade_id) WHERE trade_id IS NOT NULL;
CREATE INDEX bank_credits_of_exception ON bank_credits (exception_id) WHERE exception_id IS NOT NULL;
CREATE INDEX bank_credits_of_number ON bank_credits (account_id, number, amount_fen, heard_at_ms);
CREATE INDEX bank_credits_of_day ON bank_credits (account_id, booked_on, reference) WHERE statement_id IS NULL;

-- Credits that the bank took back, each with the one it meant, found once. Kept apart: a reversal may be heard before its credit.
CREATE TABLE bank_reversals (
  account_id text NOT NULL,
  reference text NOT NULL,
  original_reference text,
  amount_fen bigint NOT NULL,
  heard_at_ms bigint NOT NULL,
  PRIMARY KEY (account_id, reference)
);
CREATE INDEX bank_reversals_of ON bank_reversals (account_id, original_reference);

-- Money that goes back to a payer by an operator's word: a whole credit, or what was too much of one.
CREATE TABLE bank_returns (
  return_no text PRIMARY KEY,
  account_id text NOT NULL,
  reference text NOT NULL,
  whole boolean NOT NULL,
  amount_fen bigint NOT NULL CHECK (amount_fen > 0),
  state text NOT NULL CHECK (state IN ('due', 'processing', 'succeeded', 'failed')),
  channel_transfer_id text,
  message text NOT NULL DEFAULT '',
  asked_by text NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  check_at_ms bigint NOT NULL,
  check_count integer NOT NULL DEFAULT 0
);
-- Of one credit only one return can be under way or done.
CREATE UNIQUE INDEX bank_returns_once ON bank_returns (account_id, reference, whole) WHERE state <> 'failed';
CREATE INDEX bank_returns_due ON bank_returns (check_at_ms) WHERE state IN ('due', 'processing');

-- Files that were read, by their content: one that is dropped again changes nothing.
CREATE TABLE bank_files (
  account_id text NOT NULL,
  sha256 text NOT NULL,
  name text NOT NULL,
  state text NOT NULL CHECK (state IN ('done', 'failed')),
  message_id text,
  entries integer NOT NULL,
  message text NOT NULL,
  at_ms bigint NOT NULL,
  PRIMARY KEY (account_id, sha256)
);

-- A payment of ours that comes back (退汇) names the refund, not its merchant.
CREATE INDEX refunds_by_channel_number ON refunds (channel_refund_no);
