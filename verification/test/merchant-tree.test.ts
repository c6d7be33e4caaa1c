import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMerchant, changeMerchant } from '../../gateway/src/operations/merchants.ts';
import { systemPorts } from '../../gateway/src/outbound/system-ports.ts';
import { openDatabase, type Database } from '../../gateway/src/storage/database.ts';
import { createSealer } from '../../gateway/src/storage/seal.ts';
import { createStore, type Store } from '../../gateway/src/storage/store.ts';
import { MerchantClient, newTestMerchant, signJwt, type Json } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let database: Database;
let managed: { readonly store: Store; readonly ports: ReturnType<typeof systemPorts> };

beforeAll(async () => {
  world = await startWorld();
  database = openDatabase({ url: world.database_url, max_connections: 4 });
  const ports = systemPorts();
  managed = { ports, store: createStore(database, database, createSealer(Buffer.alloc(32), ports.random.bytes)) };
}, 60_000);

afterAll(async () => {
  await managed.ports.close();
  await database.close();
  await world.close();
});

const root = (): string => world.merchant.merchant.merchant_id;

/** A tenant's requests, signed by whoever's key is given. */
const signedBy = (merchant_id: string, private_key = world.merchant.merchant.private_key): MerchantClient =>
  new MerchantClient(world.url, world.platform_public_key, { ...world.merchant.merchant, merchant_id, private_key });

const query = (client: MerchantClient): Promise<number> =>
  client.call('/v2/pay/query', { mch_trade_id: 'nobody' }).then((answer) => answer.code);

describe('the tree of merchants', () => {
  it('numbers tenants below their platform, level by level, however many are made at once', async () => {
    const tenants = await Promise.all(
      Array.from({ length: 8 }, (_one, at) => createMerchant(managed, { name: `shop ${at}`, parent_id: root() })),
    );
    const platform = await managed.store.configuration.merchant(root());
    expect(new Set(tenants.map((one) => one.platform_merchant_id))).toEqual(new Set([root()]));
    expect(tenants.map((one) => one.level_code).toSorted()).toEqual(
      Array.from({ length: 8 }, (_one, at) => `${platform?.level_code}00${at + 1}`),
    );
    const below = await createMerchant(managed, { name: 'counter', parent_id: tenants[0]?.merchant_id });
    expect(below.platform_merchant_id).toBe(root());
    expect(below.level_code).toBe(`${tenants[0]?.level_code}001`);
  });

  it('refuses a parent that does not exist, and a platform merchant that others are to sign for', async () => {
    await expect(createMerchant(managed, { name: 'x', parent_id: '1234567890123456' })).rejects.toMatchObject({
      code: 200,
    });
    await expect(createMerchant(managed, { name: 'x', platform_signs: true })).rejects.toMatchObject({ code: 102 });
  });
});

describe('a tenant without a key of its own', () => {
  it('is signed for by its platform only if the operator allows it, and never by a stranger', async () => {
    const tenant = await createMerchant(managed, { name: 'shop', parent_id: root() });
    expect(await query(signedBy(tenant.merchant_id))).toBe(101);
    await changeMerchant(managed, tenant.merchant_id, { platform_signs: true });
    await eventually(async () => (await query(signedBy(tenant.merchant_id))) === 301);
    expect(await query(signedBy(tenant.merchant_id, newTestMerchant().private_key))).toBe(101);
    // Its platform may sign for it, not it for its platform, nor one tenant for another.
    const sibling = await createMerchant(managed, { name: 'other shop', parent_id: root() });
    expect(await query(signedBy(sibling.merchant_id))).toBe(101);
  });

  it('signs for itself alone once it has a key', async () => {
    const own = newTestMerchant();
    const tenant = await createMerchant(managed, {
      name: 'shop',
      parent_id: root(),
      platform_signs: true,
      public_key: own.public_key,
    });
    expect(await query(signedBy(tenant.merchant_id, own.private_key))).toBe(301);
    expect(await query(signedBy(tenant.merchant_id))).toBe(101);
  });

  it('sees its own orders only, and its platform does not see them under its own number', async () => {
    const tenant = await createMerchant(managed, { name: 'shop', parent_id: root(), platform_signs: true });
    const client = signedBy(tenant.merchant_id);
    const placed = await world.merchant.call('/v2/pay', {
      pay_type: 'wechat.scan',
      mch_trade_id: 'tree.1',
      total_fee: 1,
      body: 'x',
    });
    expect(placed.code).toBe(0);
    expect((await client.call('/v2/pay/query', { mch_trade_id: 'tree.1' })).code).toBe(301);
    expect(
      (await client.call('/v2/pay', { pay_type: 'wechat.scan', mch_trade_id: 'tree.1', total_fee: 1, body: 'x' })).code,
    ).toBe(202);
  });

  it('is not reached by a request that its platform signed for another tenant, or for itself', async () => {
    const [one, other] = await Promise.all(
      ['one', 'other'].map((name) => createMerchant(managed, { name, parent_id: root(), platform_signs: true })),
    );
    await world.sql(
      `INSERT INTO routes (merchant_id, pay_type, account_id, priority, weight, merchant_params, enabled, config_version)
       SELECT unnest($2::text[]), pay_type, account_id, priority, weight, merchant_params, enabled, config_version
       FROM routes WHERE merchant_id = $1 AND pay_type = 'wechat.scan'`,
      [root(), [one?.merchant_id, other?.merchant_id]],
    );
    const key = world.merchant.merchant.private_key;
    const requests: readonly (readonly [string, Json, number])[] = [
      ['/v2/pay', { pay_type: 'wechat.scan', mch_trade_id: 'tree.2', total_fee: 1, body: 'x' }, 0],
      ['/v2/pay/query', { mch_trade_id: 'tree.2' }, 0],
      ['/v2/pay/refund_query', { mch_refund_id: 'tree.2' }, 301],
      ['/v2/pay/pre_order', { mch_pre_id: 'tree.2', total_fee: 1, body: 'x' }, 0],
      ['/v2/pay/pre_order_detail', { mch_pre_id: 'tree.2' }, 0],
    ];
    for (const [path, fields, code] of requests) {
      const token = signJwt({ ...fields, nonce_str: `tree ${path}` }, key);
      const codes: number[] = [];
      for (const merchant_id of [one?.merchant_id, other?.merchant_id, root()])
        codes.push((await world.merchant.send(`${path}?merchant_id=${merchant_id}`, token)).code);
      expect([path, ...codes]).toEqual([path, code, 104, 104]);
    }
  });

  it('may not trade while its platform is suspended', async () => {
    const tenant = await createMerchant(managed, { name: 'shop', parent_id: root(), platform_signs: true });
    expect(await query(signedBy(tenant.merchant_id))).toBe(301);
    await changeMerchant(managed, root(), { status: 'suspended' });
    await eventually(async () => (await query(signedBy(tenant.merchant_id))) === 201);
    await changeMerchant(managed, root(), { status: 'active' });
    await eventually(async () => (await query(signedBy(tenant.merchant_id))) === 301);
  });
});

