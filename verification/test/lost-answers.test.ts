import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openJwt, type Json } from '../merchant.ts';
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

function newNumber(): string {
  numbers += 1;
  return `lost.${numbers}`;
}

type Order = Json & { mch_trade_id: string };

function order(fields: Json = {}): Order {
  const mch_trade_id = newNumber();
  return {
    pay_type: 'wechat.scan',
    mch_trade_id,
    total_fee: 100,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
    notify_url: world.notify.url(`/${mch_trade_id}`),
    ...fields,
  };
}

async function inject(channel: string, operation: string, fault: string, more: Json = {}): Promise<void> {
  expect(
    await world.control('POST', '/control/faults', { channel, operation, fault, count: 1, ...more }),
  ).toMatchObject({ status: expect.any(Number) });
}

async function ledger(out_trade_no: unknown): Promise<Json[]> {
  const entries = (await world.control('GET', '/control/ledger')).body['entries'] as Json[];
  return entries.filter((entry) => entry['out_trade_no'] === out_trade_no);
}

async function tradeId(mch_trade_id: string): Promise<unknown> {
  const query = await world.merchant.call('/v2/pay/query', { mch_trade_id });
  return query.data['trade_id'];
}

async function paid(fields: Json = {}): Promise<Order> {
  const claims = order(fields);
  const placed = await world.merchant.call('/v2/pay', claims);
  expect(placed.code).toBe(0);
  await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
  await world.notify.waitFor(`/${claims.mch_trade_id}`);
  return claims;
}

describe.each(['wechat', 'alipay'])(
  '%s: an answer that is lost or cannot be believed is never a failure',
  (channel) => {
    const pay_type = `${channel}.scan`;

    it.each([
      'timeout_after',
      'timeout_before',
      'connection_reset',
      'http_500',
      'system_error',
      'bad_signature',
      'garbage',
    ])(
      '%s on the order: 601, undecided, and the same request then answers the code of one and the same order',
      async (fault) => {
        const claims = order({ pay_type });
        await inject(channel, 'pay', fault);
        const lost = await world.merchant.call('/v2/pay', claims);
        expect({ status: lost.status, code: lost.code }).toEqual({ status: 200, code: 601 });
        const again = await world.merchant.call('/v2/pay', claims);
        expect(again).toMatchObject({ code: 0, data: { mch_trade_id: claims.mch_trade_id } });
        const scanned = await world.control('POST', '/control/scan', { code: again.data['code_url'], action: 'pay' });
        expect(scanned.body).toMatchObject({ out_trade_no: again.data['trade_id'] });
        const [told] = await world.notify.waitFor(`/${claims.mch_trade_id}`);
        expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
          data: { trade_state: 0, trade_id: again.data['trade_id'] },
        });
        expect((await ledger(again.data['trade_id'])).filter((entry) => entry['kind'] === 'payment')).toHaveLength(1);
      },
    );

    it('a dropped callback: the merchant’s query asks the channel, and the merchant is notified once', async () => {
      const claims = order({ pay_type });
      const placed = await world.merchant.call('/v2/pay', claims);
      await inject(channel, 'callback', 'drop');
      await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
      const state = await eventually(async () => {
        const query = await world.merchant.call('/v2/pay/query', { mch_trade_id: claims.mch_trade_id });
        return query.data['trade_state'] === 0 ? query : null;
      });
      expect(state.data).toMatchObject({ trade_state: 0, trade_info: '支付成功, ' });
      expect(await world.notify.waitFor(`/${claims.mch_trade_id}`)).toHaveLength(1);
    });

    it('a callback sent twice, and again by hand: one notification', async () => {
      const claims = order({ pay_type });
      const placed = await world.merchant.call('/v2/pay', claims);
      await inject(channel, 'callback', 'duplicate');
      await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
      await world.notify.waitFor(`/${claims.mch_trade_id}`);
      const resent = await world.control('POST', '/control/callback', { out_trade_no: placed.data['trade_id'] });
      expect(resent.status).toBe(200);
      await eventually(async () => (await callbackCount(channel)) >= 3);
      expect(await notificationCount(placed.data['trade_id'])).toBe(1);
    });

    it('a refund whose answer is lost: 601, reserved, shown as it stands, done once, told once', async () => {
      const claims = await paid({ pay_type });
      const refund = {
        mch_trade_id: claims.mch_trade_id,
        mch_refund_id: newNumber(),
        refund_fee: 60,
        refund_desc: 'x',
        notify_url: world.notify.url(`/refund/${claims.mch_trade_id}`),
      };
      await inject(channel, 'refund', 'timeout_after');
      // Alipay's adapter asks the refund query by itself, so that it may know already.
      const expected = channel === 'alipay' ? [0, 601] : [601];
      expect(expected).toContain((await world.merchant.call('/v2/pay/refund', refund)).code);
      const over = await world.merchant.call('/v2/pay/refund', { ...refund, mch_refund_id: newNumber() });
      expect(over).toMatchObject({ code: 303, msg: expect.stringContaining('40 fen') });
      expect(await world.merchant.call('/v2/pay/refund', refund)).toMatchObject({
        code: 0,
        data: { refunds: { refund_fee: 60 } },
      });
      await world.sql('UPDATE jobs SET run_at_ms = 0 WHERE kind = $1', ['refund']);
      const [told] = await world.notify.waitFor(`/refund/${claims.mch_trade_id}`);
      expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
        data: { refunds: { refund_status: 0, refund_fee: 60 } },
      });
      const refunds = (await ledger(await tradeId(claims.mch_trade_id))).filter((entry) => entry['kind'] === 'refund');
      expect(refunds.map((entry) => entry['amount'])).toEqual([60]);
    });

    it('a refund that never arrived is sent by the resolver under the same number', async () => {
      const claims = await paid({ pay_type });
      const refund = {
        mch_trade_id: claims.mch_trade_id,
        mch_refund_id: newNumber(),
        refund_fee: 60,
        refund_desc: 'x',
        notify_url: world.notify.url(`/refund/${claims.mch_trade_id}`),
      };
      await inject(channel, 'refund', 'timeout_before');
      expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(601);
      await world.sql('UPDATE jobs SET run_at_ms = 0 WHERE kind = $1', ['refund']);
      await world.notify.waitFor(`/refund/${claims.mch_trade_id}`);
      const asked = await world.merchant.call('/v2/pay/refund_query', { mch_refund_id: refund.mch_refund_id });
      expect(asked.data).toMatchObject({ trade_state: 1, refunds: { refund_status: 0 } });
    });
  },
);

