import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { ApiError } from '../domain/codes.ts';
import { makeId } from '../domain/identifiers.ts';
import type { User } from '../storage/users.ts';
import type { Gateway } from './gateway.ts';

type Managed = Pick<Gateway, 'ports' | 'store'>;

/** scrypt with N=2^15, r=8, p=1: 32 MB and about 100 ms a guess (OWASP Password Storage Cheat Sheet, scrypt). */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const;
const SESSION_MS = 30 * 60_000;
/** A session slides by use, but is written at most this often. */
const SLIDE_EVERY_MS = 60_000;
const LOCK_EVERY_FAILURES = 5;
const LOCK_MS = 5 * 60_000;
const MIN_PASSWORD = 10;

export interface Session {
  readonly user: User;
}

/** A guess costs 100 ms on the threads that also sign: they run one after the other, and only a few may wait. */
const MAX_WAITING_GUESSES = 4;
let waiting_guesses = 0;
let last_guess: Promise<unknown> = Promise.resolve();

/** Throws 429 when too many guesses wait already. */
async function derive(password: string, salt: Buffer): Promise<Buffer> {
  if (waiting_guesses > MAX_WAITING_GUESSES)
    throw new ApiError('limited', 'too many logins at once: try again in a moment');
  waiting_guesses += 1;
  const guess = last_guess
    .then(() => deriveNow(password, salt))
    .finally(() => {
      waiting_guesses -= 1;
    });
  last_guess = guess.catch(() => undefined);
  return guess;
}

function deriveNow(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, 32, SCRYPT, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('base64url')}$${(await derive(password, salt)).toString('base64url')}`;
}

async function passwordMatches(password: string, hash: string): Promise<boolean> {
  const [, salt = '', wanted = ''] = hash.split('$');
  const key = await derive(password, Buffer.from(salt, 'base64url'));
  const stored = Buffer.from(wanted, 'base64url');
  return key.length === stored.length && timingSafeEqual(key, stored);
}

export interface NewUser {
  readonly login_name: string;
  readonly password: string;
  readonly role: 'admin' | 'merchant';
  readonly merchant_id?: string | undefined;
}

/** Creates an operator's login. Throws 102, 103, 107, 200. */
export async function createUser(gateway: Managed, request: NewUser): Promise<string> {
  if (!/^[\w.@-]{1,64}$/.test(request.login_name))
    throw new ApiError('malformed_field', 'login_name must be 1–64 letters, digits or . _ @ -');
  if (request.password.length < MIN_PASSWORD)
    throw new ApiError('malformed_field', `password must have at least ${MIN_PASSWORD} characters`);
  if (request.role === 'merchant' && request.merchant_id === undefined)
    throw new ApiError('missing_field', 'merchant_id is required for the role merchant');
  if (request.role === 'admin' && request.merchant_id !== undefined)
    throw new ApiError('malformed_field', 'merchant_id is for the role merchant only');
  if (request.merchant_id !== undefined && !(await gateway.store.configuration.merchant(request.merchant_id))) {
    throw new ApiError('no_merchant', 'merchant_id does not exist');
  }
  const now_ms = gateway.ports.clock.now_ms();
  const user_id = makeId(now_ms, gateway.ports.random.bytes(8));
  const added = await gateway.store.users.add({
    user_id,
    login_name: request.login_name,
    password_hash: await hashPassword(request.password),
    role: request.role,
    merchant_id: request.merchant_id ?? null,
    created_at_ms: now_ms,
  });
  if (!added) throw new ApiError('number_repeated', 'login_name is taken');
  return user_id;
}

let nobody: Promise<string> | null = null;

/** Logs in. Throws 401, in the same words and time whether name or password is wrong; 429 while the name is locked. */
export async function login(
  gateway: Managed,
  login_name: string,
  password: string,
): Promise<{ token: string; user: User }> {
  const now_ms = gateway.ports.clock.now_ms();
  const user = await gateway.store.users.byLogin(login_name);
  if (user && user.locked_until_ms > now_ms)
    throw new ApiError('limited', 'too many failed logins: try again in a few minutes');
  nobody ??= hashPassword(randomBytes(16).toString('base64url'));
  const matches = await passwordMatches(password, user?.password_hash ?? (await nobody));
  if (!user || !matches) {
    if (user) await gateway.store.users.loginFailed(user.user_id, LOCK_EVERY_FAILURES, now_ms + LOCK_MS);
    throw new ApiError('unauthorized', 'login_name or password is wrong');
  }
  await gateway.store.users.loginSucceeded(user.user_id);
  const token = gateway.ports.random.bytes(32).toString('base64url');
  await gateway.store.users.addSession(tokenHash(token), user.user_id, now_ms + SESSION_MS, now_ms);
  return { token, user };
}

/** Only the hash is stored: who reads the table cannot log in with it. */
function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The session of a token, moved on by its use; null when it has expired or never was. */
export async function authenticate(gateway: Managed, token: string): Promise<Session | null> {
  const now_ms = gateway.ports.clock.now_ms();
  const found = await gateway.store.users.sessionUser(tokenHash(token), now_ms);
  if (!found) return null;
  const { expires_at_ms, ...user } = found;
  if (now_ms + SESSION_MS - expires_at_ms >= SLIDE_EVERY_MS)
    await gateway.store.users.slideSession(tokenHash(token), now_ms + SESSION_MS);
  return { user };
}
