import { createPrivateKey, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyOrders, paidNumbers } from '../bench/copies/copy-orders.ts';
import type { CopyPlan } from '../bench/copies/copy-orders.ts';
import { makeOriginals } from '../bench/copies/filler.ts';
import type { Originals } from '../bench/copies/filler.ts';
import { runSql } from '../bench/database-server.ts';
import { makeKeys } from '../bench/keys.ts';
import { MerchantCalls, sendCall } from '../bench/merchant-calls.ts';
import { startQueryReference } from '../bench/program.ts';
import { fillQueryReference } from '../bench/query-reference-storage.ts';
import { measureQuery } from '../bench/scenarios/query.ts';
import { openBenchWorld, TINY } from './bench-world.ts';
import type { BenchWorld } from './bench-world.ts';

let world: BenchWorld;
let originals: Originals;

beforeAll(async () => {
  world = await openBenchWorld();
  originals = await makeOriginals(world.bench, world.gateway);
}, 60_000);

afterAll(() => world.close());

const DAY_MS = 86_400_000;

function planOf(changes: Partial<CopyPlan>): CopyPlan {
  const now_ms = Date.now();
  return {
    orders: 300,
    shares: { paid: 0.6, refunded: 0.1, closed: 0.3 },
    undecided: 7,
    jobs_due_ms: now_ms + DAY_MS,
    merchant_id: world.gateway.merchant.merchant_id,
    merchant_every: 3,
    first_ms: now_ms - 10 * DAY_MS,
    last_ms: now_ms - DAY_MS,
    ...changes,
  };
}