describe('a merchant with a limit', () => {
  it('hears 429 with Retry-After beyond it; others are not held up, and forged requests do not use it up', async () => {
    const own = newTestMerchant();
    const limited = await createMerchant(managed, {
      name: 'small',
      public_key: own.public_key,
      max_requests_per_second: 2,
    });
    const client = signedBy(limited.merchant_id, own.private_key);
    const forged = await Promise.all(Array.from({ length: 20 }, () => query(signedBy(limited.merchant_id))));
    expect(new Set(forged)).toEqual(new Set([101]));
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.call('/v2/pay/query', { mch_trade_id: 'nobody' })),
    );
    const refused = answers.filter((answer) => answer.code === 429);
    expect(answers.filter((answer) => answer.code === 301).length).toBeGreaterThanOrEqual(4);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    expect(await query(world.merchant)).toBe(301);
    const metrics = await (await fetch(`${world.url}/metrics`)).text();
    expect(metrics).toContain(`heliu_requests_limited_total{by="merchant"} ${refused.length}`);
  });
});

describe('an address that sends too much', () => {
  it('hears 429 before anything of it is read, while channels and health checks are always heard', async () => {
    const small = await startWorld({ HELIU_ADDRESS_REQUESTS_PER_SECOND: '3', HELIU_TRUSTED_PROXIES: '127.0.0.1' });
    try {
      const from = (address: string): Promise<number> =>
        fetch(`${small.url}/v2/pay?merchant_id=1`, {
          method: 'POST',
          headers: { 'x-forwarded-for': address },
          body: 'x',
        }).then((response) => response.status);
      const flood = await Promise.all(Array.from({ length: 30 }, () => from('203.0.113.7')));
      expect(flood.filter((status) => status === 429).length).toBeGreaterThanOrEqual(20);
      expect(await from('203.0.113.8')).toBe(200);
      for (const path of ['/notify/nobody/1', '/bank/nobody']) {
        const notices = await Promise.all(
          Array.from({ length: 30 }, () =>
            fetch(`${small.url}${path}`, {
              method: 'POST',
              headers: { 'x-forwarded-for': '203.0.113.7' },
              body: '{}',
            }),
          ),
        );
        expect(notices.map((notice) => notice.status)).not.toContain(429);
      }
      const probes = await Promise.all(
        Array.from({ length: 30 }, () =>
          fetch(`${small.url}/readyz?from=balancer`, { headers: { 'x-forwarded-for': '203.0.113.7' } }),
        ),
      );
      expect(probes.map((probe) => probe.status)).not.toContain(429);
    } finally {
      await small.close();
    }
  }, 60_000);

  it('is not let off for addresses that it makes up: nobody’s X-Forwarded-For is believed unless it is told to be', async () => {
    const small = await startWorld({ HELIU_ADDRESS_REQUESTS_PER_SECOND: '3' });
    try {
      const flood = await Promise.all(
        Array.from({ length: 30 }, (_, index) =>
          fetch(`${small.url}/v2/pay?merchant_id=1`, {
            method: 'POST',
            headers: { 'x-forwarded-for': `203.0.113.${index}` },
            body: 'x',
          }),
        ),
      );
      expect(flood.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(20);
    } finally {
      await small.close();
    }
  }, 60_000);
});
