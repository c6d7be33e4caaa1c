import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { proxyChannels } from '../accounts.ts';
import { readExceptions } from '../books.ts';
import type { ChannelProxy } from '../channel-proxy.ts';
import { openJwt, type Json } from '../merchant.ts';
import { post, readUpstream } from '../upstream.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let numbers = 0;
let proxies: Record<'wechat' | 'alipay', ChannelProxy>;

beforeAll(async () => {
  world = await startWorld();
  proxies = await proxyChannels(world);
}, 60_000);

afterAll(async () => {
  await world.close();
  for (const proxy of Object.values(proxies)) await proxy.close();
});

afterEach(async () => {
  await world.control('DELETE', '/control/faults');
  for (const proxy of Object.values(proxies)) {
    proxy.before = () => undefined;
    proxy.after = () => undefined;
  }
});

function proxyOf(channel: string): ChannelProxy {
  return channel === 'wechat' ? proxies.wechat : proxies.alipay;
}

interface Placed {
  readonly trade_id: string;
  readonly mch_trade_id: string;
  readonly code: string;
  readonly path: string;
}

async function placed(channel: string): Promise<Placed> {
  numbers += 1;
  const mch_trade_id = `late.${numbers}`;
  const path = `/${mch_trade_id}`;
  const answer = await world.merchant.call('/v2/pay', {
    pay_type: `${channel}.scan`,
    mch_trade_id,
    total_fee: 100,
    body: 'goods',
    spbill_create_ip: '127.0.0.1',
    notify_url: world.notify.url(path),
  });
  expect(answer.code).toBe(0);
  return { trade_id: String(answer.data['trade_id']), mch_trade_id, code: String(answer.data['code_url']), path };
}

async function inject(channel: string, operation: string, fault: string): Promise<void> {
  const injected = await world.control('POST', '/control/faults', { channel, operation, fault, count: 1 });
  expect(injected.status).toBe(200);
}

/** The payer pays, and the callback about it never comes. */
async function payQuietly(channel: string, order: Placed): Promise<void> {
  await inject(channel, 'callback', 'drop');
  const paid = await world.control('POST', '/control/scan', { code: order.code, action: 'pay' });
  expect(paid.status).toBe(200);
  await eventually(
    async () => ((await world.control('GET', '/control/faults')).body['active'] as unknown[]).length === 0,
  );
}

/** Our books say that the order is over, although it could still be paid at the channel. */
async function end(order: Placed, state: string): Promise<void> {
  await world.sql(
    'UPDATE orders SET state = $2, version = version + 1, decided_at_ms = $3, updated_at_ms = $3 WHERE trade_id = $1',
    [order.trade_id, state, Date.now()],
  );
  await world.sql("DELETE FROM jobs WHERE kind = 'order' AND subject_id = $1", [order.trade_id]);
}

/** The platform's own callback, which it repeats. */
async function callBack(order: Placed): Promise<void> {
  const sent = await world.control('POST', '/control/callback', { out_trade_no: order.trade_id });
  expect(sent.status).toBe(200);
}

async function stored(order: Placed): Promise<Json> {
  const rows = await world.sql<Json>('SELECT * FROM orders WHERE trade_id = $1', [order.trade_id]);
  return rows[0] ?? {};
}

async function timeline(order: Placed): Promise<string[]> {
  const rows = await world.sql<{ source: string; kind: string }>(
    'SELECT source, kind FROM order_events WHERE trade_id = $1 ORDER BY event_no',
    [order.trade_id],
  );
  return rows.map((row) => `${row.source} ${row.kind}`);
}

async function ledger(order: Placed, kind: string): Promise<Json[]> {
  const entries = (await world.control('GET', '/control/ledger')).body['entries'] as Json[];
  return entries.filter((entry) => entry['out_trade_no'] === order.trade_id && entry['kind'] === kind);
}

async function notifications(order: Placed): Promise<number> {
  return (await world.sql('SELECT 1 FROM notifications WHERE trade_id = $1', [order.trade_id])).length;
}

async function setLatePayment(late_payment: string): Promise<void> {
  const { merchant_id } = world.merchant.merchant;
  const answer = await fetch(`${world.url}/cms/merchants/${merchant_id}`, {
    method: 'PUT',
    headers: { authorization: await world.login() },
    body: JSON.stringify({ late_payment }),
  });
  expect(await answer.json()).toMatchObject({ code: 0, data: { late_payment } });
  // A gateway that starts afterwards has not the old setting in memory.
  await world.restartGateway();
}

const CHANNELS = ['wechat', 'alipay'];
const ENDS = ['closed', 'reversed', 'failed'];
const endings = CHANNELS.flatMap((channel) => ENDS.map((state) => [channel, state] as const));

