import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJwt, type Json } from '../merchant.ts';
import { PageVisitor, payInWallet } from '../payment-page.ts';
import { post, readUpstream } from '../upstream.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

function preorder(changes: Json = {}): Json {
  numbers += 1;
  return {
    mch_pre_id: `pre.${numbers}`,
    total_fee: 221,
    spbill_create_ip: '127.0.0.1',
    notify_url: world.notify.url(`/pre/${numbers}`),
    body: 'Alex Test Scan',
    device_info: 'alex device',
    op_user_id: '301',
    attach: 'Alex attach',
    ...changes,
  };
}

async function create(fields: Json): Promise<string> {
  const made = await world.merchant.call('/v2/pay/pre_order', fields);
  expect(made).toMatchObject({ code: 0, signed: true });
  return String(made.data['pay_url']);
}

async function detail(mch_pre_id: unknown): Promise<Json> {
  const found = await world.merchant.call('/v2/pay/pre_order_detail', { mch_pre_id });
  expect(found).toMatchObject({ code: 0, signed: true });
  return found.data;
}

/** Opens, confirms, and is found out by the wallet: what the page then hands to it. */
async function confirmIn(visitor: PageVisitor, pay_url: string): Promise<string> {
  await visitor.get(pay_url);
  const page = await visitor.follow(await visitor.confirm(pay_url), pay_url);
  expect(page.status).toBe(200);
  return page.data['invoke'] ?? '';
}

const control: World['control'] = (...call) => world.control(...call);

describe('creating a preorder', () => {
  it('answers a link to the payment page, and the detail of the document', async () => {
    const fields = preorder({ time_expire: String(Math.floor(Date.now() / 1000) + 900) });
    const pay_url = await create(fields);
    expect(pay_url).toMatch(new RegExp(`^${world.url}/preorder\\?pay_order_id=[0-9a-f]{24,}$`));

    const { nonce_str: _nonce, ...echoed } = fields;
    const found = await detail(fields['mch_pre_id']);
    expect(found).toEqual({
      ...echoed,
      _id: expect.stringMatching(/^[0-9a-f]{24}$/),
      created_at: expect.any(Number),
      updated_at: expect.any(Number),
      level_code: expect.any(String),
      platform_merchant_id: world.merchant.merchant.merchant_id,
      merchant_id: world.merchant.merchant.merchant_id,
      time_expire: Number(fields['time_expire']),
      pre_state: 2,
      pay_orders: [],
    });
  });

  it('lives two hours when nothing else is said', async () => {
    const fields = preorder();
    await create(fields);
    const found = await detail(fields['mch_pre_id']);
    expect(Number(found['time_expire']) - Number(found['created_at'])).toBe(7_200);
  });

  it('answers the same link again for the same parameters, and 107 for others', async () => {
    const fields = preorder();
    const pay_url = await create(fields);
    expect(await create(fields)).toBe(pay_url);
    const other = await world.merchant.call('/v2/pay/pre_order', { ...fields, total_fee: 222 });
    expect(other).toMatchObject({ code: 107 });
  });

  it('is also the pay type pooul.preorder, whose mch_trade_id is the number', async () => {
    const { mch_pre_id, ...fields } = preorder();
    const by_pay = { ...fields, pay_type: 'pooul.preorder', mch_trade_id: mch_pre_id };
    const made = await world.merchant.call('/v2/pay', by_pay);
    expect(made).toMatchObject({ code: 0, data: { pay_url: expect.stringContaining('/preorder?pay_order_id=') } });
    expect((await detail(mch_pre_id))['total_fee']).toBe(221);
    expect((await world.merchant.call('/v2/pay/pre_order', { ...fields, mch_pre_id })).data).toEqual(made.data);
  });

  it.each([
    [{ mch_pre_id: undefined }, 103, 'mch_pre_id'],
    [{ total_fee: undefined }, 103, 'total_fee'],
    [{ body: undefined }, 103, 'body'],
    [{ mch_pre_id: 'x'.repeat(61) }, 102, 'mch_pre_id'],
    [{ total_fee: 0 }, 102, 'total_fee'],
    [{ notify_url: 'https://shop.example.com/?a=1' }, 102, 'notify_url'],
    [{ time_expire: 1_552_958_700 }, 102, 'time_expire'],
    [{ time_expire: 9_999_999_999 }, 102, 'time_expire'],
  ])('refuses %j with %i', async (changes, code, named) => {
    const refused = await world.merchant.call('/v2/pay/pre_order', preorder(changes));
    expect(refused.code).toBe(code);
    expect(refused.msg).toContain(named);
  });

  it('spends the nonce once', async () => {
    const nonce_str = 'pre-order-nonce-1';
    expect((await world.merchant.call('/v2/pay/pre_order', preorder({ nonce_str }))).code).toBe(0);
    expect((await world.merchant.call('/v2/pay/pre_order', preorder({ nonce_str }))).code).toBe(104);
  });

  it('has no detail of a number that was never used', async () => {
    expect((await world.merchant.call('/v2/pay/pre_order_detail', { mch_pre_id: 'never' })).code).toBe(301);
  });
});

