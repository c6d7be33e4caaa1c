/**
 * The outcomes nobody expects, one test each, for both wallets: what the gateway's books say is compared with what the channel did
 * with money. Beside these:
 *
 * | outcome | where |
 * |---|---|
 * | an expiry closes at the channel first, and here only when the channel confirms | late-payment.test.ts, "the expiry of an order" |
 * | refunds at the same time never exceed what was paid | concurrency.test.ts |
 * | a second success on one preorder is refunded | preorders.test.ts |
 * | a bank credit that does not fit | bank.test.ts |
 * | each way in which a success can fail to fit its order | callbacks.test.ts |
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readExceptions, type ExceptionRow } from '../books.ts';
import { openJwt, type Json } from '../merchant.ts';
import { Shop, WALLETS, type Placed, type Wallet } from '../shop.ts';
import { post, readUpstream, type Sent } from '../upstream.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let shop: Shop;

beforeAll(async () => {
  world = await startWorld();
  shop = new Shop(world, 'outcome');
}, 60_000);

afterAll(() => world.close());

beforeEach(() => shop.postponeAll());

afterEach(async () => {
  await world.control('DELETE', '/control/faults');
});

async function exceptionsOf({ trade_id }: Placed): Promise<ExceptionRow[]> {
  return (await readExceptions(world)).filter(
    (one) => one.trade_id === trade_id || one.detail['out_trade_no'] === trade_id,
  );
}

/** The data of every notification about an order. */
function toldData({ mch_trade_id }: Placed): unknown[] {
  return world.notify.received
    .filter((one) => one.path === `/${mch_trade_id}`)
    .map((one) => openJwt(one.token, world.platform_public_key)['data']);
}

async function setLatePayment(late_payment: string): Promise<void> {
  const answer = await fetch(`${world.url}/cms/merchants/${world.merchant.merchant.merchant_id}`, {
    method: 'PUT',
    headers: { authorization: await world.login() },
    body: JSON.stringify({ late_payment }),
  });
  expect(await answer.json()).toMatchObject({ code: 0, data: { late_payment } });
  // A gateway that starts afterwards has not the old setting in memory.
  await world.restartGateway();
}

/** Our books say that the order is over, although the channel can still take its money: WeChat Pay's simulator closes for good. */
async function endInOurBooks(order: Placed, state: 'closed' | 'reversed'): Promise<void> {
  await world.sql(
    'UPDATE orders SET state = $2, version = version + 1, decided_at_ms = $3, updated_at_ms = $3 WHERE trade_id = $1',
    [order.trade_id, state, Date.now()],
  );
  await world.sql("DELETE FROM jobs WHERE kind = 'order' AND subject_id = $1", [order.trade_id]);
}

/** Ends an order that a payer can still pay: an Alipay code that nobody has scanned has nothing to close at the channel. */
async function ended(wallet: Wallet, verb: 'close' | 'reverse'): Promise<Placed> {
  const order = await shop.place(wallet);
  if (wallet === 'wechat') await endInOurBooks(order, verb === 'close' ? 'closed' : 'reversed');
  else expect((await shop.ask(verb, order)).code).toBe(0);
  return order;
}

async function callbackOf(wallet: Wallet, order: Placed, fen: number): Promise<Sent> {
  const { wechat, alipay } = await readUpstream(world.config.home);
  return wallet === 'wechat' ? wechat.paid(order.trade_id, fen) : alipay.paid(order.trade_id, (fen / 100).toFixed(2));
}

