import type { Database, Statement } from './database.ts';

export interface User {
  readonly user_id: string;
  readonly login_name: string;
  readonly password_hash: string;
  readonly role: 'admin' | 'merchant';
  readonly merchant_id: string | null;
  readonly failed_logins: number;
  readonly locked_until_ms: number;
  readonly created_at_ms: number;
}

const BY_LOGIN: Statement = { name: 'user_by_login', text: 'SELECT * FROM users WHERE login_name = $1' };

const ADD: Statement = {
  name: 'add_user',
  text: `INSERT INTO users (user_id, login_name, password_hash, role, merchant_id, created_at_ms) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (login_name) DO NOTHING RETURNING user_id`,
};

const LOGIN_FAILED: Statement = {
  name: 'login_failed',
  text: `UPDATE users SET failed_logins = failed_logins + 1,
  locked_until_ms = CASE WHEN (failed_logins + 1) % $2 = 0 THEN $3 ELSE locked_until_ms END WHERE user_id = $1`,
};

const LOGIN_SUCCEEDED: Statement = {
  name: 'login_succeeded',
  text: 'UPDATE users SET failed_logins = 0, locked_until_ms = 0 WHERE user_id = $1 AND failed_logins > 0',
};

const ADD_SESSION: Statement = {
  name: 'add_session',
  text: `WITH expired AS (
  DELETE FROM sessions WHERE token_hash IN (SELECT token_hash FROM sessions WHERE expires_at_ms < $4 ORDER BY expires_at_ms LIMIT 100)
)
INSERT INTO sessions (token_hash, user_id, expires_at_ms) VALUES ($1, $2, $3)`,
};

const SESSION_USER: Statement = {
  name: 'session_user',
  text: `SELECT u.*, s.expires_at_ms FROM sessions s JOIN users u ON u.user_id = s.user_id
WHERE s.token_hash = $1 AND s.expires_at_ms > $2`,
};

const SLIDE_SESSION: Statement = {
  name: 'slide_session',
  text: 'UPDATE sessions SET expires_at_ms = $2 WHERE token_hash = $1',
};

export interface UserStore {
  byLogin(login_name: string): Promise<User | null>;
  /** Answers false when the login name is taken. */
  add(user: Omit<User, 'failed_logins' | 'locked_until_ms'>): Promise<boolean>;
  loginFailed(user_id: string, lock_every: number, locked_until_ms: number): Promise<void>;
  loginSucceeded(user_id: string): Promise<void>;
  addSession(token_hash: string, user_id: string, expires_at_ms: number, now_ms: number): Promise<void>;
  sessionUser(token_hash: string, now_ms: number): Promise<(User & { readonly expires_at_ms: number }) | null>;
  slideSession(token_hash: string, expires_at_ms: number): Promise<void>;
}

/** Opens the statements about operators and their sessions. */
export function createUserStore(database: Database): UserStore {
  return {
    async byLogin(login_name) {
      return (await database.query<User>(BY_LOGIN, [login_name]))[0] ?? null;
    },
    async add(user) {
      const values = [
        user.user_id,
        user.login_name,
        user.password_hash,
        user.role,
        user.merchant_id,
        user.created_at_ms,
      ];
      return (await database.query(ADD, values)).length === 1;
    },
    async loginFailed(user_id, lock_every, locked_until_ms) {
      await database.query(LOGIN_FAILED, [user_id, lock_every, locked_until_ms]);
    },
    async loginSucceeded(user_id) {
      await database.query(LOGIN_SUCCEEDED, [user_id]);
    },
    async addSession(token_hash, user_id, expires_at_ms, now_ms) {
      await database.query(ADD_SESSION, [token_hash, user_id, expires_at_ms, now_ms]);
    },
    async sessionUser(token_hash, now_ms) {
      return (await database.query<User & { expires_at_ms: number }>(SESSION_USER, [token_hash, now_ms]))[0] ?? null;
    },
    async slideSession(token_hash, expires_at_ms) {
      await database.query(SLIDE_SESSION, [token_hash, expires_at_ms]);
    },
  };
}
