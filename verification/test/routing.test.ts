import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { saveAccount } from '../accounts.ts';
import { type Json, type MerchantAnswer } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

/**
 * The demo merchant trades wechat.scan through two accounts: `first`, whose way to WeChat Pay these tests break, and
 * `sandbox-wechat`, which works. Both are the same service provider at the same simulator.
 */
let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

afterEach(async () => {
  await world.control('DELETE', '/control/faults');
});

/** A port on which nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** A server that takes requests and never answers. */
async function silentServer(): Promise<{ url: string; requests: () => number; close: () => Promise<void> }> {
  let requests = 0;
  const server: Server = createServer(() => (requests += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Makes `account_id` a copy of the working account, changed as said, and gives it a route before the working one. */
async function first(account_id: string, settings: Json, secrets: Record<string, string> = {}): Promise<void> {
  const { merchant_id } = world.merchant.merchant;
  await saveAccount(world, 'sandbox-wechat', (account) => ({
    ...account,
    account_id,
    settings: { ...account.settings, ...settings },
    secrets: { ...account.secrets, ...secrets },
  }));
  await world.sql('UPDATE routes SET priority = 900 WHERE account_id <> $1 AND priority < 500', ['sandbox-wechat']);
  await world.sql(
    `WITH raised AS (UPDATE config_state SET version = version + 1 RETURNING version)
     INSERT INTO routes (merchant_id, pay_type, account_id, priority, weight, merchant_params, enabled, config_version)
     SELECT merchant_id, pay_type, $2, 1, 1, merchant_params, true, raised.version FROM routes, raised
     WHERE merchant_id = $1 AND pay_type = 'wechat.scan' AND account_id = 'sandbox-wechat'`,
    [merchant_id, account_id],
  );
  await world.sql(
    `WITH raised AS (UPDATE config_state SET version = version + 1 RETURNING version)
     UPDATE routes SET priority = 500, config_version = raised.version FROM raised
     WHERE account_id = 'sandbox-wechat' AND pay_type = 'wechat.scan'`,
  );
  await eventually(async () => {
    const [row] = await world.sql<Json>('SELECT 1 FROM routes WHERE account_id = $1', [account_id]);
    if (!row) return false;
    // Every node looks for changes four times a second: the next order may still go the old way.
    const order = await place();
    const [event] = await events(order.claims.mch_trade_id, 'created');
    return event?.['account_id'] === account_id;
  });
}

async function drop(account_id: string): Promise<void> {
  await world.sql(
    `WITH raised AS (UPDATE config_state SET version = version + 1 RETURNING version)
     UPDATE routes SET enabled = false, config_version = raised.version FROM raised WHERE account_id = $1`,
    [account_id],
  );
  await eventually(async () => {
    const order = await place();
    const [event] = await events(order.claims.mch_trade_id, 'created');
    return event?.['account_id'] === 'sandbox-wechat';
  });
}

type Claims = Json & { mch_trade_id: string };

function newClaims(): Claims {
  numbers += 1;
  const mch_trade_id = `route.${numbers}`;
  return {
    pay_type: 'wechat.scan',
    mch_trade_id,
    total_fee: 100,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
    notify_url: world.notify.url(`/${mch_trade_id}`),
  };
}

async function place(claims = newClaims()): Promise<{ claims: Claims; answer: MerchantAnswer }> {
  return { claims, answer: await world.merchant.call('/v2/pay', claims) };
}

const events = async (mch_trade_id: string, kind: string): Promise<Json[]> =>
  (
    await world.sql<{ detail: Json }>(
      `SELECT e.detail FROM order_events e JOIN orders o USING (merchant_id, trade_id)
       WHERE o.mch_trade_id = $1 AND e.kind = $2 ORDER BY e.event_no`,
      [mch_trade_id, kind],
    )
  ).map((row) => row.detail);

const account = async (mch_trade_id: string): Promise<unknown> =>
  (await world.sql<Json>('SELECT account_id FROM orders WHERE mch_trade_id = $1', [mch_trade_id]))[0]?.['account_id'];

async function circuit(account_id: string): Promise<string | undefined> {
  const metrics = await (await fetch(`${world.url}/metrics`)).text();
  return new RegExp(`heliu_channel_circuit\\{account="${account_id}"\\} (\\d)`).exec(metrics)?.[1];
}

describe('an account of which it is certain that it placed nothing', () => {
  it('cannot be reached: the order goes to the next one, and is paid there', async () => {
    await first('unreachable', { base_url: await deadUrl() });
    const { claims, answer } = await place();
    expect(answer.code).toBe(0);
    expect(await account(claims.mch_trade_id)).toBe('sandbox-wechat');
    expect(await events(claims.mch_trade_id, 'rerouted')).toEqual([
      { from: 'unreachable', to: 'sandbox-wechat', reason: 'connection_refused' },
    ]);
    await world.control('POST', '/control/scan', { code: answer.data['code_url'], action: 'pay' });
    await world.notify.waitFor(`/${claims.mch_trade_id}`);
    const query = await world.merchant.call('/v2/pay/query', { mch_trade_id: claims.mch_trade_id });
    expect(query.data['trade_state']).toBe(0);
    await drop('unreachable');
  });

  it('is refused for what it is (an application that is not bound to it): the order goes to the next one', async () => {
    await first('refused', { appid: 'wx00000000000000ff' });
    const { claims, answer } = await place();
    expect(answer.code).toBe(0);
    expect(await events(claims.mch_trade_id, 'rerouted')).toEqual([
      { from: 'refused', to: 'sandbox-wechat', reason: 'APPID_MCHID_NOT_MATCH' },
    ]);
    await drop('refused');
  });

  it('and nor could the next one: the merchant hears so, nothing is placed, and the same order can be sent again', async () => {
    await first('dead', { base_url: await deadUrl() });
    const claims = newClaims();
    await world.control('POST', '/control/faults', {
      channel: 'wechat',
      operation: 'pay',
      fault: 'timeout_before',
      count: 1,
    });
    // The second account's answer is lost: from then on no third one may be tried, and nothing is certain.
    expect((await place(claims)).answer.code).toBe(601);
    expect(await account(claims.mch_trade_id)).toBe('sandbox-wechat');
    const again = await place(claims);
    expect(again.answer.code).toBe(0);
    expect(await account(claims.mch_trade_id)).toBe('sandbox-wechat');
    await drop('dead');
  });
});

describe('an account whose answer does not come', () => {
  it('keeps the order: a timeout never makes another account place it too', async () => {
    const silent = await silentServer();
    await first('silent', { base_url: silent.url });
    const { claims, answer } = await place();
    expect(answer.code).toBe(601);
    expect(await account(claims.mch_trade_id)).toBe('silent');
    expect(await events(claims.mch_trade_id, 'rerouted')).toEqual([]);
    const entries = (await world.control('GET', '/control/ledger')).body['entries'] as Json[];
    const trade_id = (
      await world.sql<Json>('SELECT trade_id FROM orders WHERE mch_trade_id = $1', [claims.mch_trade_id])
    )[0];
    expect(entries.filter((entry) => entry['out_trade_no'] === trade_id?.['trade_id'])).toEqual([]);

    // After a row of them the account is left alone, seen in the metrics, and new orders go to the other one first.
    await eventually(async () => {
      await place();
      return (await circuit('silent')) === '2';
    });
    const requests = silent.requests();
    const next = await place();
    expect(next.answer.code).toBe(0);
    expect((await events(next.claims.mch_trade_id, 'created'))[0]).toEqual({ account_id: 'sandbox-wechat' });
    expect(silent.requests()).toBe(requests);
    await drop('silent');
    await silent.close();
  }, 60_000);
});

describe('an account that does not answer', () => {
  it('still makes what only the payer carries to the channel, and that takes no trial from the others', async () => {
    await world.control('POST', '/control/faults', { channel: 'alipay', operation: 'pay', fault: 'http_500' });
    const scan = (): Promise<MerchantAnswer> =>
      world.merchant.call('/v2/pay', { ...newClaims(), pay_type: 'alipay.scan' });
    await eventually(async () => (await scan()).msg.includes('circuit_open'));
    const carried = await world.merchant.call('/v2/pay', { ...newClaims(), pay_type: 'alipay.wap' });
    expect(carried.code).toBe(0);
    expect(await circuit('sandbox-alipay')).toBe('2');
    // Its pause over, the first order that asks the channel tries it, and all is well again.
    await world.control('DELETE', '/control/faults');
    await eventually(async () => {
      await world.merchant.call('/v2/pay', { ...newClaims(), pay_type: 'alipay.wap' });
      return (await scan()).code === 0;
    });
    expect(await circuit('sandbox-alipay')).toBe('0');
  }, 60_000);
});

describe('without a route', () => {
  it('a pay type answers 202, by name', async () => {
    await world.sql(
      `WITH raised AS (UPDATE config_state SET version = version + 1 RETURNING version)
       UPDATE routes SET enabled = false, config_version = raised.version FROM raised WHERE pay_type = 'alipay.scan'`,
    );
    const claims = (): Json => ({ ...newClaims(), pay_type: 'alipay.scan' });
    const refused = await eventually(async () => {
      const answer = await world.merchant.call('/v2/pay', claims());
      return answer.code === 202 && answer;
    });
    expect(refused.msg).toBe('pay_type alipay.scan has no route for this merchant: ask the operator');
  });
});