describe.each(WALLETS)('%s', (wallet) => {
  it.each(['timeout_after', 'connection_reset', 'garbage', 'bad_signature'])(
    'money taken before the answer was lost (%s) is never a failure: it is found, and told once',
    async (fault) => {
      await shop.inject(wallet, 'pay', fault);
      const { order, answer } = await shop.present(wallet, 'pay');
      expect(answer.code).toBe(601);
      // Alipay calls back about a payment code too, and may have been faster than we look.
      expect((await shop.stored(order)).state).toMatch(wallet === 'wechat' ? /^undecided$/ : /^(undecided|paid)$/);
      expect((await shop.money(order)).payments).toEqual([100]);
      await shop.due(order);
      await world.notify.waitFor(`/${order.mch_trade_id}`);
      expect(toldData(order)).toMatchObject([{ trade_state: 0, trade_id: order.trade_id, total_fee: 100 }]);
      await shop.due(order);
      expect(await shop.tradeState(order)).toBe(0);
      expect(await shop.promised(order)).toBe(1);
      await shop.expectAgreement(order);
    },
  );

  it('an order whose answer was lost is not placed twice: its payment is found by the callback, and told once', async () => {
    await shop.inject(wallet, 'pay', 'timeout_after');
    const claims = shop.claims(`${wallet}.scan`);
    expect((await world.merchant.call('/v2/pay', claims)).code).toBe(601);
    const order = await shop.placedUnder(claims);
    expect((await shop.stored(order)).state).toBe('undecided');
    const again = await world.merchant.call('/v2/pay', claims);
    expect(await shop.scan({ code: String(again.data['code_url']) })).toBe(200);
    await world.notify.waitFor(`/${order.mch_trade_id}`);
    await shop.callBack(order);
    await eventually(async () => (await shop.timeline(order)).includes('callback paid'));
    expect(await shop.promised(order)).toBe(1);
    await shop.expectAgreement(order);
  });

  it.each(['close', 'reverse'] as const)(
    'money that comes after the %s is not kept in silence: it goes back, and nobody is told "paid"',
    async (verb) => {
      const order = await ended(wallet, verb);
      expect(await shop.scan(order)).toBe(200);
      await eventually(async () => Number((await shop.stored(order)).refunded_fen) === 100);
      await shop.callBack(order);
      expect(await shop.tradeState(order)).toBe(verb === 'close' ? 3 : 5);
      expect(await shop.money(order)).toEqual({ payments: [100], back: [100] });
      expect([await shop.promised(order), shop.told(order)]).toEqual([0, 0]);
      expect(await shop.stored(order)).toMatchObject({ facts: null, late_facts: { amount_fen: 100 } });
      await shop.expectAgreement(order);
    },
  );

  it('another amount than that of the order is not booked: a person sees it, and the true one is booked after', async () => {
    const order = await shop.place(wallet);
    const url = `${world.url}/notify/sandbox-${wallet}/${world.merchant.merchant.merchant_id}`;
    expect((await post(url, await callbackOf(wallet, order, 1))).status).toBeLessThan(300);
    expect(await shop.stored(order)).toMatchObject({ state: 'undecided', facts: null });
    expect(await exceptionsOf(order)).toMatchObject([
      { kind: 'payment_mismatch', detail: { field: 'amount', ours: 100, theirs: 1 } },
    ]);
    expect(shop.told(order)).toBe(0);
    expect(await shop.scan(order)).toBe(200);
    await world.notify.waitFor(`/${order.mch_trade_id}`);
    await shop.expectAgreement(order);
  });

  it('a payment of a number we do not know is not lost: a person sees the very bytes of its callback', async () => {
    const order = await shop.place(wallet);
    // As after a restore from a backup that is older than the order.
    for (const table of ['order_events', 'orders'])
      await world.sql(`DELETE FROM ${table} WHERE trade_id = $1`, [order.trade_id]);
    await world.sql('DELETE FROM jobs WHERE subject_id = $1', [order.trade_id]);
    expect(await shop.scan(order)).toBe(200);
    const [kept] = await eventually(async () => {
      const found = await exceptionsOf(order);
      return found.length > 0 && found;
    });
    expect(kept).toMatchObject({ kind: 'callback_unknown_order', detail: { out_trade_no: order.trade_id } });
    expect(kept?.raw_body).toContain(wallet === 'wechat' ? 'ciphertext' : order.trade_id);
    expect((await shop.money(order)).payments).toEqual([100]);
    expect(await world.sql('SELECT 1 FROM orders WHERE trade_id = $1', [order.trade_id])).toEqual([]);
  });

  it('a close that meets a payment does not close: the order is paid, and told so once', async () => {
    const order = await shop.place(wallet);
    await shop.payQuietly(wallet, order);
    expect((await shop.ask('close', order)).code).toBe(302);
    await world.notify.waitFor(`/${order.mch_trade_id}`);
    await shop.callBack(order);
    expect(await shop.stored(order)).toMatchObject({ state: 'paid', ending: null });
    expect(await shop.promised(order)).toBe(1);
    await shop.expectAgreement(order);
  });

  it.each([
    ['after it was made (timeout_after): it is asked for, not made twice', 'timeout_after'],
    ['before it was made (timeout_before): it is sent again under the same number', 'timeout_before'],
    ['and only an error came back (http_500)', 'http_500'],
  ])('the amount of a refund whose answer was lost %s', async (_name, fault) => {
    const order = await shop.sell(wallet);
    const request = shop.refundOf(order, 60);
    await shop.inject(wallet, 'refund', fault);
    // Alipay's adapter asks by itself after some of these, and may know already.
    expect([0, 601]).toContain((await shop.refund(request)).code);
    const { refunded_fen, refund_reserved_fen } = await shop.stored(order);
    expect(Number(refunded_fen) + Number(refund_reserved_fen)).toBe(60);
    expect((await shop.refund(shop.refundOf(order, 41))).code).toBe(303);
    await shop.due(order);
    await world.notify.waitFor(`/${request.mch_refund_id}`);
    const [refund] = await world.sql<Json>(
      'SELECT refund_id, channel_refund_no, state FROM refunds WHERE trade_id = $1',
      [order.trade_id],
    );
    expect(refund).toEqual({
      refund_id: refund?.['refund_id'],
      channel_refund_no: refund?.['refund_id'],
      state: 'succeeded',
    });
    const made = (await shop.ledger(order)).filter((line) => line.kind === 'refund');
    expect(made.map((line) => [line.out_refund_no, line.amount])).toEqual([[refund?.['refund_id'], 60]]);
    await shop.expectAgreement(order);
  });

  it('a refund that was refused for certain does not keep its amount, and its number is not used up', async () => {
    const order = await shop.sell(wallet);
    // WeChat Pay closes such a refund, Alipay refuses it.
    const request = shop.refundOf(order, 100, wallet === 'wechat' ? 'CLOSED' : 'TRADE_NOT_ALLOW_REFUND');
    for (let times = 1; times <= 2; times += 1) {
      expect((await shop.refund(request)).code).toBe(wallet === 'wechat' ? 0 : 600);
      await eventually(async () => (await shop.stored(order)).refund_reserved_fen === '0');
      const asked = await world.merchant.call('/v2/pay/refund_query', { mch_refund_id: request.mch_refund_id });
      expect(asked.data['refunds']).toMatchObject({ refund_status: 2 });
      expect(await shop.money(order)).toEqual({ payments: [100], back: [] });
    }
    expect((await shop.refund(shop.refundOf(order, 100))).code).toBe(0);
    await eventually(async () => (await shop.stored(order)).refunded_fen === '100');
    expect(await shop.money(order)).toEqual({ payments: [100], back: [100] });
    await shop.expectAgreement(order);
  });
});

describe('for a merchant who takes late money', () => {
  beforeAll(() => setLatePayment('accept'));
  afterAll(() => setLatePayment('refund'));

  it.each(WALLETS)(
    '%s: money that comes after the close does not go back: the order is paid, and told so once',
    async (wallet) => {
      const order = await ended(wallet, 'close');
      expect(await shop.scan(order)).toBe(200);
      await world.notify.waitFor(`/${order.mch_trade_id}`);
      await shop.callBack(order);
      expect(toldData(order)).toMatchObject([{ trade_state: 0, total_fee: 100 }]);
      expect(await shop.tradeState(order)).toBe(0);
      expect(await shop.money(order)).toEqual({ payments: [100], back: [] });
      expect(await shop.promised(order)).toBe(1);
      await shop.expectAgreement(order);
    },
  );
});