describe.each(['wechat', 'alipay'] as const)('paying a preorder in %s', (wallet) => {
  it('places .1, books it, notifies with attach and mch_pre_id, and refunds by the pay order', async () => {
    const fields = preorder();
    const pay_url = await create(fields);
    const pay_info = await confirmIn(new PageVisitor(wallet), pay_url);
    expect(await payInWallet(control, pay_info)).toMatchObject({ status: 200 });

    const [told] = await world.notify.waitFor(new URL(String(fields['notify_url'])).pathname);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      data: {
        mch_trade_id: `${String(fields['mch_pre_id'])}.1`,
        mch_pre_id: fields['mch_pre_id'],
        attach: 'Alex attach',
        pay_type: `${wallet}.jsapi`,
        total_fee: 221,
        trade_state: 0,
      },
    });
    const found = await detail(fields['mch_pre_id']);
    expect(found).toMatchObject({ pre_state: 0, pay_orders: [{ mch_trade_id: `${String(fields['mch_pre_id'])}.1` }] });
    expect((await world.merchant.call('/v2/pay/pre_order', fields)).code).toBe(107);

    const refunded = await world.merchant.call('/v2/pay/refund', {
      mch_trade_id: `${String(fields['mch_pre_id'])}.1`,
      mch_refund_id: `${String(fields['mch_pre_id'])}.r`,
      refund_fee: 221,
      refund_desc: 'Alex Test',
    });
    expect(refunded.code).toBe(0);
    expect((await detail(fields['mch_pre_id']))['pre_state']).toBe(1);
  });
});

