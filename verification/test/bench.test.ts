import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { UsageProblem, readArguments } from '../bench/arguments.ts';
import type { StubCounts, StubStarted } from '../bench/channel-stub.ts';
import { startChild } from '../bench/child.ts';
import type { Child } from '../bench/child.ts';
import { median, percentile } from '../bench/figures.ts';
import { makeKeys } from '../bench/keys.ts';
import type { LoadReport } from '../bench/load.ts';
import { MerchantCalls } from '../bench/merchant-calls.ts';
import type { MerchantSettings, SignedRequest } from '../bench/merchant-calls.ts';
import type { Arrivals } from '../bench/merchant-server.ts';
import type { NotificationRunReport } from '../bench/notification-reference.ts';
import { wechatScan } from '../bench/pay-types.ts';
import { cpuSeconds, peakResidentMegabytes, processTree } from '../bench/processes.ts';
import { startReference } from '../bench/program.ts';
import type { Program } from '../bench/program.ts';
import { createTestDatabase } from '../database.ts';
import type { TestDatabase } from '../database.ts';

const keys = makeKeys();
const merchant: MerchantSettings = {
  merchant_id: '5399355381712172',
  private_key: keys.merchant.private_key,
  platform_public_key: keys.platform.public_key,
  notify_url: 'http://127.0.0.1:9/notify',
};

const benchFile = (name: string): URL => new URL(`../bench/${name}`, import.meta.url);

