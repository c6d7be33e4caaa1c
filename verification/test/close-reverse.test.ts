import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openJwt, type Json, type MerchantAnswer } from '../merchant.ts';
import { post, readUpstream } from '../upstream.ts';
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

type Claims = Json & { mch_trade_id: string };

async function placed(pay_type: string, total_fee = 100): Promise<Claims & { trade_id: string; code_url: string }> {
  numbers += 1;
  const mch_trade_id = `end.${numbers}`;
  const claims = {
    pay_type,
    mch_trade_id,
    total_fee,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
    notify_url: world.notify.url(`/${mch_trade_id}`),
  };
  const answer = await world.merchant.call('/v2/pay', claims);
  expect(answer.code).toBe(0);
  return { ...claims, trade_id: String(answer.data['trade_id']), code_url: String(answer.data['code_url']) };
}

async function paid(pay_type: string, total_fee = 100): Promise<Awaited<ReturnType<typeof placed>>> {
  const order = await placed(pay_type, total_fee);
  await scan(order.code_url);
  await world.notify.waitFor(`/${order.mch_trade_id}`);
  return order;
}

const scan = (code: string): Promise<{ status: number }> =>
  world.control('POST', '/control/scan', { code, action: 'pay' });
const ask = (verb: string, { mch_trade_id }: Claims): Promise<MerchantAnswer> =>
  world.merchant.call(`/v2/pay/${verb}`, { mch_trade_id });
const inject = (channel: string, operation: string, fault: string, count = 1): Promise<unknown> =>
  world.control('POST', '/control/faults', { channel, operation, fault, count });

async function ledger(out_trade_no: string, kind: string): Promise<unknown[]> {
  const entries = (await world.control('GET', '/control/ledger')).body['entries'] as Json[];
  return entries
    .filter((one) => one['out_trade_no'] === out_trade_no && one['kind'] === kind)
    .map((one) => one['amount']);
}

const stateOf = async (order: Claims): Promise<unknown> => (await ask('query', order)).data['trade_state'];
const notified = (order: Claims): number =>
  world.notify.received.filter((one) => one.path === `/${order.mch_trade_id}`).length;

describe.each(['wechat', 'alipay'])('%s', (channel) => {
  const pay_type = `${channel}.scan`;

  it('closes an unpaid order (3); nobody can pay it, and closing it again succeeds', async () => {
    const order = await placed(pay_type);
    const closed = await ask('close', order);
    expect(closed).toMatchObject({
      code: 0,
      signed: true,
      data: { mch_trade_id: order.mch_trade_id, trade_id: order.trade_id, trade_state: 3 },
    });
    expect(await stateOf(order)).toBe(3);
    expect((await ask('close', order)).code).toBe(0);
    // Alipay's code has no trade before somebody scans it: what is paid all the same goes back, unseen by the merchant.
    const scanned = await scan(order.code_url);
    if (scanned.status !== 200) expect(scanned.status).toBeGreaterThanOrEqual(400);
    else await eventually(async () => (await ledger(order.trade_id, 'refund')).length === 1);
    expect(await stateOf(order)).toBe(3);
    expect(notified(order)).toBe(0);
  });

  it('refuses to close a paid order, by name, and it stays paid', async () => {
    const order = await paid(pay_type);
    const refused = await ask('close', order);
    expect(refused).toMatchObject({
      code: 302,
      msg: 'the order is paid (trade_state 0): refund or reverse it instead',
    });
    expect(await stateOf(order)).toBe(0);
  });

  it('books a payment that it hears of first when it closes: the order is paid and the merchant told', async () => {
    const order = await placed(pay_type);
    await inject(channel, 'callback', 'drop');
    await scan(order.code_url);
    expect((await ask('close', order)).code).toBe(302);
    const [told] = await world.notify.waitFor(`/${order.mch_trade_id}`);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({ data: { trade_state: 0 } });
    expect(await stateOf(order)).toBe(0);
  });

  it.each(['timeout_before', 'timeout_after', 'http_500', 'bad_signature', 'connection_reset'])(
    'tells 601 when the answer to a close is lost (%s), and closes by itself',
    async (fault) => {
      const order = await placed(pay_type);
      if (channel === 'alipay') {
        // A trade has to be there for a close to be about one.
        await world.control('POST', '/control/scan', { code: order.code_url, action: 'cancel' });
      }
      await inject(channel, 'close', fault);
      expect((await ask('close', order)).code).toBe(601);
      await world.sql("UPDATE jobs SET run_at_ms = 0 WHERE kind = 'order' AND subject_id = $1", [order.trade_id]);
      await eventually(async () => {
        const [row] = await world.sql<Json>('SELECT state FROM orders WHERE trade_id = $1', [order.trade_id]);
        return row?.['state'] === 'closed';
      });
      expect(await world.sql("SELECT 1 FROM jobs WHERE kind = 'order' AND subject_id = $1", [order.trade_id])).toEqual(
        [],
      );
    },
  );

  it('reverses an unpaid order (5), again and again', async () => {
    const order = await placed(pay_type);
    expect(await ask('reverse', order)).toMatchObject({ code: 0, data: { trade_state: 5 } });
    expect((await ask('reverse', order)).code).toBe(0);
    expect(await stateOf(order)).toBe(5);
    expect(notified(order)).toBe(0);
  });

  it('reverses a paid order: the money goes back once, however often it is asked for', async () => {
    const order = await paid(pay_type);
    const answers = await Promise.all([ask('reverse', order), ask('reverse', order), ask('reverse', order)]);
    for (const answer of answers) expect([0, 601]).toContain(answer.code);
    expect(await ask('reverse', order)).toMatchObject({ code: 0, data: { trade_state: 5 } });
    await eventually(async () => (await ledger(order.trade_id, 'refund')).length > 0);
    expect(await ledger(order.trade_id, 'refund')).toEqual([100]);
    expect(await stateOf(order)).toBe(5);
    const refund = { mch_trade_id: order.mch_trade_id, mch_refund_id: `${order.mch_trade_id}.r`, refund_fee: 1 };
    expect((await world.merchant.call('/v2/pay/refund', { ...refund, refund_desc: 'x' })).code).toBe(302);
  });

  it('reverses an order that turns out to be paid: the merchant never hears "paid"', async () => {
    const order = await placed(pay_type);
    await inject(channel, 'callback', 'drop', 10);
    await scan(order.code_url);
    await eventually(async () => {
      const { code } = await ask('reverse', order);
      expect([0, 601]).toContain(code);
      return code === 0;
    });
    await eventually(async () => (await ledger(order.trade_id, 'refund')).length === 1);
    expect(await stateOf(order)).toBe(5);
    await world.control('DELETE', '/control/faults');
    await world.control('POST', '/control/callback', { out_trade_no: order.trade_id });
    await eventually(async () => (await stateOf(order)) === 5);
    expect(await ledger(order.trade_id, 'refund')).toEqual([100]);
    expect(notified(order)).toBe(0);
  });

  it('refuses to reverse an order of which something has been refunded', async () => {
    const order = await paid(pay_type);
    const refund = { mch_trade_id: order.mch_trade_id, mch_refund_id: `${order.mch_trade_id}.r`, refund_fee: 1 };
    expect((await world.merchant.call('/v2/pay/refund', { ...refund, refund_desc: 'x' })).code).toBe(0);
    expect(await ask('reverse', order)).toMatchObject({ code: 302, msg: expect.stringContaining('refund the rest') });
  });

  it('refuses to reverse an order that is older than seven days', async () => {
    const order = await paid(pay_type);
    await world.sql('UPDATE orders SET created_at_ms = created_at_ms - 7 * 86400000 - 1000 WHERE trade_id = $1', [
      order.trade_id,
    ]);
    expect(await ask('reverse', order)).toMatchObject({ code: 306, msg: expect.stringContaining('7 days') });
    expect(await stateOf(order)).toBe(0);
  });
});