describe('several tries', () => {
  it('answers the same payer the same order again, however often they confirm', async () => {
    const fields = preorder();
    const pay_url = await create(fields);
    const visitor = new PageVisitor('wechat');
    const first = await confirmIn(visitor, pay_url);
    const [again, once_more] = await Promise.all([visitor.confirm(pay_url), visitor.confirm(pay_url)]);
    expect([again.location, once_more.location]).toEqual([
      expect.stringContaining('#pay'),
      expect.stringContaining('#pay'),
    ]);
    expect((await visitor.get(pay_url)).data['invoke']).toBe(first);
    expect((await detail(fields['mch_pre_id']))['pay_orders']).toHaveLength(1);
  });

  it('closes the one before at its channel before the next is placed', async () => {
    const fields = preorder();
    const pay_url = await create(fields);
    const first = await confirmIn(new PageVisitor('wechat', 'anna'), pay_url);
    const second = await confirmIn(new PageVisitor('alipay'), pay_url);
    expect(await payInWallet(control, first)).toMatchObject({ status: 409 });
    const query = await world.merchant.call('/v2/pay/query', { mch_trade_id: `${String(fields['mch_pre_id'])}.1` });
    expect(query.data['trade_state']).toBe(3);
    expect(await payInWallet(control, second)).toMatchObject({ status: 200 });
    await eventually(async () => (await detail(fields['mch_pre_id']))['pre_state'] === 0);
  });

  it('lets a payment that came first win over one that is about to be placed', async () => {
    const fields = preorder();
    const pay_url = await create(fields);
    await world.control('POST', '/control/faults', {
      channel: 'wechat',
      operation: 'callback',
      fault: 'drop',
      count: 1,
    });
    const first = await confirmIn(new PageVisitor('wechat', 'anna'), pay_url);
    await payInWallet(control, first);
    const late = new PageVisitor('wechat', 'ben');
    await late.get(pay_url);
    const page = await late.follow(await late.confirm(pay_url), pay_url);
    expect(page.text).toContain('此订单已付款');
    expect((await detail(fields['mch_pre_id']))['pay_orders']).toHaveLength(1);
  });

  it('places nothing while it is not certain that the one before has ended', async () => {
    const fields = preorder();
    const pay_url = await create(fields);
    await confirmIn(new PageVisitor('wechat', 'anna'), pay_url);
    await world.control('POST', '/control/faults', {
      channel: 'wechat',
      operation: 'close',
      fault: 'http_500',
      count: 1,
    });
    const second = new PageVisitor('wechat', 'ben');
    await second.get(pay_url);
    const busy = await second.follow(await second.confirm(pay_url), pay_url);
    expect(busy.text).toContain('上一次付款尚未结束');
    expect((await detail(fields['mch_pre_id']))['pay_orders']).toHaveLength(1);
    const page = await second.follow(await second.confirm(pay_url), pay_url);
    expect(page.data['invoke']).toContain('prepay_id=');
    expect((await detail(fields['mch_pre_id']))['pay_orders']).toHaveLength(2);
  });

  it('passes over a number that an order of the merchant has already', async () => {
    const fields = preorder();
    const number = String(fields['mch_pre_id']);
    const taken = { pay_type: 'wechat.scan', mch_trade_id: `${number}.1`, total_fee: 1, body: 'own' };
    expect((await world.merchant.call('/v2/pay', taken)).code).toBe(0);
    const pay_url = await create(fields);
    await confirmIn(new PageVisitor('wechat'), pay_url);
    expect((await detail(number))['pay_orders']).toEqual([{ mch_trade_id: `${number}.2` }]);
  });
});

/** A try in a phone's browser whose link is opened after the next try has been placed: Alipay knew nothing to close. */
async function openedTooLate(pay_url: string): Promise<string> {
  const phone = new PageVisitor('phone');
  await phone.get(pay_url);
  const page = await phone.follow(await phone.confirm(pay_url, { with: 'alipay' }), pay_url);
  return page.data['open'] ?? '';
}

async function refundsOf(mch_trade_id: string): Promise<{ refund_fen: number; refund_desc: string; state: string }[]> {
  return world.sql(
    `SELECT r.refund_fen::int, r.refund_desc, r.state FROM refunds r JOIN orders o USING (merchant_id, trade_id) WHERE o.mch_trade_id = $1`,
    [mch_trade_id],
  );
}

