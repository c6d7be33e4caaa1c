import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PAY_TYPES } from '../../gateway/src/channels/registry.ts';
import { makeKeys } from '../bench/keys.ts';
import { MerchantCalls } from '../bench/merchant-calls.ts';
import { benchPayTypes, wechatScan } from '../bench/pay-types.ts';
import { startReference } from '../bench/program.ts';
import { measureOrders } from '../bench/scenarios/orders.ts';
import { ALIPAY_ORDERS, WECHAT_ORDERS, alipayAnswer, openSigner, wechatAnswer } from '../bench/stub-answers.ts';
import type { StubEndpoint } from '../bench/stub-answers.ts';
import { openBenchWorld, TINY } from './bench-world.ts';
import type { BenchWorld } from './bench-world.ts';

describe('the channel stub', () => {
  const keys = makeKeys();
  const signer = openSigner({
    wechat_private_key: keys.wechat.private_key,
    wechat_serial: keys.wechat_serial,
    alipay_private_key: keys.alipay.private_key,
  });
  const order = { out_trade_no: 'a'.repeat(24), total_amount: '2.21', amount: { total: 221 } };
  const bodyOf = (endpoint: StubEndpoint): Readonly<Record<string, unknown>> =>
    endpoint.kind === 'premade' ? endpoint.body() : endpoint.body(order);

  test.each([...WECHAT_ORDERS])('signs its answer to %s as WeChat Pay does', async (_name, endpoint) => {
    const { headers, body } = await wechatAnswer(signer, 200, JSON.stringify(bodyOf(endpoint)));
    const message = Buffer.from(`${headers['Wechatpay-Timestamp']}\n${headers['Wechatpay-Nonce']}\n${body}\n`);
    const signature = Buffer.from(headers['Wechatpay-Signature'] ?? '', 'base64');
    expect(verify('sha256', message, createPublicKey(keys.wechat.public_key), signature)).toBe(true);
    expect(headers['Wechatpay-Serial']).toBe(keys.wechat_serial);
    // Only what has to name the order waits for its number; the others are signed beforehand.
    expect(body.includes(order.out_trade_no)).toBe(endpoint.kind === 'by_number');
  });

  test.each([...ALIPAY_ORDERS])('signs its answer to %s as Alipay does', async (method, endpoint) => {
    const { body } = await alipayAnswer(signer, method, bodyOf(endpoint));
    const found = /^\{"(\w+)":(\{.*\}),"sign":"([^"]+)"\}$/.exec(body);
    expect(found?.[1]).toBe(`${method.replaceAll('.', '_')}_response`);
    const signature = Buffer.from(found?.[3] ?? '', 'base64');
    expect(verify('sha256', Buffer.from(found?.[2] ?? ''), createPublicKey(keys.alipay.public_key), signature)).toBe(
      true,
    );
    expect(JSON.parse(found?.[2] ?? '')).toMatchObject({ out_trade_no: order.out_trade_no });
  });
});

/** Transfers have a scenario of their own. */
const BUT_TRANSFERS = [...PAY_TYPES.keys()].filter((code) => code !== 'ecp.transfer');

test('a request of every pay type holds what its rules require, and its answer is read', async () => {
  // A payment code is measured in each wallet.
  expect(new Set(benchPayTypes().map(({ code }) => code))).toEqual(new Set(BUT_TRANSFERS));
  const implementations = BUT_TRANSFERS.flatMap((code) => PAY_TYPES.get(code) ?? []);
  expect(benchPayTypes()).toHaveLength(implementations.length);
  const keys = makeKeys();
  const calls = new MerchantCalls({
    merchant_id: '5399355381712172',
    private_key: keys.merchant.private_key,
    platform_public_key: keys.platform.public_key,
    notify_url: 'http://127.0.0.1:9/notify',
  });
  for (const pay_type of benchPayTypes()) {
    const { token } = await calls.order(pay_type);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      unknown
    >;
    expect(claims['pay_type']).toBe(pay_type.code);
    for (const [name, rule] of Object.entries(PAY_TYPES.get(pay_type.code)?.[0].fields ?? {})) {
      if (rule.required) expect(rule.check?.(String(claims[name])) ?? null).toBeNull();
    }
  }
});

describe('orders of all pay types', () => {
  let world: BenchWorld;
  beforeAll(async () => {
    world = await openBenchWorld();
  }, 60_000);
  afterAll(() => world.close());

  const measure = () => {
    const { bench, gateway } = world;
    const { merchant_id } = gateway.merchant;
    return measureOrders(bench, {
      ...TINY,
      merchant: gateway.merchant,
      startReference: async () => {
        const database_url = await bench.server.freshDatabase('reference');
        const { keys, channel_url } = bench;
        return startReference({ keys, merchant_id, database_url, channel_url, environment: {} });
      },
      startGateway: () => gateway.startFresh('all'),
      mixed: benchPayTypes(),
    });
  };

  test('are measured apart from those of wechat.scan, each type by itself', async () => {
    const report = await measure();
    expect(report.errors).toEqual([]);
    const { medians, ratios } = report.figures as {
      medians: { program: string; by_pay_type: Record<string, { succeeded: number; p50_ms: number }> }[];
      ratios: Record<string, unknown>;
    };
    expect(medians.map(({ program }) => program)).toEqual(['reference', 'gateway', 'gateway, mixed']);
    const [, scan, mixed] = medians;
    expect(Object.keys(scan?.by_pay_type ?? {})).toEqual(['wechat.scan']);
    expect(Object.keys(mixed?.by_pay_type ?? {}).toSorted()).toEqual(BUT_TRANSFERS.toSorted());
    for (const one of Object.values(mixed?.by_pay_type ?? {})) expect(one.succeeded).toBeGreaterThan(0);
    expect(Object.keys(ratios)).toEqual(['gateway', 'gateway, mixed']);
    expect(report.verdicts.every(({ figure }) => !figure.includes('mixed'))).toBe(true);
  }, 60_000);

  test('reach the channel at the endpoints of their types', async () => {
    const { by_endpoint, unsigned } = await world.bench.stubCounts();
    expect(by_endpoint).toMatchObject({
      native: expect.any(Number),
      'alipay.trade.precreate': expect.any(Number),
    });
    expect(unsigned).toBe(0);
  });

  test('fail the run when an answer lacks what its type promises', async () => {
    const { bench, gateway } = world;
    const program = await gateway.startFresh('all');
    try {
      const wrong = { ...wechatScan(), reply: { field: 'code_url', begins: 'https://elsewhere/' } };
      await bench.prepare('wrong', 60, gateway.merchant, { kind: 'orders', pay_types: [wrong] });
      const { url, platform_public_key } = program;
      const load = await bench.closedLoop({
        stock: 'wrong',
        url,
        skip: 0,
        seconds: 20,
        in_flight: 4,
        platform_public_key,
      });
      expect(load.errors).toEqual({ 'no code_url in the answer': 2 });
    } finally {
      await program.stop();
    }
  }, 60_000);
});