describe('a payment of an order that is over, late_payment = refund', () => {
  it.each(endings)(
    '%s, %s: goes back to the payer on its own, and the merchant is never told "paid"',
    async (channel, state) => {
      const order = await placed(channel);
      await payQuietly(channel, order);
      await end(order, state);
      await callBack(order);
      await eventually(async () => Number((await stored(order))['refunded_fen']) === 100);
      expect((await ledger(order, 'refund')).map((entry) => entry['amount'])).toEqual([100]);
      expect(await stored(order)).toMatchObject({
        state,
        facts: null,
        late_facts: { amount_fen: 100 },
        refunded_fen: '100',
        refund_reserved_fen: '0',
      });
      const told = await timeline(order);
      expect(told.filter((word) => /late_payment|refund_succeeded/.test(word))).toEqual([
        'callback late_payment',
        expect.stringMatching(/^(callback|resolver) refund_succeeded$/),
      ]);

      await callBack(order);
      const query = await world.merchant.call('/v2/pay/query', { mch_trade_id: order.mch_trade_id });
      expect(query.data['trade_state']).toBe(state === 'closed' ? 3 : 5);
      const refunds = await world.merchant.call('/v2/pay/refund_query', { mch_trade_id: order.mch_trade_id });
      expect(refunds.data['refunds']).toEqual([]);
      expect(await ledger(order, 'refund')).toHaveLength(1);
      expect(await notifications(order)).toBe(0);
      expect(world.notify.received.filter((one) => one.path === order.path)).toEqual([]);
    },
  );

  it.each(CHANNELS)('%s: a refund of it whose answer is lost is made once', async (channel) => {
    const order = await placed(channel);
    await payQuietly(channel, order);
    await end(order, 'closed');
    await inject(channel, 'refund', 'timeout_after');
    await callBack(order);
    await eventually(async () => {
      await world.sql("UPDATE jobs SET run_at_ms = least(run_at_ms, $1) WHERE kind = 'refund'", [Date.now() + 100]);
      return Number((await stored(order))['refunded_fen']) === 100;
    });
    expect((await ledger(order, 'refund')).map((entry) => entry['amount'])).toEqual([100]);
  });

  it('a refund of it that the channel refuses is put before a person', async () => {
    const { wechat } = await readUpstream(world.config.home);
    const order = await placed('wechat');
    await end(order, 'closed');
    // The platform says paid, but its books know no payment to refund.
    const { merchant_id } = world.merchant.merchant;
    await post(`${world.url}/notify/sandbox-wechat/${merchant_id}`, wechat.paid(order.trade_id, 100));
    const exception = await eventually(async () =>
      (await readExceptions(world)).find((one) => one.trade_id === order.trade_id),
    );
    expect(exception).toMatchObject({
      kind: 'late_payment_not_refunded',
      detail: { code: 'RESOURCE_NOT_EXISTS', refund_fen: 100, message: expect.stringMatching(/./) },
    });
    expect(
      await eventually(async () => (await stored(order))['refund_reserved_fen'] === '0' && stored(order)),
    ).toMatchObject({
      state: 'closed',
      refunded_fen: '0',
    });
    expect(await notifications(order)).toBe(0);
  });
});

describe('a payment of an order that is over, late_payment = accept', () => {
  beforeAll(() => setLatePayment('accept'));
  afterAll(() => setLatePayment('refund'));

  it.each(endings)('%s, %s: the order becomes paid, and the merchant is told once', async (channel, state) => {
    const order = await placed(channel);
    await payQuietly(channel, order);
    await end(order, state);
    await callBack(order);
    const [told] = await world.notify.waitFor(order.path);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      data: { trade_id: order.trade_id, trade_state: 0, total_fee: 100 },
    });
    await callBack(order);
    const query = await world.merchant.call('/v2/pay/query', { mch_trade_id: order.mch_trade_id });
    expect(query.data).toMatchObject({ trade_state: 0, refunded_fee: 0, refunding_fee: 0 });
    expect(await timeline(order)).toContain('callback late_payment_accepted');
    expect(await notifications(order)).toBe(1);
    expect(await ledger(order, 'refund')).toEqual([]);
  });
});

