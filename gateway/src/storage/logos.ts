import { RAISE_VERSION } from './configuration.ts';
import type { Database, Statement } from './database.ts';

export interface Logo {
  readonly media_type: 'image/png' | 'image/jpeg' | 'image/webp';
  readonly image: Buffer;
  /** SHA-256 of the image, hexadecimal. */
  readonly hash: string;
}

/** The merchant's row says that there is one, so that every node hears of it as of any change of a merchant. */
const SAVE: Statement = {
  name: 'save_merchant_logo',
  text: `WITH ${RAISE_VERSION}, changed AS (
  UPDATE merchants SET logo_hash = $2, updated_at_ms = $5, config_version = raised.version
  FROM raised WHERE merchant_id = $1 RETURNING merchant_id
)
INSERT INTO merchant_logos (merchant_id, media_type, image, updated_at_ms) SELECT merchant_id, $3, $4, $5 FROM changed
ON CONFLICT (merchant_id) DO UPDATE SET media_type = excluded.media_type, image = excluded.image,
  updated_at_ms = excluded.updated_at_ms
RETURNING merchant_id`,
};

const REMOVE: Statement = {
  name: 'remove_merchant_logo',
  text: `WITH ${RAISE_VERSION}, gone AS (
  DELETE FROM merchant_logos WHERE merchant_id = $1
)
UPDATE merchants SET logo_hash = NULL, updated_at_ms = $2, config_version = raised.version
FROM raised WHERE merchant_id = $1 RETURNING merchant_id`,
};

const BY_HASH: Statement = {
  name: 'merchant_logo',
  text: `SELECT l.media_type, l.image FROM merchant_logos l JOIN merchants m ON m.merchant_id = l.merchant_id
WHERE l.merchant_id = $1 AND m.logo_hash = $2`,
};

export interface LogoStore {
  /** Answers false when there is no such merchant. */
  save(merchant_id: string, logo: Logo, now_ms: number): Promise<boolean>;
  /** Answers false when there is no such merchant. */
  remove(merchant_id: string, now_ms: number): Promise<boolean>;
  byHash(merchant_id: string, hash: string): Promise<Omit<Logo, 'hash'> | null>;
}

/** Opens the statements about logos over a database. */
export function createLogoStore(database: Database): LogoStore {
  return {
    async save(merchant_id, { media_type, image, hash }, now_ms) {
      return (await database.query(SAVE, [merchant_id, hash, media_type, image, now_ms])).length === 1;
    },
    async remove(merchant_id, now_ms) {
      return (await database.query(REMOVE, [merchant_id, now_ms])).length === 1;
    },
    async byHash(merchant_id, hash) {
      return (await database.query<Omit<Logo, 'hash'>>(BY_HASH, [merchant_id, hash]))[0] ?? null;
    },
  };
}
