import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

afterEach(async () => {
  await world.control('DELETE', '/control/faults');
});

function order(): Json & { mch_trade_id: string } {
  numbers += 1;
  return {
    pay_type: 'wechat.scan',
    mch_trade_id: `awkward.${numbers}`,
    total_fee: 100,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
  };
}

async function inject(operation: string, fault: string, delay_ms?: number): Promise<void> {
  const more = delay_ms === undefined ? {} : { delay_ms };
  expect(
    (await world.control('POST', '/control/faults', { channel: 'wechat', operation, fault, count: 1, ...more })).status,
  ).toBeLessThan(300);
}

async function paid(): Promise<string> {
  const claims = order();
  const placed = await world.merchant.call('/v2/pay', claims);
  await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
  await eventually(
    async () =>
      (await world.merchant.call('/v2/pay/query', { mch_trade_id: claims.mch_trade_id })).data['trade_state'] === 0,
  );
  return claims.mch_trade_id;
}

describe('nobody is shown a code that must not be paid', () => {
  it('an order that was closed while the channel was answering is 302, without a code', async () => {
    const claims = order();
    await inject('pay', 'slow', 400);
    const placing = world.merchant.call('/v2/pay', claims);
    await eventually(async () => {
      const closed = await world.sql(
        "UPDATE orders SET state = 'closed', version = version + 1 WHERE mch_trade_id = $1 RETURNING trade_id",
        [claims.mch_trade_id],
      );
      return closed.length === 1;
    });
    expect(await placing).toMatchObject({ code: 302, msg: expect.stringContaining('closed') });
  });
});

describe('a retry is never told that nothing was placed', () => {
  it('when its route has been disabled since', async () => {
    const claims = order();
    await inject('pay', 'timeout_after');
    expect((await world.merchant.call('/v2/pay', claims)).code).toBe(601);
    const change = (enabled: boolean): Promise<unknown> =>
      world.sql(
        `WITH raised AS (UPDATE config_state SET version = version + 1 RETURNING version)
         UPDATE routes SET enabled = $1, config_version = raised.version FROM raised WHERE pay_type = 'wechat.scan'`,
        [enabled],
      );
    await change(false);
    await eventually(async () => (await world.merchant.call('/v2/pay', order())).code === 202);
    expect(await world.merchant.call('/v2/pay', claims)).toMatchObject({
      code: 0,
      data: { mch_trade_id: claims.mch_trade_id },
    });
    await change(true);
    await eventually(async () => (await world.merchant.call('/v2/pay', order())).code === 0);
  });
});

describe('a till that asks every moment', () => {
  it('does not push the resolver’s own question away', async () => {
    const claims = order();
    await world.merchant.call('/v2/pay', claims);
    const due = async (): Promise<unknown> =>
      (
        await world.sql(
          'SELECT j.run_at_ms FROM jobs j JOIN orders o ON o.trade_id = j.subject_id WHERE o.mch_trade_id = $1',
          [claims.mch_trade_id],
        )
      )[0];
    const before = await due();
    for (let times = 0; times < 4; times += 1) {
      await world.sql('UPDATE orders SET checked_at_ms = 0 WHERE mch_trade_id = $1', [claims.mch_trade_id]);
      await world.merchant.call('/v2/pay/query', { mch_trade_id: claims.mch_trade_id });
    }
    expect(await due()).toEqual(before);
  });
});

describe('an account that cannot be used', () => {
  it('answers 1500 when its secrets were stored with another master key', async () => {
    const turned = (by: number): Promise<unknown> =>
      world.sql(
        `WITH raised AS (UPDATE config_state SET version = version + 1 RETURNING version)
         UPDATE channel_accounts SET secrets_sealed = set_byte(secrets_sealed, 20, (get_byte(secrets_sealed, 20) + $1) % 256),
           config_version = raised.version FROM raised WHERE channel = 'wechat'`,
        [by],
      );
    await turned(1);
    await eventually(async () => (await world.merchant.call('/v2/pay', order())).code !== 0);
    expect(await world.merchant.call('/v2/pay', order())).toMatchObject({ code: 1500 });
    await turned(255);
    await eventually(async () => (await world.merchant.call('/v2/pay', order())).code === 0);
  });

  it('answers a refund 1500 before anything is recorded', async () => {
    const mch_trade_id = await paid();
    const broken = (broken_secret: boolean): Promise<unknown> =>
      world.sql(
        `WITH raised AS (UPDATE config_state SET version = version + 1 RETURNING version)
         UPDATE channel_accounts SET settings = CASE WHEN $1 THEN settings || '{"mchid": 7}' ELSE settings || jsonb_build_object('mchid', $2::text) END,
           config_version = raised.version FROM raised WHERE channel = 'wechat'`,
        [broken_secret, world.simulators.wechat.sp_mchid],
      );
    await broken(true);
    const refund = { mch_trade_id, mch_refund_id: `${mch_trade_id}.r`, refund_fee: 10, refund_desc: 'x' };
    await eventually(async () => (await world.merchant.call('/v2/pay', order())).code === 1500);
    expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(1500);
    expect(await world.sql('SELECT refund_id FROM refunds WHERE mch_refund_id = $1', [refund.mch_refund_id])).toEqual(
      [],
    );
    await broken(false);
    await eventually(async () => (await world.merchant.call('/v2/pay', order())).code === 0);
    expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(0);
  });
});

describe('a flood of logins', () => {
  it('is turned away before it costs anything, and orders go on', async () => {
    const attempts = Array.from({ length: 40 }, () =>
      fetch(`${world.url}/web/user/session/login_name`, {
        method: 'POST',
        body: JSON.stringify({ login_name: 'nobody', password: 'x'.repeat(12) }),
      }),
    );
    const placed = await world.merchant.call('/v2/pay', order());
    const statuses = (await Promise.all(attempts)).map((answer) => answer.status);
    expect(placed.code).toBe(0);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(30);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
  });
});
