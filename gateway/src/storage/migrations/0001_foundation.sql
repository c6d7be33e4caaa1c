-- Every merchant-owned table's keys start with merchant_id, so that the schema distributes by it as it stands.
-- Times are milliseconds since the Unix epoch and enter as parameters: the database never reads its own clock.

-- One row whose version rises with every change of configuration. Its row lock puts those changes in one order, so that
-- a node that has read version N has seen everything up to N.
CREATE TABLE config_state (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  version bigint NOT NULL DEFAULT 0
);
INSERT INTO config_state DEFAULT VALUES;

CREATE TABLE platform_keys (
  key_id text PRIMARY KEY,
  public_key text NOT NULL,
  private_key_sealed bytea NOT NULL,
  active boolean NOT NULL,
  created_at_ms bigint NOT NULL,
  config_version bigint NOT NULL
);
CREATE INDEX platform_keys_changed ON platform_keys (config_version);

CREATE TABLE merchants (
  merchant_id text PRIMARY KEY CHECK (merchant_id ~ '^[0-9]{16}$'),
  name text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'suspended')),
  public_key text,
  nonce_policy text NOT NULL CHECK (nonce_policy IN ('required', 'if_present')),
  late_payment text NOT NULL CHECK (late_payment IN ('refund', 'accept')),
  allow_short_key boolean NOT NULL DEFAULT false,
  platform_merchant_id text NOT NULL,
  level_code text NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  config_version bigint NOT NULL
);
CREATE INDEX merchants_changed ON merchants (config_version);

CREATE TABLE channel_accounts (
  account_id text PRIMARY KEY,
  channel text NOT NULL,
  name text NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'suspended')),
  settings jsonb NOT NULL,
  secrets_sealed bytea NOT NULL,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  config_version bigint NOT NULL
);
CREATE INDEX channel_accounts_changed ON channel_accounts (config_version);

CREATE TABLE routes (
  merchant_id text NOT NULL REFERENCES merchants,
  pay_type text NOT NULL,
  account_id text NOT NULL REFERENCES channel_accounts,
  priority integer NOT NULL DEFAULT 1 CHECK (priority BETWEEN 1 AND 1000),
  merchant_params jsonb NOT NULL,
  enabled boolean NOT NULL DEFAULT true,
  config_version bigint NOT NULL,
  PRIMARY KEY (merchant_id, pay_type, account_id)
);
CREATE INDEX routes_changed ON routes (config_version);
CREATE INDEX routes_account ON routes (account_id);

CREATE TABLE nonces (
  merchant_id text NOT NULL,
  nonce_str text NOT NULL,
  PRIMARY KEY (merchant_id, nonce_str)
);

CREATE TABLE orders (
  merchant_id text NOT NULL,
  trade_id text NOT NULL,
  mch_trade_id text NOT NULL,
  pay_type text NOT NULL,
  initial_trade_state smallint NOT NULL,
  channel text NOT NULL,
  account_id text NOT NULL,
  merchant_params jsonb NOT NULL,
  total_fen bigint NOT NULL CHECK (total_fen > 0),
  request jsonb NOT NULL,
  request_hash text NOT NULL,
  notify_url text,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint NOT NULL,
  version integer NOT NULL DEFAULT 1,
  state text NOT NULL CHECK (state IN ('undecided', 'paid', 'closed', 'reversed', 'failed')),
  finished boolean NOT NULL DEFAULT false,
  placement text NOT NULL CHECK (placement IN ('calling', 'never', 'unknown', 'accepted')),
  placing_until_ms bigint NOT NULL,
  reply jsonb,
  reply_message text NOT NULL DEFAULT '',
  channel_message text NOT NULL DEFAULT '',
  facts jsonb,
  late_facts jsonb,
  refunded_fen bigint NOT NULL DEFAULT 0,
  refund_reserved_fen bigint NOT NULL DEFAULT 0,
  refund_count integer NOT NULL DEFAULT 0,
  checked_at_ms bigint NOT NULL DEFAULT 0,
  check_count integer NOT NULL DEFAULT 0,
  decided_at_ms bigint,
  updated_at_ms bigint NOT NULL,
  PRIMARY KEY (merchant_id, trade_id),
  UNIQUE (merchant_id, mch_trade_id),
  CONSTRAINT refunds_never_exceed_payment
    CHECK (refunded_fen >= 0 AND refund_reserved_fen >= 0 AND refunded_fen + refund_reserved_fen <= total_fen)
) WITH (fillfactor = 50);

