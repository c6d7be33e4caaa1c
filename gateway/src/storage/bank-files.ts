/** Files of the bank that were read, by their content. */
import type { Database, Statement } from './database.ts';

export interface BankFile {
  readonly account_id: string;
  readonly sha256: string;
  readonly name: string;
  readonly state: 'done' | 'failed';
  readonly message_id: string | null;
  readonly entries: number;
  readonly message: string;
  readonly at_ms: number;
}

const FIND: Statement = {
  name: 'bank_file',
  text: 'SELECT * FROM bank_files WHERE account_id = $1 AND sha256 = $2',
};

const RECORD: Statement = {
  name: 'record_bank_file',
  text: `INSERT INTO bank_files (account_id, sha256, name, state, message_id, entries, message, at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
};

export interface BankFileStore {
  find(account_id: string, sha256: string): Promise<BankFile | null>;
  record(file: BankFile): Promise<void>;
}

/** Opens the statements about files over a database. */
export function createBankFileStore(database: Database): BankFileStore {
  return {
    async find(account_id, sha256) {
      return (await database.query<BankFile>(FIND, [account_id, sha256]))[0] ?? null;
    },
    async record({ account_id, sha256, name, state, message_id, entries, message, at_ms }) {
      await database.query(RECORD, [account_id, sha256, name, state, message_id, entries, message, at_ms]);
    },
  };
}