describe('a second success', () => {
  const merchant_id = (): string => world.merchant.merchant.merchant_id;

  it.each(['refund', 'accept'] as const)('is refunded on its own, with late_payment %s', async (late_payment) => {
    await setMerchant({ late_payment });
    const fields = preorder();
    const number = String(fields['mch_pre_id']);
    const pay_url = await create(fields);
    const link = await openedTooLate(pay_url);
    await payInWallet(control, await confirmIn(new PageVisitor('wechat'), pay_url));
    await eventually(async () => (await detail(number))['pre_state'] === 0);
    expect(await world.control('POST', '/control/scan', { code: link, action: 'pay' })).toMatchObject({ status: 200 });
    const given_back = await eventually(async () => {
      const refunds = await refundsOf(`${number}.1`);
      return refunds[0]?.state === 'succeeded' && refunds;
    });
    expect(given_back).toEqual([{ refund_fen: 221, refund_desc: expect.any(String), state: 'succeeded' }]);
    expect(await refundsOf(`${number}.2`)).toEqual([]);
    expect((await detail(number))['pre_state']).toBe(0);
    const told = await world.notify.waitFor(new URL(String(fields['notify_url'])).pathname);
    const heard = told.map(({ token }) => openJwt(token, world.platform_public_key)['data'] as Json);
    expect(heard.map((one) => one['mch_trade_id'])).toEqual([`${number}.2`]);
  });

  it('is the one under way, when a late payment of an earlier try was accepted', async () => {
    await setMerchant({ late_payment: 'accept' });
    const fields = preorder();
    const number = String(fields['mch_pre_id']);
    const pay_url = await create(fields);
    const link = await openedTooLate(pay_url);
    const pay_info = await confirmIn(new PageVisitor('wechat'), pay_url);
    await world.control('POST', '/control/scan', { code: link, action: 'pay' });
    await eventually(async () => (await detail(number))['pre_state'] === 0);
    await payInWallet(control, pay_info);
    await eventually(async () => (await refundsOf(`${number}.2`))[0]?.state === 'succeeded');
    expect(await refundsOf(`${number}.1`)).toEqual([]);
    const told = await world.notify.waitFor(new URL(String(fields['notify_url'])).pathname);
    const heard = told.map(({ token }) => openJwt(token, world.platform_public_key)['data'] as Json);
    expect(heard.map((one) => one['mch_trade_id'])).toEqual([`${number}.1`]);
  });

  it('that arrives together with the first leaves one, whichever is faster', async () => {
    await setMerchant({ late_payment: 'accept' });
    const upstream = await readUpstream(world.config.home);
    for (let round = 0; round < 5; round += 1) {
      const fields = preorder();
      const number = String(fields['mch_pre_id']);
      const pay_url = await create(fields);
      await openedTooLate(pay_url);
      await confirmIn(new PageVisitor('wechat'), pay_url);
      const [first = '', second = ''] = await tradeIds(number);
      await Promise.all([
        post(`${world.url}/notify/sandbox-alipay/${merchant_id()}`, upstream.alipay.paid(first, '2.21')),
        post(
          `${world.url}/notify/sandbox-wechat/${merchant_id()}`,
          upstream.wechat.paid(second, 221, { sub_appid: undefined, trade_type: 'JSAPI' }),
        ),
      ]);
      const orders = await world.sql<{ state: string; late: boolean }>(
        `SELECT state, late_facts IS NOT NULL AS late FROM orders WHERE mch_trade_id IN ($1, $2) ORDER BY state`,
        [`${number}.1`, `${number}.2`],
      );
      expect(orders).toEqual([
        { state: 'closed', late: true },
        { state: 'paid', late: false },
      ]);
      expect((await refundsOf(`${number}.1`)).length + (await refundsOf(`${number}.2`)).length).toBe(1);
      expect((await detail(number))['pre_state']).toBe(0);
    }
  });
});

async function tradeIds(mch_pre_id: string): Promise<string[]> {
  const rows = await world.sql<{ trade_id: string }>(
    'SELECT trade_id FROM orders WHERE mch_trade_id IN ($1, $2) ORDER BY mch_trade_id',
    [`${mch_pre_id}.1`, `${mch_pre_id}.2`],
  );
  return rows.map((row) => row.trade_id);
}

async function setMerchant(changes: Json): Promise<void> {
  const { merchant_id } = world.merchant.merchant;
  const response = await fetch(`${world.url}/cms/merchants/${merchant_id}`, {
    method: 'PUT',
    headers: { authorization: await world.login() },
    body: JSON.stringify(changes),
  });
  expect(response.status).toBe(200);
  // A gateway that starts afterwards has not the old setting in memory.
  await world.restartGateway();
}

