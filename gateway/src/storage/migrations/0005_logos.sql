-- What a merchant's payment page shows beside its name. Apart from merchants, whose rows are read far more often.
CREATE TABLE merchant_logos (
  merchant_id text PRIMARY KEY REFERENCES merchants,
  media_type text NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/webp')),
  image bytea NOT NULL CHECK (octet_length(image) <= 12288),
  updated_at_ms bigint NOT NULL
);
-- SHA-256 of the image, hexadecimal; it is part of the image's address, which may so be kept for ever.
ALTER TABLE merchants ADD COLUMN logo_hash text;
