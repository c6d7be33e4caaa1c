import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newTestMerchant, type Json } from '../merchant.ts';
import { startWorld, type World } from '../world.ts';

let world: World;
let token: string;

beforeAll(async () => {
  world = await startWorld();
  token = await world.login();
}, 60_000);

afterAll(() => world.close());

async function call(
  method: string,
  path: string,
  body?: unknown,
  authorization: string | null = token,
): Promise<{ status: number; body: Json; headers: Headers }> {
  const response = await fetch(`${world.url}${path}`, {
    method,
    headers: authorization === null ? {} : { authorization },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Json, headers: response.headers };
}

function merchantPath(suffix = ''): string {
  return `/cms/merchants/${world.merchant.merchant.merchant_id}${suffix}`;
}

describe('login', () => {
  const path = '/web/user/session/login_name';

  it('answers the user, and the token in the Authorization header', async () => {
    const answer = await call('POST', path, world.admin, null);
    expect(answer).toMatchObject({
      status: 200,
      body: { code: 0, msg: 'success', data: { login_name: 'admin', role: 'admin' } },
    });
    expect(answer.headers.get('authorization')).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(answer.body)).not.toMatch(/password|scrypt/);
  });

  it('a wrong password and an unknown name are told in the same words', async () => {
    const wrong = await call('POST', path, { ...world.admin, password: 'wrong password' }, null);
    const unknown = await call('POST', path, { login_name: 'nobody', password: 'wrong password' }, null);
    expect(wrong).toMatchObject({ status: 401, body: { code: 401 } });
    expect(unknown.body).toEqual(wrong.body);
  });

  it('five wrong passwords lock the name for a while, the right one included', async () => {
    for (let failures = 0; failures < 5; failures += 1)
      await call('POST', path, { ...world.admin, password: 'wrong password' }, null);
    expect(await call('POST', path, world.admin, null)).toMatchObject({ status: 429, body: { code: 429 } });
    await world.sql('UPDATE users SET locked_until_ms = 0');
    expect((await call('POST', path, world.admin, null)).status).toBe(200);
  });

  it.each([
    ['', /JSON/],
    ['[]', /body/],
    ['{}', /login_name/],
    ['{"login_name":"a"}', /password/],
    ['{"login_name":1,"password":"x"}', /login_name/],
    ['{"login_name":"\' OR 1=1 --","password":"x"}', /wrong/],
  ])('body %j is refused by name', async (body, words) => {
    const answer = await call('POST', path, body, null);
    expect(answer.body['code']).not.toBe(0);
    expect(answer.body['msg']).toMatch(words);
  });

  it('a session ends after thirty minutes without use, and slides with use', async () => {
    const fresh = await world.login();
    expect((await call('GET', merchantPath(), undefined, fresh)).status).toBe(200);
    await world.sql('UPDATE sessions SET expires_at_ms = $1', [Date.now() + 10_000]);
    expect((await call('GET', merchantPath(), undefined, fresh)).status).toBe(200);
    const slid = await world.sql<{ left: string }>('SELECT max(expires_at_ms) - $1 AS left FROM sessions', [
      Date.now(),
    ]);
    expect(Number(slid[0]?.left)).toBeGreaterThan(29 * 60_000);
    await world.sql('UPDATE sessions SET expires_at_ms = $1', [Date.now() - 1]);
    expect(await call('GET', merchantPath(), undefined, fresh)).toMatchObject({ status: 401, body: { code: 401 } });
    token = await world.login();
  });
});

