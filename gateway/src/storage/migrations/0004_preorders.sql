-- A preorder (预下单): one amount, one link, several tries to pay it (domain/preorder.ts).
CREATE TABLE preorders (
  merchant_id text NOT NULL,
  preorder_id text NOT NULL,
  mch_pre_id text NOT NULL,
  total_fen bigint NOT NULL CHECK (total_fen > 0),
  request jsonb NOT NULL,
  request_hash text NOT NULL,
  notify_url text,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  version integer NOT NULL DEFAULT 1,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'paid', 'closed')),
  tries integer NOT NULL DEFAULT 0,
  -- No foreign keys: a try and its preorder change in one statement, whose parts do not see each other's rows.
  current_trade_id text,
  paid_trade_id text,
  updated_at_ms bigint NOT NULL,
  PRIMARY KEY (merchant_id, preorder_id),
  UNIQUE (merchant_id, mch_pre_id),
  CHECK ((state = 'paid') = (paid_trade_id IS NOT NULL))
);

ALTER TABLE orders ADD COLUMN preorder_id text;
-- Who is paying, as far as the payment page knows: a digest of wallet and payer, or of the browser.
ALTER TABLE orders ADD COLUMN payer_key text;
CREATE INDEX orders_of_preorder ON orders (merchant_id, preorder_id) WHERE preorder_id IS NOT NULL;
-- Of one preorder no two tries are undecided at once, and no two are paid.
CREATE UNIQUE INDEX preorder_undecided_once ON orders (merchant_id, preorder_id)
  WHERE preorder_id IS NOT NULL AND state = 'undecided';
CREATE UNIQUE INDEX preorder_paid_once ON orders (merchant_id, preorder_id)
  WHERE preorder_id IS NOT NULL AND state = 'paid';

-- A payer who came back from their wallet's authorization page (网页授权). state_nonce is spent by its first code.
CREATE TABLE payer_authorizations (
  merchant_id text NOT NULL,
  -- The preorder or the order whose link the payer opened.
  subject_id text NOT NULL,
  state_nonce text NOT NULL,
  browser_hash text NOT NULL,
  wallet text NOT NULL CHECK (wallet IN ('wechat', 'alipay')),
  account_id text NOT NULL,
  code_hash text NOT NULL,
  -- Null until the channel has said who it is.
  payer_fields jsonb,
  created_at_ms bigint NOT NULL,
  PRIMARY KEY (merchant_id, subject_id, state_nonce)
);
