import { afterAll, beforeAll, expect, it } from 'vitest';
import { openJwt } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

it('a refund that is stuck at the channel stays reserved, is told once, and is asked about ever more rarely', async () => {
  const placed = await world.merchant.call('/v2/pay', {
    pay_type: 'wechat.scan',
    mch_trade_id: 'stuck.1',
    total_fee: 100,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
    notify_url: world.notify.url('/paid'),
  });
  await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
  await world.notify.waitFor('/paid');
  const refund = {
    mch_trade_id: 'stuck.1',
    mch_refund_id: 'stuck.1.r',
    refund_fee: 40,
    refund_desc: 'ABNORMAL',
    notify_url: world.notify.url('/refunded'),
  };
  expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(0);
  const [told] = await world.notify.waitFor('/refunded');
  expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
    data: { refunds: { refund_status: 3 } },
  });

  // It has been asked about four times; the answer to the fifth question is the same.
  await world.sql("UPDATE jobs SET run_at_ms = 0, attempt = 4 WHERE kind = 'refund'");
  await eventually(async () => {
    const jobs = await world.sql('SELECT 1 FROM jobs WHERE kind = $1 AND attempt = 5 AND run_at_ms > $2', [
      'refund',
      Date.now() + 1_800_000,
    ]);
    return jobs.length === 1;
  });
  expect(await world.sql('SELECT state FROM refunds')).toEqual([{ state: 'abnormal' }]);
  expect(await world.sql('SELECT refund_reserved_fen FROM orders')).toEqual([{ refund_reserved_fen: '40' }]);
  expect(world.notify.received.filter((one) => one.path === '/refunded')).toHaveLength(1);
});