async function callbackCount(channel: string): Promise<number> {
  const text = await (await fetch(`${world.url}/metrics`)).text();
  const match = new RegExp(`heliu_channel_callbacks_total\\{channel="${channel}",result="applied"\\} (\\d+)`).exec(
    text,
  );
  return Number(match?.[1] ?? 0);
}

async function notificationCount(trade_id: unknown): Promise<number> {
  const rows = await world.sql<{ count: string }>('SELECT count(*) FROM notifications WHERE trade_id = $1', [trade_id]);
  return Number(rows[0]?.count);
}

describe('the same number again', () => {
  it('with the same parameters while undecided answers what the first call answered, and places nothing more', async () => {
    const claims = order();
    const first = await world.merchant.call('/v2/pay', claims);
    const second = await world.merchant.call('/v2/pay', claims);
    expect(second.data).toEqual(first.data);
    expect((await ledger(first.data['trade_id'])).filter((entry) => entry['kind'] === 'order')).toHaveLength(1);
  });

  it('eight times at once: one order at the channel, one answer for all', async () => {
    const claims = order();
    const answers = await Promise.all(Array.from({ length: 8 }, () => world.merchant.call('/v2/pay', claims)));
    expect(
      new Set(
        answers.map((answer) => `${answer.code} ${String(answer.data['trade_id'])} ${String(answer.data['code_url'])}`),
      ).size,
    ).toBe(1);
    expect(answers[0]?.code).toBe(0);
    expect((await ledger(answers[0]?.data['trade_id'])).filter((entry) => entry['kind'] === 'order')).toHaveLength(1);
  });

  it.each([
    ['total_fee', 101],
    ['body', 'other'],
    ['attach', 'other'],
    ['pay_type', 'alipay.scan'],
  ])('with another %s: 107', async (name, value) => {
    const claims = order();
    expect((await world.merchant.call('/v2/pay', claims)).code).toBe(0);
    expect(await world.merchant.call('/v2/pay', { ...claims, [name]: value })).toMatchObject({
      code: 107,
      msg: expect.stringContaining('other parameters'),
    });
  });

  it('once paid: 107', async () => {
    const claims = await paid();
    expect(await world.merchant.call('/v2/pay', claims)).toMatchObject({
      code: 107,
      msg: expect.stringContaining('paid'),
    });
  });

  it('a refused order answers 600 with the channel’s reason and is decided', async () => {
    const claims = order({ pay_type: 'alipay.scan', body: 'x', time_expire: Math.floor(Date.now() / 1000) + 300 });
    await inject('alipay', 'pay', 'timeout_before');
    expect((await world.merchant.call('/v2/pay', claims)).code).toBe(601);
    expect((await world.merchant.call('/v2/pay', claims)).code).toBe(0);
  });
});