describe('merchants', () => {
  it.each([
    ['GET', ''],
    ['PUT', ''],
    ['PUT', '/public_key'],
  ])('%s /cms/merchants/{id}%s needs a login', async (method, suffix) => {
    for (const authorization of [null, '', 'nonsense', `Bearer ${'a'.repeat(43)}`]) {
      expect(await call(method, merchantPath(suffix), method === 'PUT' ? {} : undefined, authorization)).toMatchObject({
        status: 401,
        body: { code: 401 },
      });
    }
  });

  it('shows a merchant', async () => {
    expect((await call('GET', merchantPath())).body).toMatchObject({
      code: 0,
      data: {
        merchant_id: world.merchant.merchant.merchant_id,
        status: 'active',
        nonce_policy: 'required',
        late_payment: 'refund',
        level_code: '000',
      },
    });
    expect((await call('GET', '/cms/merchants/1111111111111111')).body).toMatchObject({ code: 200 });
    expect((await call('GET', '/cms/merchants/1')).body).toMatchObject({
      code: 102,
      msg: 'merchant_id must be 16 digits',
    });
  });

  it('changes what is named and leaves the rest', async () => {
    expect((await call('PUT', merchantPath(), { late_payment: 'accept', name: '普尔商城' })).body).toMatchObject({
      code: 0,
      data: { late_payment: 'accept', name: '普尔商城', nonce_policy: 'required' },
    });
    expect((await call('PUT', merchantPath(), { late_payment: 'refund' })).body).toMatchObject({
      code: 0,
      data: { name: '普尔商城' },
    });
  });

  it.each([
    [{ status: 'gone' }, /status/],
    [{ nonce_policy: 1 }, /nonce_policy/],
    [{ merchant_id: '1' }, /merchant_id/],
    [{ name: '' }, /name/],
  ])('%j is refused by name', async (body, words) => {
    const answer = await call('PUT', merchantPath(), body);
    expect(answer.body).toMatchObject({ code: 102 });
    expect(answer.body['msg']).toMatch(words);
  });

  it('takes a public key as one line of base64, as PEM and as PKCS#1 PEM', async () => {
    const { public_key } = world.merchant.merchant;
    const one_line = public_key.split('\n').slice(1, -2).join('');
    for (const form of [one_line, ` ${one_line}\n`, public_key, public_key.replaceAll('\n', '\r\n')]) {
      expect((await call('PUT', merchantPath('/public_key'), { public_key: form })).body).toMatchObject({
        code: 0,
        data: { public_key },
      });
    }
  });

  it('refuses what is no RSA public key, or too short a one unless the operator allows it', async () => {
    const short = newTestMerchant(1024).public_key;
    const secret = world.merchant.merchant.private_key.export({ type: 'pkcs8', format: 'pem' }).toString();
    const refused: [string, RegExp][] = [
      ['hello', /RSA public key/],
      ['MIIB', /RSA public key/],
      [short, /1024 bits: at least 2048/],
      [secret, /never send it/],
    ];
    for (const [public_key, words] of refused) {
      const answer = await call('PUT', merchantPath('/public_key'), { public_key });
      expect(answer.body).toMatchObject({ code: 102 });
      expect(answer.body['msg']).toMatch(words);
      expect(JSON.stringify(answer.body)).not.toContain(public_key.slice(40, 80) || 'hello!');
    }
    await call('PUT', merchantPath(), { allow_short_key: true });
    expect((await call('PUT', merchantPath('/public_key'), { public_key: short })).body).toMatchObject({ code: 0 });
    await call('PUT', merchantPath(), { allow_short_key: false });
  });

  it('a merchant’s own user manages that merchant’s key and nothing else', async () => {
    await world.sql(
      `INSERT INTO users (user_id, login_name, password_hash, role, merchant_id, created_at_ms)
       SELECT 'u2', 'shop', password_hash, 'merchant', $1, 0 FROM users WHERE login_name = 'admin'`,
      [world.merchant.merchant.merchant_id],
    );
    const login = await call(
      'POST',
      '/web/user/session/login_name',
      { login_name: 'shop', password: world.admin.password },
      null,
    );
    const shop = login.headers.get('authorization');
    expect((await call('GET', merchantPath(), undefined, shop)).status).toBe(200);
    expect(
      (await call('PUT', merchantPath('/public_key'), { public_key: world.merchant.merchant.public_key }, shop)).status,
    ).toBe(200);
    expect(await call('PUT', merchantPath(), { status: 'suspended' }, shop)).toMatchObject({ status: 403 });
    expect(await call('GET', '/cms/merchants/1111111111111111', undefined, shop)).toMatchObject({ status: 403 });
  });
});

describe('health', () => {
  it('/healthz says alive, /readyz ready', async () => {
    expect((await call('GET', '/healthz')).body).toEqual({ status: 'alive' });
    expect((await call('GET', '/readyz')).body).toEqual({ status: 'ready' });
  });

  it('/metrics counts requests, and is for this machine alone unless a token is set', async () => {
    await world.merchant.call('/v2/pay/query', { mch_trade_id: 'nowhere' });
    const text = await (await fetch(`${world.url}/metrics`)).text();
    expect(text).toMatch(/heliu_requests_total\{endpoint="pay\/query",code="301"\} [1-9]/);
    expect(text).toMatch(/heliu_job_lag_seconds\{kind="order"\} \d/);
    expect(text).toMatch(/heliu_exceptions_open 0/);
    expect((await fetch(`${world.url}/metrics`, { headers: { 'x-forwarded-for': '127.0.0.1' } })).status).toBe(403);
  });

  it('answers carry no cache and no sniffing', async () => {
    const { headers } = await fetch(`${world.url}/healthz`);
    expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff']);
  });

  it('a request line that is no path, and a header flood, end in 4xx and not in silence', async () => {
    const { port } = new URL(world.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ port, host: '127.0.0.1', path: '/%ff%00?x=%', method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end('x');
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });
});
