-- How an undecided order is to end: wanted before the channel is called, so that it outlives a lost answer and a dead node.
ALTER TABLE orders ADD COLUMN ending text CHECK (ending IN ('close', 'reverse'));

-- Among accounts of the same priority new orders are shared out by weight.
ALTER TABLE routes ADD COLUMN weight integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000);

-- The tree of merchants: a platform merchant (平台商户) is its own root. A tenant without a key of its own is signed for by its
-- platform where the operator allows it.
ALTER TABLE merchants ADD COLUMN platform_signs boolean NOT NULL DEFAULT false;
-- Requests a second; null: what the node allows every merchant.
ALTER TABLE merchants ADD COLUMN max_requests_per_second integer CHECK (max_requests_per_second BETWEEN 1 AND 1000000);
-- Children are numbered in turn, under the row lock of their parent.
ALTER TABLE merchants ADD COLUMN children integer NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX merchants_tree ON merchants (platform_merchant_id, level_code);