describe('the expiry of an order', () => {
  /** Its time was up that long ago; the resolver looks at once. */
  async function expire(order: Placed, ago_ms = 1_000): Promise<void> {
    await world.sql('UPDATE orders SET expires_at_ms = $2, version = version + 1 WHERE trade_id = $1', [
      order.trade_id,
      Date.now() - ago_ms,
    ]);
    await lookNow(order);
  }

  async function lookNow(order: Placed): Promise<void> {
    await world.sql("UPDATE jobs SET run_at_ms = 0 WHERE kind = 'order' AND subject_id = $1", [order.trade_id]);
  }

  const stateOf = async (order: Placed): Promise<unknown> => (await stored(order))['state'];

  /** Alipay has a trade to close only once somebody has scanned. */
  async function seen(channel: string): Promise<Placed> {
    const order = await placed(channel);
    if (channel === 'alipay') await world.control('POST', '/control/scan', { code: order.code, action: 'cancel' });
    return order;
  }

  it.each(CHANNELS)('%s: closes it at the channel and then here, and tells the merchant nothing', async (channel) => {
    const order = await seen(channel);
    await expire(order);
    await eventually(async () => (await stateOf(order)) === 'closed');
    const [close] = await ledger(order, 'close');
    expect(Number(close?.['at_ms'])).toBeLessThanOrEqual(Number((await stored(order))['decided_at_ms']));
    const query = await world.merchant.call('/v2/pay/query', { mch_trade_id: order.mch_trade_id });
    expect(query.data['trade_state']).toBe(3);
    const scanned = await world.control('POST', '/control/scan', { code: order.code, action: 'pay' });
    expect(scanned.status).toBeGreaterThanOrEqual(400);
    expect(await notifications(order)).toBe(0);
    expect(await world.sql("SELECT 1 FROM jobs WHERE kind = 'order' AND subject_id = $1", [order.trade_id])).toEqual(
      [],
    );
  });

  const faults = CHANNELS.flatMap((channel) =>
    ['timeout_before', 'timeout_after', 'http_500', 'system_error', 'bad_signature', 'connection_reset', 'garbage'].map(
      (fault) => [channel, fault] as const,
    ),
  );

  it.each(faults)('%s: %s on the close leaves it undecided, and it is closed later', async (channel, fault) => {
    const order = await seen(channel);
    await inject(channel, 'close', fault);
    await expire(order);
    await eventually(async () => (await timeline(order)).includes('expiry unknown'));
    expect(await stateOf(order)).toBe('undecided');
    await eventually(async () => {
      await lookNow(order);
      return (await stateOf(order)) === 'closed';
    });
    expect(await ledger(order, 'close')).toHaveLength(1);
    expect(await notifications(order)).toBe(0);
  });

  it.each(CHANNELS)('%s: a query that fails closes nothing', async (channel) => {
    const order = await seen(channel);
    await inject(channel, 'query', 'http_500');
    await expire(order);
    await eventually(async () => (await timeline(order)).includes('resolver unknown'));
    expect([await stateOf(order), await ledger(order, 'close')]).toEqual(['undecided', []]);
  });

  it('alipay: a code that nobody scanned is given up only when nobody can scan it any more', async () => {
    const order = await placed('alipay');
    await expire(order);
    await eventually(async () => Number((await stored(order))['check_count']) >= 2);
    expect(await stateOf(order)).toBe('undecided');
    await expire(order, 61_000);
    await eventually(async () => (await stateOf(order)) === 'closed');
    expect(await notifications(order)).toBe(0);
  });

  it.each(CHANNELS)('%s: an order that was paid meanwhile is paid, and the merchant is told once', async (channel) => {
    const order = await placed(channel);
    await payQuietly(channel, order);
    await expire(order);
    await world.notify.waitFor(order.path);
    expect(await stateOf(order)).toBe('paid');
    expect(await notifications(order)).toBe(1);
    expect(await ledger(order, 'close')).toEqual([]);
  });

  it.each(CHANNELS)('%s: an order that is paid between the query and the close is paid', async (channel) => {
    const order = await seen(channel);
    await inject(channel, 'callback', 'drop');
    let paid = 0;
    proxyOf(channel).before = async (passing) => {
      if (!isClose(passing) || paid > 0) return;
      paid = (await world.control('POST', '/control/scan', { code: order.code, action: 'pay' })).status;
    };
    await expire(order);
    const [told] = await world.notify.waitFor(order.path);
    expect(paid).toBe(200);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({ data: { trade_state: 0 } });
    expect(await stateOf(order)).toBe('paid');
    expect(await timeline(order)).toContain('expiry paid');
    expect(await notifications(order)).toBe(1);
  });

  function isClose(passing: { path: string; body: string }): boolean {
    return passing.path.endsWith('/close') || passing.body.includes('method=alipay.trade.close');
  }

  it('a callback that comes while the close is under way wins over its lost answer', async () => {
    const { wechat } = await readUpstream(world.config.home);
    const order = await placed('wechat');
    const { merchant_id } = world.merchant.merchant;
    await inject('wechat', 'close', 'timeout_before');
    proxyOf('wechat').before = async (passing) => {
      if (!isClose(passing)) return;
      await post(`${world.url}/notify/sandbox-wechat/${merchant_id}`, wechat.paid(order.trade_id, 100));
    };
    await expire(order);
    await world.notify.waitFor(order.path);
    await eventually(async () => (await timeline(order)).includes('callback paid'));
    expect(await stateOf(order)).toBe('paid');
    expect(await notifications(order)).toBe(1);
  });
});
