/** Who came back from a wallet's authorization page (网页授权): each state is spent once, each code is exchanged once. */
import type { Wallet } from '../domain/wallet.ts';
import type { Database, Statement } from './database.ts';
import { toJson } from './json.ts';

export interface PayerAuthorization {
  readonly merchant_id: string;
  /** The preorder or the order whose link was opened. */
  readonly subject_id: string;
  readonly state_nonce: string;
  readonly browser_hash: string;
  readonly wallet: Wallet;
  readonly account_id: string;
  readonly code_hash: string;
  /** The pay type's own fields that name the payer; null until the channel has told. */
  readonly payer_fields: Readonly<Record<string, string>> | null;
  readonly created_at_ms: number;
}

/** Spends a state. Whoever comes second with it reads what the first one brought. */
const SPEND: Statement = {
  name: 'spend_authorization_state',
  text: `
INSERT INTO payer_authorizations (merchant_id, subject_id, state_nonce, browser_hash, wallet, account_id, code_hash, created_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING state_nonce`,
};

const BY_STATE: Statement = {
  name: 'authorization_by_state',
  text: 'SELECT * FROM payer_authorizations WHERE merchant_id = $1 AND subject_id = $2 AND state_nonce = $3',
};

const KNOWN: Statement = {
  name: 'authorization_known',
  text: `UPDATE payer_authorizations SET payer_fields = $4 WHERE merchant_id = $1 AND subject_id = $2 AND state_nonce = $3`,
};

const OF_BROWSER: Statement = {
  name: 'authorization_of_browser',
  text: `SELECT * FROM payer_authorizations
WHERE merchant_id = $1 AND subject_id = $2 AND browser_hash = $3 AND wallet = $4 AND payer_fields IS NOT NULL
ORDER BY created_at_ms DESC LIMIT 1`,
};

export interface PayerAuthorizationStore {
  /** True when nobody had spent this state. */
  spend(authorization: Omit<PayerAuthorization, 'payer_fields'>): Promise<boolean>;
  byState(merchant_id: string, subject_id: string, state_nonce: string): Promise<PayerAuthorization | null>;
  /** Records who it is. */
  known(
    spent: Pick<PayerAuthorization, 'merchant_id' | 'subject_id' | 'state_nonce'>,
    payer_fields: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** The latest payer of a browser at a link. */
  ofBrowser(
    merchant_id: string,
    subject_id: string,
    browser_hash: string,
    wallet: Wallet,
  ): Promise<PayerAuthorization | null>;
}

/** Opens the statements over a database. */
export function createPayerAuthorizationStore(database: Database): PayerAuthorizationStore {
  const first = async (statement: Statement, values: readonly unknown[]): Promise<PayerAuthorization | null> =>
    (await database.query<PayerAuthorization>(statement, values))[0] ?? null;
  return {
    async spend(one) {
      const rows = await database.query(SPEND, [
        one.merchant_id,
        one.subject_id,
        one.state_nonce,
        one.browser_hash,
        one.wallet,
        one.account_id,
        one.code_hash,
        one.created_at_ms,
      ]);
      return rows.length === 1;
    },
    byState: (merchant_id, subject_id, state_nonce) => first(BY_STATE, [merchant_id, subject_id, state_nonce]),
    async known({ merchant_id, subject_id, state_nonce }, payer_fields) {
      await database.query(KNOWN, [merchant_id, subject_id, state_nonce, toJson(payer_fields)]);
    },
    ofBrowser: (merchant_id, subject_id, browser_hash, wallet) =>
      first(OF_BROWSER, [merchant_id, subject_id, browser_hash, wallet]),
  };
}
