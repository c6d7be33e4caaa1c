/** Every management endpoint for every role: who may do what, and that no endpoint is forgotten. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newTestMerchant, type Json } from '../merchant.ts';
import { startWorld, type World } from '../world.ts';

let world: World;
const tokens = new Map<Role, string>();

type Role = 'nobody' | 'forged' | 'expired' | 'other_merchant' | 'own_merchant' | 'admin';
const ROLES: readonly Role[] = ['nobody', 'forged', 'expired', 'other_merchant', 'own_merchant', 'admin'];

/** What a role is answered: 401 log in, 403 not yours, 200 done. */
const NOT_LOGGED_IN = { nobody: 401, forged: 401, expired: 401 } as const;
const FOR_ADMINISTRATORS = { ...NOT_LOGGED_IN, other_merchant: 403, own_merchant: 403, admin: 200 } as const;
const FOR_THE_MERCHANT = { ...NOT_LOGGED_IN, other_merchant: 403, own_merchant: 200, admin: 200 } as const;

const MERCHANT = '/cms/merchants/{merchant_id}';

interface Endpoint {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly answers: Readonly<Record<Role, number>>;
  readonly body?: () => Json;
}

const ENDPOINTS: readonly Endpoint[] = [
  { method: 'GET', path: MERCHANT, answers: FOR_THE_MERCHANT },
  { method: 'PUT', path: MERCHANT, answers: FOR_ADMINISTRATORS, body: () => ({ name: 'renamed' }) },
  {
    method: 'PUT',
    path: `${MERCHANT}/public_key`,
    answers: FOR_THE_MERCHANT,
    body: () => ({ public_key: world.merchant.merchant.public_key }),
  },
];

/** For everybody: logging in, and what is public. */
const PUBLIC: readonly string[] = [
  'POST /web/user/session/login_name',
  'GET /cms/pooul_public_key',
  'GET /platform_public_key',
  'GET /healthz',
  'GET /readyz',
  'GET /metrics',
];

beforeAll(async () => {
  world = await startWorld();
  const { merchant_id } = world.merchant.merchant;
  const stranger = newTestMerchant();
  await world.sql(
    `INSERT INTO merchants (merchant_id, name, status, public_key, nonce_policy, late_payment, allow_short_key, platform_merchant_id, level_code, created_at_ms, updated_at_ms, config_version)
     SELECT $1, 'stranger', 'active', $2, nonce_policy, late_payment, allow_short_key, $1, level_code || 'x', created_at_ms, updated_at_ms, config_version FROM merchants`,
    [stranger.merchant_id, stranger.public_key],
  );
  for (const [user_id, of_merchant] of [
    ['own_merchant', merchant_id],
    ['other_merchant', stranger.merchant_id],
  ]) {
    await world.sql(
      `INSERT INTO users (user_id, login_name, password_hash, role, merchant_id, created_at_ms)
       SELECT $1, $1, password_hash, 'merchant', $2, 0 FROM users WHERE login_name = 'admin'`,
      [user_id, of_merchant],
    );
  }
  // The last login of the administrator is the one that stays.
  tokens.set('expired', await logIn('admin'));
  await world.sql('UPDATE sessions SET expires_at_ms = 0');
  for (const role of ['other_merchant', 'own_merchant', 'admin'] as const) tokens.set(role, await logIn(role));
  tokens.set(
    'forged',
    `${tokens.get('admin')}`.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
  );
}, 60_000);

afterAll(() => world.close());

async function logIn(login_name: string): Promise<string> {
  const { password } = world.admin;
  const answer = await fetch(`${world.url}/web/user/session/login_name`, {
    method: 'POST',
    body: JSON.stringify({ login_name, password }),
  });
  return answer.headers.get('authorization') ?? '';
}

async function call(role: Role, { method, path, body }: Endpoint): Promise<number> {
  const token = tokens.get(role);
  const answer = await fetch(world.url + path.replace('{merchant_id}', world.merchant.merchant.merchant_id), {
    method,
    ...(token === undefined ? {} : { headers: { authorization: token } }),
    ...(body && { body: JSON.stringify(body()) }),
  });
  const told = (await answer.json()) as Json;
  expect(told['code'] === 0).toBe(answer.status === 200);
  return answer.status;
}

describe.each(ENDPOINTS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const))(
  '%s',
  (_name, endpoint) => {
    it.each(ROLES)('is answered to %s as its role says', async (role) => {
      expect(await call(role, endpoint)).toBe(endpoint.answers[role]);
    });
  },
);

it('no endpoint is left out: each is in the table above, public, or signed by a merchant', () => {
  const { paths } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'openapi.json'), 'utf8')) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const known = new Set([...PUBLIC, ...ENDPOINTS.map(({ method, path }) => `${method} ${path}`)]);
  const all = Object.entries(paths)
    .filter(([path]) => !path.startsWith('/v2/'))
    .flatMap(([path, methods]) =>
      Object.keys(methods)
        .filter((method) => method !== 'parameters')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
  expect(new Set(all)).toEqual(known);
});