/** Signs claims as the platform would. */
function signedBy(private_key: string, answer: unknown): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(answer)}`;
  return `${head}.${sign('sha256', Buffer.from(head), createPrivateKey(private_key)).toString('base64url')}`;
}

describe('copies of orders', () => {
  let database_url: string;
  let plan: CopyPlan;
  const count = async (from: string): Promise<number> =>
    Number((await runSql(database_url, `SELECT count(*) AS count FROM ${from}`))[0]?.['count']);

  beforeAll(async () => {
    database_url = await world.gateway.freshDatabase('copies');
    plan = planOf({});
    const progress: number[] = [];
    const copied = await copyOrders(database_url, originals, plan, (_table, rows) => progress.push(rows));
    expect(progress.at(-1)).toBe(copied.rows);
  });

  test('are as many as planned, of the fates that were planned', async () => {
    expect(await count('orders')).toBe(307);
    expect(await count(`orders WHERE state = 'undecided'`)).toBe(7);
    const paid = await count(`orders WHERE state = 'paid' AND refunded_fen = 0`);
    const refunded = await count('orders WHERE refunded_fen = 1');
    const closed = await count(`orders WHERE state = 'closed'`);
    expect(paid + refunded + closed).toBe(300);
    expect(paid).toBeGreaterThan(closed);
    expect(closed).toBeGreaterThan(refunded);
    expect(refunded).toBeGreaterThan(0);
    expect(await count('refunds')).toBe(refunded);
    expect(await count('notifications')).toBe(paid + 2 * refunded);
    expect(await count('notification_attempts WHERE delivered')).toBe(paid + 2 * refunded);
    expect(await count('nonces')).toBe(2 * 307);
  });

  test('have only the jobs of undecided orders, due when planned', async () => {
    expect(await count('jobs')).toBe(7);
    expect(
      await count(`jobs j JOIN orders o ON o.trade_id = j.subject_id AND o.merchant_id = j.merchant_id
        WHERE j.kind = 'order' AND o.state = 'undecided' AND j.run_at_ms = ${plan.jobs_due_ms}`),
    ).toBe(7);
  });

  test('belong together, row by row, under one merchant', async () => {
    for (const table of ['order_events', 'refunds', 'notifications']) {
      expect(
        await count(`${table} t WHERE NOT EXISTS
          (SELECT 1 FROM orders o WHERE o.merchant_id = t.merchant_id AND o.trade_id = t.trade_id)`),
      ).toBe(0);
      expect(await count(table)).toBeGreaterThan(0);
    }
    expect(
      await count(`notifications n JOIN orders o USING (merchant_id, trade_id)
      WHERE position(o.mch_trade_id in n.payload) = 0 AND n.subject = 'payment'`),
    ).toBe(0);
    expect(await count('(SELECT DISTINCT merchant_id FROM orders) m')).toBeGreaterThan(50);
    expect(await count(`orders WHERE merchant_id = '${plan.merchant_id}'`)).toBe(103);
  });

  test('bear nothing of the order they were copied from', async () => {
    const [sample] = await runSql(
      world.bench.server.url('samples'),
      `SELECT trade_id, mch_trade_id FROM orders WHERE state = 'paid' LIMIT 1`,
    );
    for (const table of ['orders', 'order_events', 'notifications']) {
      for (const number of [sample?.['trade_id'], sample?.['mch_trade_id']]) {
        expect(await count(`${table} t WHERE position('${String(number)}' in t::text) > 0`)).toBe(0);
      }
    }
    expect(
      await count(`orders WHERE created_at_ms NOT BETWEEN ${plan.first_ms - 1_000} AND ${plan.last_ms + 1_000}`),
    ).toBe(0);
  });

  test('are answered for by the gateway like orders of its own', async () => {
    const program = await world.gateway.start('api', database_url);
    try {
      const calls = new MerchantCalls(world.gateway.merchant);
      const [number = ''] = paidNumbers(plan, 5).slice(-1);
      const data = await sendCall(program.url, calls, await calls.query(number));
      expect(data).toMatchObject({ mch_trade_id: number, trade_state: 0, total_fee: 221, bank_type: 'OTHERS' });
    } finally {
      await program.stop();
    }
  });
});

describe('an answer to a query', () => {
  const keys = makeKeys();
  const merchant = {
    merchant_id: '5399355381712172',
    private_key: keys.merchant.private_key,
    platform_public_key: keys.platform.public_key,
    notify_url: 'http://127.0.0.1:9/notify',
  };
  const good = { mch_trade_id: 'copy.1', trade_state: 0, total_fee: 221 };

  test.each([
    [good, 0, null],
    [{ ...good, mch_trade_id: 'copy.2' }, 0, 'the answer is about another order'],
    [{ ...good, trade_state: 2 }, 0, 'trade_state 2 of a paid order'],
    [{ ...good, total_fee: 220 }, 0, 'the amount is another one'],
    [good, 301, 'code 301 in a signed answer'],
  ])('%j with code %i: %s', async (data, code, problem) => {
    const calls = new MerchantCalls(merchant);
    const call = await calls.query('copy.1');
    expect(calls.answerProblem(call, signedBy(keys.platform.private_key, { code, data }))).toBe(problem);
    const forged = signedBy(keys.wechat.private_key, { code, data });
    expect(calls.answerProblem(call, forged)).toBe('signature is wrong');
  });
});

test('the query reference answers for paid orders alone, and to their merchant', async () => {
  const { bench, gateway } = world;
  const gateway_url = await gateway.freshDatabase('gateway');
  const plan = planOf({ shares: { paid: 1 }, orders: 20, undecided: 3, merchant_every: 1 });
  await copyOrders(gateway_url, originals, plan, () => undefined);
  const database_url = await bench.server.freshDatabase('reference');
  await fillQueryReference(gateway_url, database_url);
  const { merchant_id } = gateway.merchant;
  const program = await startQueryReference({ keys: bench.keys, merchant_id, database_url, environment: {} });
  try {
    const calls = new MerchantCalls({ ...gateway.merchant, platform_public_key: program.platform_public_key });
    const ask = async (mch_trade_id: string, by = calls): Promise<string> => {
      const { path, token } = await by.query(mch_trade_id);
      return (await fetch(program.url + path, { method: 'POST', body: token })).text();
    };
    const [first = '', last = ''] = [paidNumbers(plan, 20)[0], paidNumbers(plan, 20).at(-1)];
    const answers = await Promise.all([first, last, first].map((number) => ask(number)));
    for (const [index, number] of [first, last, first].entries()) {
      expect(calls.answerProblem(await calls.query(number), answers[index] ?? '')).toBeNull();
    }
    const failed = '{"code":600,"msg":"failed"}';
    expect(await ask('copy.20')).toBe(failed);
    const stranger = new MerchantCalls({ ...gateway.merchant, private_key: bench.keys.wechat.private_key });
    expect(await ask(first, stranger)).toBe(failed);
  } finally {
    await program.stop();
  }
});

test('the scenario measures both programs on the same requests, without an error', async () => {
  const { bench, gateway } = world;
  const report = await measureQuery(bench, { ...TINY, orders: 50, gateway, environment: {} });
  expect(report.errors).toEqual([]);
  const { medians, ratios } = report.figures as {
    medians: { program: string; in_flight: number; per_second: number }[];
    ratios: { in_flight: number; per_second: number; cpu_per_call: number }[];
  };
  expect(medians.map(({ program, in_flight }) => [program, in_flight])).toEqual([
    ['reference', 4],
    ['gateway', 4],
  ]);
  const [reference, measured] = medians;
  expect(reference?.per_second).toBeGreaterThan(0);
  expect(ratios[0]?.per_second).toBeCloseTo((measured?.per_second ?? 0) / (reference?.per_second ?? 0));
  expect(report.verdicts.map(({ figure }) => figure)).toEqual(["queries/s by the reference's, 4 in flight"]);
}, 60_000);
