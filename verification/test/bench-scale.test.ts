import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NoRoom, assertRoom } from '../bench/copies/disk.ts';
import { runSql } from '../bench/database-server.ts';
import type { StatementPlan } from '../bench/request-plans.ts';
import { readWhole, scanProblems } from '../bench/scale-round.ts';
import { measureScale, planProblems } from '../bench/scenarios/scale.ts';
import { openBenchWorld, TINY } from './bench-world.ts';
import type { BenchWorld } from './bench-world.ts';

describe('scale', () => {
  let world: BenchWorld;
  beforeAll(async () => {
    world = await openBenchWorld();
  }, 60_000);
  afterAll(() => world.close());

  test('measures orders, queries and claims on both databases, and explains the statements', async () => {
    const lines: string[] = [];
    const { bench, gateway } = world;
    const options = { ...TINY, in_flight: 4, rows: 1_000, gateway, progress: (line: string) => lines.push(line) };
    const report = await measureScale(bench, options);
    expect(report.errors).toEqual([]);
    const { medians, copied, plans } = report.figures as {
      medians: { work: string; empty: { p99_ms: number }; full: { p99_ms: number }; p99_ratio: number }[];
      copied: { rows: number };
      plans: StatementPlan[];
    };
    expect(medians.map(({ work }) => work)).toEqual(['orders', 'queries', 'claims']);
    for (const { empty, full, p99_ratio } of medians) {
      expect(p99_ratio).toBeCloseTo(full.p99_ms / empty.p99_ms);
      expect(full.p99_ms).toBeGreaterThan(0);
    }
    expect(copied.rows).toBeGreaterThan(5_000);
    expect(report.verdicts.map(({ target }) => target)).toEqual(['≤ 1.3', '≤ 1.3', '≤ 1.3']);
    const indexes = Object.fromEntries(plans.map((plan) => [plan.statement, plan.indexes]));
    expect(indexes['claim_jobs']).toContain('jobs_due');
    expect(indexes['orders_by_numbers_once']).toContain('orders_merchant_id_mch_trade_id_key');
    expect(Object.keys(indexes)).toEqual(
      expect.arrayContaining([
        'insert_orders',
        'save_orders',
        'save_orders_lean',
        'reserve_refund',
        'claim_notifications',
      ]),
    );
    expect(plans.find((plan) => plan.statement === 'claim_jobs')?.most_rows_read).toBeGreaterThan(0);
    // As many orders as were asked for are on the full database, beside those that were placed while measuring.
    const filled = bench.server.url('filled');
    expect(
      await runSql(filled, `SELECT count(*)::integer AS count FROM orders WHERE mch_trade_id LIKE 'copy.%'`),
    ).toEqual([{ count: 1_000 }]);
    expect(lines.some((line) => /rows in \d+ s/.test(line))).toBe(true);
  }, 120_000);

  test('notices a table that is read whole while requests are served', async () => {
    const url = await world.gateway.freshDatabase('watched');
    const before = await readWhole(url);
    expect(scanProblems('full', before, await readWhole(url))).toEqual([]);
    await runSql(url, 'SELECT count(*) FROM order_events');
    await expect
      .poll(async () => scanProblems('full', before, await readWhole(url)))
      .toEqual(['full: order_events was read whole 1 times while requests were served']);
  });

  test('leaves nothing on the disk', async () => {
    const another = await openBenchWorld();
    const { folder } = another.bench.server;
    expect(existsSync(folder)).toBe(true);
    await another.close();
    expect(existsSync(folder)).toBe(false);
  }, 60_000);
});

test('a plan that reads a growing table whole, or takes thousands of rows, is an error by name', () => {
  const plan = { statement: 'order_by_number', indexes: [], read_whole: [], most_rows_read: 1 };
  expect(planProblems([plan])).toEqual([]);
  expect(planProblems([{ ...plan, read_whole: ['config_state', 'orders'] }])).toEqual([
    'order_by_number reads orders whole',
  ]);
  expect(planProblems([{ ...plan, most_rows_read: 5_000 }])).toEqual(['order_by_number takes 5000 rows in one step']);
});

describe('room on the disk', () => {
  test('is looked for before anything is written; the message says what is needed, what there is and what helps', async () => {
    const refusal = assertRoom('/data', 5_000_000, 20e9);
    await expect(refusal).rejects.toThrow(NoRoom);
    await expect(refusal).rejects.toThrow(
      /^5,000,000 orders need about \d+\.\d GB in \/data, where 20\.0 GB are free: take fewer by --rows, or set TMPDIR/,
    );
  });

  test('is there for a few, and never for more than any disk holds', async () => {
    await expect(assertRoom(tmpdir(), 100)).resolves.toBeUndefined();
    await expect(assertRoom(tmpdir(), 1e12)).rejects.toThrow(NoRoom);
  });
});