describe('figures', () => {
  test('a percentile is the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => index + 1);
    expect([0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([100, 198, 200]);
    expect(percentile([], 0.5)).toBeNaN();
  });

  test('a median does not depend on the order, nor on one wild value', () => {
    expect(median([3, 1, 1_000])).toBe(3);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

describe('processes', () => {
  test('CPU time and memory of a process are those of its children too, also after they ended', async () => {
    const burn = 'const until = process.cpuUsage().user + 300000; while (process.cpuUsage().user < until);';
    const parent = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(burn)}]);
      process.stdout.write('burnt'); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'ignore'] });
    const pid = child.pid ?? 0;
    try {
      await once(child.stdout, 'data');
      expect(cpuSeconds([pid])).toBeGreaterThan(0.3);
      expect(cpuSeconds([pid, pid])).toBeLessThan(30);
      expect(peakResidentMegabytes([pid])).toBeGreaterThan(10);
      expect(processTree([process.pid])).toContain(pid);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('arguments', () => {
  test('without a scenario every scenario is measured but the one that needs a disk of its own', () => {
    expect(readArguments([])).toMatchObject({ scenarios: { length: 7 }, seconds: 10, rounds: 3, in_flight: [16, 64] });
    expect(readArguments([]).scenarios).not.toContain('scale');
    expect(readArguments(['scale'])).toMatchObject({ scenarios: ['scale'], rows: 5_000_000, pay_types: 'wechat.scan' });
  });

  test.each([
    [['coffee'], /no scenario "coffee"/],
    [['orders', '--seconds', 'ten'], /--seconds must be a whole number/],
    [['orders', '--in-flight', '16,0'], /--in-flight must be a whole number/],
    [['--fast'], /--fast/],
    [['scale', '--rows', '99'], /--rows must be a whole number from 100/],
    [['orders', '--pay-types', 'alipay.scan'], /--pay-types must be wechat.scan or all/],
  ])('%j is refused by name', (line, message) => {
    expect(() => readArguments(line)).toThrow(UsageProblem);
    expect(() => readArguments(line)).toThrow(message);
  });
});

describe('the load generator', () => {
  let load: Child;
  let server: Server | null = null;

  beforeAll(async () => {
    load = await startChild(benchFile('load.ts'));
    await load.call('prepare', {
      stock: 'orders',
      count: 60,
      merchant,
      content: { kind: 'orders', pay_types: [wechatScan()] },
    });
  });
  afterEach(() => server?.close());
  afterAll(() => load.stop());

  async function answering(listener: RequestListener): Promise<string> {
    server = createServer(listener);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
  }

  const closedLoop = (url: string): Promise<LoadReport> =>
    load.call<LoadReport>('closedLoop', {
      stock: 'orders',
      url,
      skip: 0,
      seconds: 20,
      in_flight: 4,
      platform_public_key: keys.platform.public_key,
    });

  test('counts an answer in plain JSON as an error, by its code', async () => {
    const url = await answering((_request, response) => response.end('{"code":600,"msg":"failed"}'));
    const report = await closedLoop(url);
    expect(report).toMatchObject({ sent: 60, succeeded: 0, errors: { 'HTTP 200 code 600 failed': 60 } });
  });

  test('verifies the signature of a sample of the answers', async () => {
    const url = await answering((_request, response) => response.end('eyJh.eyJi.Zm9yZ2Vk'));
    const report = await closedLoop(url);
    expect(report.errors).toEqual({ 'signature is wrong': 2 });
    expect(report.succeeded).toBe(58);
  });

  test('tells refused orders apart, and those without Retry-After, which the closed loop does not forgive', async () => {
    let count = 0;
    const url = await answering((_request, response) => {
      count += 1;
      if (count % 2 === 0) response.setHeader('Retry-After', '1');
      response.writeHead(503).end('{"code":503,"msg":"later"}');
    });
    const report = await closedLoop(url);
    expect(report).toMatchObject({ sent: 60, refused: 60, without_retry_after: 30, succeeded: 0 });
    expect(report.errors).toEqual({ 'HTTP 503 (60 times)': 1 });
  });

  test('the open loop sends at its rate however slow the answers are, and counts from when a call was due', async () => {
    const held: (() => void)[] = [];
    const url = await answering((_request, response) => {
      held.push(() => response.end('eyJh.eyJi.c2lnbmVk'));
      // Nobody is answered until the last call has come: a closed loop would never get there.
      if (held.length === 20) for (const release of held) release();
    });
    const report = await load.call<LoadReport>('openLoop', {
      stock: 'orders',
      url,
      skip: 0,
      seconds: 1,
      rate: 20,
      whole_call: false,
      platform_public_key: keys.platform.public_key,
    });
    expect(report).toMatchObject({ sent: 20, succeeded: 20, errors: {} });
    expect(report.max_ms).toBeGreaterThan(900);
    expect(report.p50_ms).toBeGreaterThan(400);
  });
});

describe('the reference program', () => {
  let database: TestDatabase;
  let stub: Child;
  let program: Program;
  let database_url: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    database_url = await ownSchema(database.url);
    stub = await startChild(benchFile('channel-stub.ts'));
    const { url: channel_url } = await stub.call<StubStarted>('start', {
      wechat_private_key: keys.wechat.private_key,
      wechat_serial: keys.wechat_serial,
      api_v3_key: keys.api_v3_key,
      alipay_private_key: keys.alipay.private_key,
    });
    const { merchant_id } = merchant;
    program = await startReference({ keys, merchant_id, database_url, channel_url, environment: {} });
  });
  afterAll(async () => {
    await program.stop();
    await stub.stop();
    await database.drop();
  });

  const post = async ({ path, token }: SignedRequest): Promise<string> =>
    (await fetch(program.url + path, { method: 'POST', body: token })).text();

  test('does the whole work of an order', async () => {
    const calls = new MerchantCalls(merchant);
    const order = await calls.order(wechatScan());
    const before = await stub.call<StubCounts>('report');
    const body = await post(order);
    expect(calls.shapeProblem(200, body)).toBeNull();
    expect(calls.answerProblem(order, body)).toBeNull();
    const after = await stub.call<StubCounts>('report');
    expect(after.orders - before.orders).toBe(1);
    expect(after.unsigned).toBe(0);
    const rows = await query(database_url, 'SELECT state, reply, total_fen FROM orders WHERE mch_trade_id = $1', [
      order.mch_trade_id,
    ]);
    expect(rows).toEqual([
      { state: 'waiting', reply: expect.stringContaining('weixin://wxpay/bizpayurl'), total_fen: '221' },
    ]);
  });

  test('refuses a request that the merchant did not sign, and one that comes again', async () => {
    const calls = new MerchantCalls(merchant);
    const stranger = new MerchantCalls({ ...merchant, private_key: keys.wechat.private_key });
    const failed = '{"code":600,"msg":"failed"}';
    expect(await post(await stranger.order(wechatScan()))).toBe(failed);
    const order = await calls.order(wechatScan());
    const answers = await Promise.all([post(order), post(order)]);
    expect(answers.filter((answer) => answer === failed)).toHaveLength(1);
  });
});

describe('the notification reference', () => {
  test('delivers each notification once, signed, and the merchant server tells when', async () => {
    const receiver = await startChild(benchFile('merchant-server.ts'));
    const reference = await startChild(benchFile('notification-reference.ts'));
    try {
      const { url } = await receiver.call<{ readonly url: string }>('start');
      const run = { url, count: 60, concurrency: 8, platform_private_key: keys.platform.private_key };
      const expected = { count: 60, platform_public_key: keys.platform.public_key, timeout_ms: 15_000 };
      await receiver.call('expect', expected);
      expect(await reference.call<NotificationRunReport>('run', run)).toEqual({ delivered: 60 });
      const arrivals = await receiver.call<Arrivals>('arrivals');
      expect(arrivals).toMatchObject({ received: 60, repeated: 0, wrong: 0 });
      expect(arrivals.seconds).toBeGreaterThan(0);
      await receiver.call('expect', { ...expected, platform_public_key: keys.wechat.public_key });
      await reference.call<NotificationRunReport>('run', run);
      expect(await receiver.call<Arrivals>('arrivals')).toMatchObject({ received: 60, wrong: 2 });
    } finally {
      await reference.stop();
      await receiver.stop();
    }
  });
});

/** The template holds the gateway's tables; the reference's have the same names and live in a schema of their own. */
async function ownSchema(url: string): Promise<string> {
  await query(url, 'CREATE SCHEMA reference', []);
  const own = new URL(url);
  own.searchParams.set('options', '-c search_path=reference');
  return own.href;
}

async function query(url: string, text: string, values: readonly unknown[]): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