describe('refunds never exceed what was paid', () => {
  it('ten at once of 30 on 100: three succeed, the others are told what is left', async () => {
    const claims = await paid();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        world.merchant.call('/v2/pay/refund', {
          mch_trade_id: claims.mch_trade_id,
          mch_refund_id: newNumber(),
          refund_fee: 30,
          refund_desc: 'x',
        }),
      ),
    );
    expect(answers.map((answer) => answer.code).toSorted((a, b) => a - b)).toEqual([
      0, 0, 0, 303, 303, 303, 303, 303, 303, 303,
    ]);
    const sums = await world.sql(
      'SELECT refunded_fen + refund_reserved_fen AS sum FROM orders WHERE mch_trade_id = $1',
      [claims.mch_trade_id],
    );
    expect(sums).toEqual([{ sum: '90' }]);
  });

  it('the same refund at once, five times: one refund', async () => {
    const claims = await paid();
    const refund = { mch_trade_id: claims.mch_trade_id, mch_refund_id: newNumber(), refund_fee: 30, refund_desc: 'x' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => world.merchant.call('/v2/pay/refund', refund)));
    expect(answers.map((answer) => answer.code)).toEqual([0, 0, 0, 0, 0]);
    const refunds = (await ledger(await tradeId(claims.mch_trade_id))).filter((entry) => entry['kind'] === 'refund');
    expect(refunds.length).toBeLessThanOrEqual(1);
    expect(
      await world.sql('SELECT refund_fen FROM refunds WHERE mch_refund_id = $1', [refund.mch_refund_id]),
    ).toHaveLength(1);
  });

  it('the same number with other parameters: 304', async () => {
    const claims = await paid();
    const refund = { mch_trade_id: claims.mch_trade_id, mch_refund_id: newNumber(), refund_fee: 30, refund_desc: 'x' };
    expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(0);
    for (const change of [{ refund_fee: 31 }, { refund_desc: 'y' }, { notify_url: world.notify.url('/z') }]) {
      expect((await world.merchant.call('/v2/pay/refund', { ...refund, ...change })).code).toBe(304);
    }
  });

  it('a definite refusal answers 600, releases the amount, and the same number may be sent again', async () => {
    const claims = await paid({ pay_type: 'alipay.scan' });
    const refund = {
      mch_trade_id: claims.mch_trade_id,
      mch_refund_id: newNumber(),
      refund_fee: 100,
      refund_desc: 'TRADE_NOT_ALLOW_REFUND',
    };
    expect(await world.merchant.call('/v2/pay/refund', refund)).toMatchObject({
      code: 600,
      msg: expect.stringContaining('ACQ.TRADE_NOT_ALLOW_REFUND'),
    });
    expect((await world.merchant.call('/v2/pay/query', { mch_trade_id: claims.mch_trade_id })).data).toMatchObject({
      trade_state: 0,
      refunding_fee: 0,
    });
    expect((await world.merchant.call('/v2/pay/refund', refund)).code).toBe(600);
    const other = { ...refund, mch_refund_id: newNumber(), refund_desc: 'fine' };
    expect(await world.merchant.call('/v2/pay/refund', other)).toMatchObject({
      code: 0,
      data: { trade_state: 1, refunds: { refund_status: 0 } },
    });
  });

  it('more than fifty refunds of one order: 305', async () => {
    const claims = await paid();
    await world.sql('UPDATE orders SET refund_count = 50 WHERE mch_trade_id = $1', [claims.mch_trade_id]);
    expect(
      (
        await world.merchant.call('/v2/pay/refund', {
          mch_trade_id: claims.mch_trade_id,
          mch_refund_id: newNumber(),
          refund_fee: 1,
          refund_desc: 'x',
        })
      ).code,
    ).toBe(305);
  });
});

describe('restart', () => {
  it('a gateway that is stopped before it could notify goes on after its start', async () => {
    world.notify.answer = { status: 500, body: 'busy' };
    const claims = order();
    const placed = await world.merchant.call('/v2/pay', claims);
    await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
    await world.notify.waitFor(`/${claims.mch_trade_id}`);
    await world.restartGateway();
    world.notify.answer = { status: 200, body: 'SUCCESS\n' };
    await world.sql('UPDATE jobs SET run_at_ms = 0 WHERE kind = $1', ['notification']);
    const [first, second] = await world.notify.waitFor(`/${claims.mch_trade_id}`, 2);
    expect(second?.token).toBe(first?.token);
    const rows = await eventually(async () => {
      const found = await world.sql<{ state: string }>(
        "SELECT state FROM notifications WHERE trade_id = $1 AND state = 'delivered'",
        [placed.data['trade_id']],
      );
      return found.length === 1 ? found : null;
    });
    expect(rows).toEqual([{ state: 'delivered' }]);
  });
});
