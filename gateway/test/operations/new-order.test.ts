/** How long a new order can be paid, and when it is asked about. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { implementationOf } from '../../src/channels/registry.ts';
import { nextCheckAt } from '../../src/operations/apply-channel-result.ts';
import { assertLifetime, newOrder } from '../../src/operations/pay.ts';
import { routeOf } from '../../src/operations/choose-route.ts';
import type { NewOrder } from '../../src/storage/orders.ts';
import { anOrder } from '../domain/samples.ts';
import { insertOrder, NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';
import { askingGateway } from './asking-gateway.ts';

const HOUR_MS = 3_600_000;

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

/** An order of wechat.scan, which can be paid for two hours, as its merchant asks for it. */
function asked(time_expire_ms: number | null, mch_trade_id = 'shop.1'): NewOrder {
  const order = anOrder({ pay_type: 'wechat.scan', channel: 'wechat' });
  const request = {
    pay_type: implementationOf(order),
    mch_trade_id,
    total_fee: 100,
    nonce: null,
    notify_url: null,
    time_expire: time_expire_ms === null ? null : time_expire_ms / 1_000,
    fields: {},
  };
  return newOrder(askingGateway(opened, NOW_MS).gateway, request, routeOf(order));
}

describe('a new order', () => {
  test.each([
    ['what its merchant asks for', NOW_MS + HOUR_MS, HOUR_MS],
    ['what its channel allows, when its merchant asks for more', NOW_MS + 3 * HOUR_MS, 2 * HOUR_MS],
    ['what its channel allows, when its merchant asks for nothing', null, 2 * HOUR_MS],
  ])('can be paid for %s', (_what, time_expire_ms, lifetime_ms) => {
    expect(asked(time_expire_ms).expires_at_ms).toBe(NOW_MS + lifetime_ms);
  });

  test('that has less than a minute is refused', async () => {
    const { gateway } = askingGateway(opened, NOW_MS);
    await expect(assertLifetime(gateway, asked(NOW_MS + 60_000))).resolves.toBeUndefined();
    await expect(assertLifetime(gateway, asked(NOW_MS + 59_000))).rejects.toMatchObject({
      code_name: 'malformed_field',
    });
  });

  test('that had its minute when it came first is not refused when it comes again in its last one', async () => {
    const { gateway } = askingGateway(opened, NOW_MS);
    const { mch_trade_id } = await insertOrder(opened.store);
    const again = { ...asked(NOW_MS + 59_000, mch_trade_id), merchant_id: '1000000000000001' };
    await expect(assertLifetime(gateway, again)).resolves.toBeUndefined();
  });
});

describe('the next question about an order', () => {
  const order = anOrder({ state: 'undecided', placement: 'accepted', check_count: 3 });

  test('is not put off beyond its time: then it is to be closed', () => {
    const almost_ms = order.expires_at_ms - 10_000;
    expect(nextCheckAt(order, almost_ms)).toBe(order.expires_at_ms);
  });

  test('follows its schedule before, and after its time was up', () => {
    expect(nextCheckAt(order, order.created_at_ms)).toBe(order.created_at_ms + 5 * 60_000);
    expect(nextCheckAt(order, order.expires_at_ms)).toBe(order.expires_at_ms + 5 * 60_000);
  });
});