describe('closing a preorder', () => {
  it('closes the try under way first, and can be sent again', async () => {
    const fields = preorder();
    const number = String(fields['mch_pre_id']);
    const pay_url = await create(fields);
    const pay_info = await confirmIn(new PageVisitor('wechat'), pay_url);
    const closed = await world.merchant.call('/v2/pay/close', { mch_trade_id: number });
    expect(closed).toMatchObject({
      code: 0,
      data: { mch_trade_id: number, pay_type: 'pooul.preorder', trade_state: 3 },
    });
    expect((await world.merchant.call('/v2/pay/close', { mch_trade_id: number })).code).toBe(0);
    expect(await payInWallet(control, pay_info)).toMatchObject({ status: 409 });
    expect((await detail(number))['pre_state']).toBe(3);
    const visitor = new PageVisitor('alipay');
    expect((await visitor.get(pay_url)).text).toContain('订单已关闭');
    await visitor.follow(await visitor.confirm(pay_url), pay_url);
    expect((await detail(number))['pay_orders']).toHaveLength(1);
    expect((await world.merchant.call('/v2/pay/pre_order', fields)).code).toBe(107);
  });

  it('is refused once paid, and unsure while the try may still be paid', async () => {
    const fields = preorder();
    const number = String(fields['mch_pre_id']);
    const pay_url = await create(fields);
    const pay_info = await confirmIn(new PageVisitor('wechat'), pay_url);
    await world.control('POST', '/control/faults', {
      channel: 'wechat',
      operation: 'close',
      fault: 'http_500',
      count: 1,
    });
    expect((await world.merchant.call('/v2/pay/close', { mch_trade_id: number })).code).toBe(601);
    await payInWallet(control, pay_info);
    expect((await world.merchant.call('/v2/pay/close', { mch_trade_id: number })).code).toBe(302);
    expect((await detail(number))['pre_state']).toBe(0);
  });

  it('of a number that nobody knows is 301', async () => {
    expect((await world.merchant.call('/v2/pay/close', { mch_trade_id: 'nobody' })).code).toBe(301);
  });
});

describe('wechat.jsurl', () => {
  it('answers a link and an undecided order that is placed when its payer confirms', async () => {
    const fields = {
      pay_type: 'wechat.jsurl',
      mch_trade_id: 'alextest.jsurl.26',
      total_fee: 221,
      notify_url: world.notify.url('/jsurl'),
      body: 'Alex Test jsurl',
      device_info: 'alex wechat device',
      op_user_id: '11',
    };
    const made = await world.merchant.call('/v2/pay', fields);
    expect(made).toMatchObject({ code: 0, msg: 'success' });
    expect(made.data).toEqual({
      pay_url: expect.stringContaining(`${world.url}/preorder?pay_order_id=`),
      trade_id: expect.stringMatching(/^[0-9a-f]{24}$/),
      device_info: 'alex wechat device',
      mch_trade_id: 'alextest.jsurl.26',
      merchant_id: world.merchant.merchant.merchant_id,
      op_user_id: '11',
      pay_type: 'wechat.jsurl',
      trade_state: 6,
    });
    expect((await world.merchant.call('/v2/pay', fields)).data).toEqual(made.data);
    const before = await world.sql<{ placement: string }>('SELECT placement FROM orders WHERE trade_id = $1', [
      made.data['trade_id'],
    ]);
    expect(before).toEqual([{ placement: 'never' }]);

    const pay_url = String(made.data['pay_url']);
    const pay_info = await confirmIn(new PageVisitor('wechat', 'anna'), pay_url);
    const other = new PageVisitor('wechat', 'ben');
    await other.get(pay_url);
    expect((await other.follow(await other.confirm(pay_url), pay_url)).text).toContain('此链接正由另一位付款人使用');
    expect(await payInWallet(control, pay_info)).toMatchObject({
      status: 200,
      body: { out_trade_no: made.data['trade_id'] },
    });
    const [told] = await world.notify.waitFor('/jsurl');
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      data: { mch_trade_id: 'alextest.jsurl.26', pay_type: 'wechat.jsurl', trade_state: 0 },
    });
  });

  it('can be closed before anybody has confirmed', async () => {
    const order = { pay_type: 'wechat.jsurl', mch_trade_id: 'jsurl.closed', total_fee: 5, body: 'goods' };
    const made = await world.merchant.call('/v2/pay', order);
    expect((await world.merchant.call('/v2/pay/close', { mch_trade_id: 'jsurl.closed' })).code).toBe(0);
    const page = await new PageVisitor('wechat').get(String(made.data['pay_url']));
    expect(page.text).toContain('订单已关闭');
  });

  it('is paid in WeChat only', async () => {
    const order = { pay_type: 'wechat.jsurl', mch_trade_id: 'jsurl.locked', total_fee: 5, body: 'goods' };
    const made = await world.merchant.call('/v2/pay', order);
    const page = await new PageVisitor('alipay').get(String(made.data['pay_url']));
    expect(page.text).toContain('请在微信中打开');
    expect(page.text).not.toContain('<form');
  });
});