describe('a reverse that the channel does not carry out', () => {
  it('is told at once (600) when it is refused: the order is paid again, and its merchant told so', async () => {
    const { wechat } = await readUpstream(world.config.home);
    const order = await placed('wechat.scan');
    // The platform says paid, but its books know no payment to give back.
    const { merchant_id } = world.merchant.merchant;
    await post(`${world.url}/notify/sandbox-wechat/${merchant_id}`, wechat.paid(order.trade_id, 100));
    await world.notify.waitFor(`/${order.mch_trade_id}`);
    expect(await ask('reverse', order)).toMatchObject({
      code: 600,
      msg: expect.stringMatching(/^RESOURCE_NOT_EXISTS: .*the order is paid again/),
    });
    expect(await stateOf(order)).toBe(0);
    const told = await world.notify.waitFor(`/${order.mch_trade_id}`, 2);
    expect(openJwt(told[1]?.token ?? '', world.platform_public_key)).toMatchObject({ data: { trade_state: 0 } });
  });

  it('is put right when the channel closes the refund later', async () => {
    // A refund of 94.05 yuan is one that WeChat Pay's simulator closes in the end.
    const order = await paid('wechat.scan', 9_405);
    expect((await ask('reverse', order)).code).toBe(0);
    await world.notify.waitFor(`/${order.mch_trade_id}`, 2);
    expect(await stateOf(order)).toBe(0);
    const exceptions = await world.sql('SELECT 1 FROM exceptions WHERE trade_id = $1', [order.trade_id]);
    expect(exceptions).toHaveLength(1);
  });
});

describe('asking to end an order', () => {
  it.each(['close', 'reverse'])(
    '%s: an unknown number is 301, a missing one 103, a nonce used twice 104',
    async (verb) => {
      const path = `/v2/pay/${verb}`;
      expect((await world.merchant.call(path, { mch_trade_id: 'nobody' })).code).toBe(301);
      expect(await world.merchant.call(path, {})).toMatchObject({ code: 103, msg: 'mch_trade_id is required' });
      const order = await placed('wechat.scan');
      const fields = { mch_trade_id: order.mch_trade_id, nonce_str: `twice.${verb}` };
      expect((await world.merchant.call(path, fields)).code).toBe(0);
      expect((await world.merchant.call(path, fields)).code).toBe(104);
    },
  );

  it('a close and a reverse and a payment at the same time end in one state that all agree on', async () => {
    for (let round = 0; round < 6; round += 1) {
      const order = await placed('wechat.scan');
      await Promise.all([ask('close', order), ask('reverse', order), scan(order.code_url)]);
      const state = await eventually(async () => {
        const [row] = await world.sql<{ state: string; reserved: string }>(
          'SELECT state, refund_reserved_fen AS reserved FROM orders WHERE trade_id = $1',
          [order.trade_id],
        );
        return row && row.state !== 'undecided' && row.reserved === '0' && row.state;
      });
      const [payments, refunds] = [await ledger(order.trade_id, 'payment'), await ledger(order.trade_id, 'refund')];
      const kept = payments.length - refunds.length;
      expect(kept).toBe(state === 'paid' ? 1 : 0);
      // Paid, and told so, before the reverse took it back: that is no contradiction. Twice would be one.
      if (state === 'paid') await world.notify.waitFor(`/${order.mch_trade_id}`);
      expect(notified(order)).toBeLessThanOrEqual(1);
    }
  });
});