-- Append-only: what was asked, answered and decided, by whom.
CREATE TABLE order_events (
  merchant_id text NOT NULL,
  trade_id text NOT NULL,
  event_no bigint GENERATED ALWAYS AS IDENTITY,
  at_ms bigint NOT NULL,
  source text NOT NULL,
  kind text NOT NULL,
  detail jsonb NOT NULL,
  PRIMARY KEY (merchant_id, trade_id, event_no)
);

CREATE TABLE refunds (
  merchant_id text NOT NULL,
  refund_id text NOT NULL,
  trade_id text NOT NULL,
  mch_refund_id text,
  refund_fen bigint NOT NULL CHECK (refund_fen > 0),
  refund_desc text NOT NULL,
  notify_url text,
  request_hash text NOT NULL,
  created_at_ms bigint NOT NULL,
  version integer NOT NULL DEFAULT 1,
  state text NOT NULL CHECK (state IN ('undecided', 'processing', 'succeeded', 'refused', 'closed', 'abnormal')),
  channel_refund_no text NOT NULL,
  channel_refund_id text,
  channel_message text NOT NULL DEFAULT '',
  calling_until_ms bigint NOT NULL,
  check_count integer NOT NULL DEFAULT 0,
  decided_at_ms bigint,
  updated_at_ms bigint NOT NULL,
  PRIMARY KEY (merchant_id, refund_id),
  UNIQUE (merchant_id, mch_refund_id),
  FOREIGN KEY (merchant_id, trade_id) REFERENCES orders
);
CREATE INDEX refunds_of_order ON refunds (merchant_id, trade_id, refund_id);
CREATE UNIQUE INDEX refunds_channel_number ON refunds (merchant_id, channel_refund_no);

CREATE TABLE notifications (
  merchant_id text NOT NULL,
  notification_id text NOT NULL,
  subject text NOT NULL CHECK (subject IN ('payment', 'refund')),
  trade_id text NOT NULL,
  refund_id text,
  url text NOT NULL,
  -- Text, not jsonb: a repeat carries the very same bytes.
  payload text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  last_reason text,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL,
  PRIMARY KEY (merchant_id, notification_id)
) WITH (fillfactor = 80);
CREATE INDEX notifications_of_order ON notifications (merchant_id, trade_id);
CREATE INDEX notifications_undelivered ON notifications (merchant_id, notification_id) WHERE state = 'failed';

CREATE TABLE notification_attempts (
  merchant_id text NOT NULL,
  notification_id text NOT NULL,
  attempt integer NOT NULL,
  at_ms bigint NOT NULL,
  delivered boolean NOT NULL,
  http_status integer,
  reason text,
  answer text,
  PRIMARY KEY (merchant_id, notification_id, attempt)
);

-- Work to be done later. A job is claimed by moving run_at_ms past the end of a lease: a node that dies loses nothing,
-- the job simply comes due again.
CREATE TABLE jobs (
  kind text NOT NULL CHECK (kind IN ('order', 'refund', 'notification')),
  merchant_id text NOT NULL,
  subject_id text NOT NULL,
  run_at_ms bigint NOT NULL,
  attempt integer NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, merchant_id, subject_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX jobs_due ON jobs (kind, run_at_ms);

-- What a person must look at. dedupe_key keeps a repeated callback from filling the queue.
CREATE TABLE exceptions (
  exception_id text PRIMARY KEY,
  kind text NOT NULL,
  dedupe_key text NOT NULL UNIQUE,
  merchant_id text,
  trade_id text,
  channel text,
  account_id text,
  detail jsonb NOT NULL,
  raw_headers jsonb,
  raw_body bytea,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved')),
  occurrences integer NOT NULL DEFAULT 1,
  resolution text,
  resolved_by text,
  created_at_ms bigint NOT NULL,
  updated_at_ms bigint NOT NULL
);
CREATE INDEX exceptions_by_state ON exceptions (state, exception_id);

CREATE TABLE users (
  user_id text PRIMARY KEY,
  login_name text NOT NULL UNIQUE,
  password_hash text NOT NULL,
  role text NOT NULL CHECK (role IN ('admin', 'merchant')),
  -- A merchant user manages this merchant alone.
  merchant_id text REFERENCES merchants,
  failed_logins integer NOT NULL DEFAULT 0,
  locked_until_ms bigint NOT NULL DEFAULT 0,
  created_at_ms bigint NOT NULL,
  CHECK ((role = 'merchant') = (merchant_id IS NOT NULL))
);

CREATE TABLE sessions (
  token_hash text PRIMARY KEY,
  user_id text NOT NULL REFERENCES users,
  expires_at_ms bigint NOT NULL
);
CREATE INDEX sessions_expired ON sessions (expires_at_ms);
