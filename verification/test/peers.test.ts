/**
 * What cost the users of other gateways money, each as a test named after what must not happen. The numbers are those of the list
 * from which they were taken. Not here:
 *
 * | number | what must not happen | where |
 * |---|---|---|
 * | 4 | refunds on two nodes at once exceed what was paid | two-nodes.test.ts, concurrency.test.ts |
 * | 8 | a notification is lost by a kill | kill.test.ts, simulation-crash.test.ts |
 * | 10 | an order paid through both wallets makes callbacks loop | preorders.test.ts |
 * | 11 | comparing a bill takes the square of its length | bank-files.test.ts compares; verification/bench/scenarios/statement.ts measures a hundred thousand entries |
 * | 12 | TLS is not verified | gateway/test/outbound/tls.test.ts: every kind of wrong certificate |
 * | 13 | a role is not asked for | access.test.ts: every management endpoint for every role |
 * | 14 | a name leads to another address at its second lookup | gateway/test/notifications/guarded-client.test.ts |
 * | 19 | an exception has no words for what is left to do | docs.test.ts |
 * | 20 | the set-up by one command does not work | sandbox/test/sandbox.test.ts |
 */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway } from '../../gateway/src/main.ts';
import { proxyChannels, saveAccount } from '../accounts.ts';
import { freePort } from '../bench/free-port.ts';
import { readBooks, readCounter, readExceptions } from '../books.ts';
import type { ChannelProxy } from '../channel-proxy.ts';
import { environmentOf, heliu } from '../command-line.ts';
import { GatewayProcess } from '../gateway-process.ts';
import { MerchantClient, type Json } from '../merchant.ts';
import { Shop, WALLETS, type Wallet } from '../shop.ts';
import { post, readUpstream, type AlipayPlatform, type Sent, type WechatPlatform } from '../upstream.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let shop: Shop;
let proxies: Record<Wallet, ChannelProxy>;
let platforms: { wechat: WechatPlatform; alipay: AlipayPlatform };

beforeAll(async () => {
  world = await startWorld();
  shop = new Shop(world, 'peer');
  proxies = await proxyChannels(world);
  platforms = await readUpstream(world.config.home);
}, 60_000);

afterAll(async () => {
  await world.close();
  for (const wallet of WALLETS) await proxies[wallet].close();
});

beforeEach(() => shop.postponeAll());

afterEach(async () => {
  await world.control('DELETE', '/control/faults');
  for (const wallet of WALLETS) proxies[wallet].spoil = (_passing, body) => body;
});

const callbackPath = (wallet: Wallet): string => `/notify/sandbox-${wallet}/${world.merchant.merchant.merchant_id}`;

function paidCallback(wallet: Wallet, trade_id: string): Sent {
  return wallet === 'wechat' ? platforms.wechat.paid(trade_id, 100) : platforms.alipay.paid(trade_id, '1.00');
}

it('1. a merchant is never told "paid" of an order that says closed or reversed', async () => {
  // A code of Alipay that nobody has scanned cannot be closed at Alipay, and is paid all the same.
  const closed = await shop.place('alipay');
  expect((await shop.ask('close', closed)).code).toBe(0);
  expect(await shop.scan(closed)).toBe(200);
  const reversed = await shop.place('wechat');
  await shop.payQuietly('wechat', reversed);
  expect((await shop.ask('reverse', reversed)).code).toBe(0);
  for (const order of [closed, reversed]) {
    await eventually(async () => (await shop.money(order)).back.length === 1);
    await eventually(async () => (await shop.stored(order)).refunded_fen === '100');
    expect(await shop.callBack(order)).toBe(200);
    await shop.due(order);
    expect(await shop.promised(order)).toBe(0);
    expect(shop.told(order)).toBe(0);
  }
  expect([await shop.tradeState(closed), await shop.tradeState(reversed)]).toEqual([3, 5]);
});

it.each(WALLETS)('2. %s: an order whose time is up is not closed while its channel has the money', async (wallet) => {
  const order = await shop.place(wallet);
  await shop.payQuietly(wallet, order);
  await shop.inject(wallet, 'query', 'http_500');
  await shop.age(order, 30 * 3_600);
  await eventually(async () => (await shop.timeline(order)).includes('resolver unknown'));
  expect((await shop.stored(order)).state).toBe('undecided');
  await shop.due(order);
  await world.notify.waitFor(`/${order.mch_trade_id}`);
  await shop.expectAgreement(order);
});

it.each(WALLETS)('2. %s: a refund is not given up, however long its channel does not answer', async (wallet) => {
  const order = await shop.sell(wallet);
  const refund = shop.refundOf(order, 100);
  await shop.inject(wallet, 'refund', 'timeout_before', { count: 9 });
  expect((await shop.refund(refund)).code).toBe(601);
  await world.sql('UPDATE refunds SET created_at_ms = created_at_ms - 40 * 86400000::bigint WHERE trade_id = $1', [
    order.trade_id,
  ]);
  const checks = async (): Promise<number> =>
    (
      await world.sql<{ check_count: number }>('SELECT check_count FROM refunds WHERE trade_id = $1', [order.trade_id])
    )[0]?.check_count ?? 0;
  for (let times = await checks(); times < 3; times = await checks()) await shop.due(order);
  expect(await shop.stored(order)).toMatchObject({ refund_reserved_fen: '100', refunded_fen: '0' });
  await world.control('DELETE', '/control/faults');
  await eventually(async () => {
    await shop.due(order);
    return (await shop.stored(order)).refunded_fen === '100';
  });
  await shop.expectAgreement(order);
});

describe.each([
  ['an empty answer', () => Buffer.alloc(0)],
  ['half an answer', (body: Buffer) => body.subarray(0, body.length / 2)],
] as const)('3. %s is not recorded as a failure', (_name, spoil) => {
  it.each(WALLETS)('%s: to the order, the question, the close and the refund', async (wallet) => {
    const sold = await shop.sell(wallet);
    const open = await shop.place(wallet);
    proxies[wallet].spoil = (_passing, body) => spoil(body);
    await shop.inject(wallet, 'callback', 'drop', { count: 20 });
    const claims = shop.claims(`${wallet}.scan`);
    expect((await world.merchant.call('/v2/pay', claims)).code).toBe(601);
    const placed = await shop.placedUnder(claims);
    expect(await shop.tradeState(placed)).toBe(wallet === 'wechat' ? 2 : 6);
    // WeChat Pay confirms a close by 204, whose body is empty in any case.
    if (wallet === 'alipay') expect((await shop.ask('close', open)).code).toBe(601);
    expect((await shop.refund(shop.refundOf(sold, 100))).code).toBe(601);
    expect((await shop.stored(placed)).state).toBe('undecided');
    expect((await shop.stored(open)).state).toBe('undecided');
    expect(await shop.stored(sold)).toMatchObject({ state: 'paid', refund_reserved_fen: '100' });
    proxies[wallet].spoil = (_passing, body) => body;
    expect((await world.merchant.call('/v2/pay', claims)).code).toBe(0);
    expect((await shop.ask('close', open)).code).toBe(0);
    await eventually(async () => {
      await shop.due(sold);
      return (await shop.stored(sold)).refunded_fen === '100';
    });
    await shop.expectAgreement(sold);
  });
});

it.each(WALLETS)('4. %s: refunds never exceed the payment together, and no amount is negative', async (wallet) => {
  const order = await shop.sell(wallet);
  for (const refund_fee of [-60, 0, 0.5, '-1', 101]) {
    const refused = await shop.refund({ ...shop.refundOf(order, 1), refund_fee });
    expect([refund_fee, refused.code]).toEqual([refund_fee, refund_fee === 101 ? 303 : 102]);
  }
  const answers = await Promise.all([60, 60].map((refund_fee) => shop.refund(shop.refundOf(order, refund_fee))));
  expect(answers.map((answer) => answer.code).toSorted((one, other) => one - other)).toEqual([0, 303]);
  await eventually(async () => (await shop.stored(order)).refunded_fen === '60');
  await shop.expectAgreement(order);
});

it('5. a refund that failed is not dead, and however often it is sent again it is not made twice', async () => {
  const order = await shop.sell('wechat');
  const refund = shop.refundOf(order, 100, 'CLOSED');
  const numbers = new Set<unknown>();
  for (let times = 1; times <= 3; times += 1) {
    await Promise.all([shop.refund(refund), shop.refund(refund)]);
    await eventually(async () => (await shop.stored(order)).refund_reserved_fen === '0');
    const [row] = await world.sql<Json>('SELECT channel_refund_no FROM refunds WHERE trade_id = $1', [order.trade_id]);
    numbers.add(row?.['channel_refund_no']);
  }
  // A number that WeChat Pay has closed stays closed: each attempt has one of its own.
  expect(numbers.size).toBe(3);
  const sums = await world.sql<Json>('SELECT count(*)::int AS refunds FROM refunds WHERE trade_id = $1', [
    order.trade_id,
  ]);
  expect(sums).toEqual([{ refunds: 1 }]);
  expect((await shop.refund(shop.refundOf(order, 100))).code).toBe(0);
  await eventually(async () => (await shop.stored(order)).refunded_fen === '100');
  expect((await shop.refund(refund)).code).toBe(303);
  expect((await shop.money(order)).back).toEqual([100]);
});

it('6. a payment that is heard of after the expiry is not dropped', async () => {
  const order = await shop.place('alipay');
  await shop.age(order, 30 * 86_400);
  await shop.becomes(order, 'closed');
  expect(await shop.scan(order)).toBe(200);
  await eventually(async () => (await shop.timeline(order)).includes('callback late_payment'));
  await eventually(async () => (await shop.stored(order)).refunded_fen === '100');
  expect(await shop.stored(order)).toMatchObject({ late_facts: { amount_fen: 100 }, facts: null });
  await shop.expectAgreement(order);
});

it('7. a callback that says "over" is not ignored, and takes no payment back', async () => {
  const over = (trade_id: string): Sent =>
    platforms.alipay.signed(
      platforms.alipay.parameters(trade_id, '1.00', { trade_status: 'TRADE_CLOSED', gmt_payment: null }),
    );
  const [unpaid, paid] = [await shop.place('alipay'), await shop.sell('alipay')];
  for (const order of [unpaid, paid, unpaid, paid]) {
    const answer = await post(`${world.url}${callbackPath('alipay')}`, over(order.trade_id));
    expect(answer).toEqual({ status: 200, text: 'success' });
  }
  expect([await shop.tradeState(unpaid), await shop.tradeState(paid)]).toEqual([3, 0]);
  const seen = (await readExceptions(world)).filter((one) => one.trade_id === paid.trade_id);
  expect(seen.map((one) => one.kind)).toEqual(['contradiction']);
  const closed = await shop.sell('wechat');
  expect((await shop.refund(shop.refundOf(closed, 100, 'CLOSED'))).code).toBe(0);
  await eventually(async () => (await shop.timeline(closed)).includes('callback refund_closed'));
  expect(await shop.stored(closed)).toMatchObject({ state: 'paid', refund_reserved_fen: '0', refunded_fen: '0' });
});

describe('with nobody who delivers', () => {
  let quiet: World;

  beforeAll(async () => {
    quiet = await startWorld({ HELIU_ROLE: 'api' });
  }, 60_000);

  afterAll(() => quiet.close());

  /** Lets a node deliver until every notification of the world has had an attempt. */
  async function deliver(changes: { readonly notify_allow_loopback: boolean }): Promise<void> {
    const limits = { ...quiet.config.limits, ...changes };
    const worker = await startGateway(
      { ...quiet.config, role: 'worker', limits, port: await freePort() },
      quiet.database_url,
    );
    await worker.ready;
    await eventually(async () => (await quiet.sql('SELECT 1 FROM notifications WHERE attempts = 0')).length === 0);
    await worker.close();
  }

  it('8. a payment is not committed without its notification and the job that delivers it', async () => {
    const own = new Shop(quiet, 'quiet');
    for (const wallet of WALLETS) {
      const order = await own.place(wallet);
      expect(await own.scan(order)).toBe(200);
      await own.becomes(order, 'paid');
      const [row] = await quiet.sql<Json>(
        `SELECT o.xmin = n.xmin AND n.xmin = j.xmin AND j.xmin = e.xmin AS together
         FROM orders o JOIN notifications n USING (trade_id) JOIN jobs j ON j.subject_id = n.notification_id
         JOIN order_events e ON e.trade_id = o.trade_id AND e.kind = 'paid' WHERE o.trade_id = $1`,
        [order.trade_id],
      );
      expect(row).toEqual({ together: true });
    }
    await deliver({ notify_allow_loopback: true });
    expect(quiet.notify.received).toHaveLength(2);
  });

  it('14. a notification is not sent into our own network, by its URL or by a redirect', async () => {
    const own = new Shop(quiet, 'inside');
    let requests = 0;
    const redirecting = createServer((_request, response) => {
      requests += 1;
      response.writeHead(302, { location: quiet.notify.url('/redirected') }).end();
    });
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
    const port = (redirecting.address() as AddressInfo).port;
    const reasons = async (order: { trade_id: string }): Promise<unknown> =>
      (await quiet.sql<Json>('SELECT last_reason FROM notifications WHERE trade_id = $1', [order.trade_id]))[0];
    const heard = quiet.notify.received.length;

    const inside = await own.place('wechat');
    const metadata = await own.place('wechat', { notify_url: 'http://169.254.169.254/latest/meta-data' });
    for (const order of [inside, metadata]) await own.scan(order).then(() => own.becomes(order, 'paid'));
    await deliver({ notify_allow_loopback: false });
    expect([await reasons(inside), await reasons(metadata)]).toEqual([
      { last_reason: 'blocked_address' },
      { last_reason: 'blocked_address' },
    ]);

    const redirected = await own.place('wechat', { notify_url: `http://127.0.0.1:${port}/hook` });
    await own.scan(redirected).then(() => own.becomes(redirected, 'paid'));
    await deliver({ notify_allow_loopback: true });
    expect(await reasons(redirected)).toEqual({ last_reason: 'redirect' });
    expect([requests, quiet.notify.received.length]).toEqual([1, heard]);
    await new Promise((resolve) => redirecting.close(resolve));
  });
});

it('9. a notification that failed is not forgotten, and its repeats are the very same bytes', async () => {
  world.notify.answer = { status: 500, body: 'busy' };
  const order = await shop.place('wechat');
  const path = `/${order.mch_trade_id}`;
  await shop.scan(order);
  await world.notify.waitFor(path);
  for (const times of [2, 3]) {
    await eventually(async () => {
      const [row] = await world.sql<{ attempts: number }>('SELECT attempts FROM notifications WHERE trade_id = $1', [
        order.trade_id,
      ]);
      return row?.attempts === times - 1;
    });
    if (times === 3) world.notify.answer = { status: 200, body: 'success' };
    await shop.due(order);
    await world.notify.waitFor(path, times);
  }
  await eventually(
    async () =>
      (await world.sql("SELECT 1 FROM notifications WHERE trade_id = $1 AND state = 'delivered'", [order.trade_id]))
        .length,
  );
  const tokens = world.notify.received.filter((one) => one.path === path).map((one) => one.token);
  expect([tokens.length, new Set(tokens).size]).toEqual([3, 1]);
});

it('12. no secret and no payment code is logged, at any level', async () => {
  const PORT = String(await freePort());
  const gateway = await GatewayProcess.start({
    ...environmentOf(world),
    PORT,
    LOG_LEVEL: 'trace',
    HELIU_NOTIFY_ALLOW_LOOPBACK: '1',
  });
  const url = `http://127.0.0.1:${PORT}`;
  const merchant = new MerchantClient(url, world.platform_public_key, world.merchant.merchant);
  const login = await fetch(`${url}/web/user/session/login_name`, {
    method: 'POST',
    body: JSON.stringify(world.admin),
  });
  const codes = [await shop.paymentCode('wechat', 'pay'), await shop.paymentCode('alipay', 'insufficient')];
  for (const auth_code of codes) await merchant.call('/v2/pay', shop.claims('common.micro', { auth_code }));
  await shop.inject('wechat', 'pay', 'garbage');
  await merchant.call('/v2/pay', shop.claims('wechat.scan'));
  await post(`${url}${callbackPath('wechat')}`, { headers: {}, body: '{}' });
  await merchant.send('/v2/pay', 'x.y.z');
  // An account that cannot be opened is worth an error line.
  await saveAccount(world, 'sandbox-alipay', (account) => ({ ...account, account_id: 'broken', settings: {} }));
  await post(`${url}/notify/broken/${world.merchant.merchant.merchant_id}`, { headers: {}, body: '' });
  await gateway.stop();
  await world.sql("DELETE FROM channel_accounts WHERE account_id = 'broken'");
  expect(gateway.output).toContain('channel account cannot be opened');

  const { wechat, alipay } = world.simulators;
  const pem_lines = [wechat.merchant_private_key, alipay.app_private_key].flatMap((pem) => pem.match(/.{60,}/g) ?? []);
  const secrets = [
    ...codes,
    ...pem_lines,
    wechat.api_v3_key,
    world.admin.password,
    login.headers.get('authorization'),
    world.config.master_key?.toString('base64'),
    new URL(world.database_url).password,
  ];
  expect(secrets.length).toBeGreaterThan(20);
  for (const secret of secrets) {
    expect(secret?.length).toBeGreaterThan(8);
    expect(gateway.output).not.toContain(secret);
  }
});

it('12. a channel whose certificate nobody vouches for is sent nothing', async () => {
  const { tls_base_url } = world.simulators.wechat;
  await saveAccount(world, 'sandbox-wechat', (account) => ({
    ...account,
    account_id: 'unvouched',
    settings: { ...account.settings, base_url: tls_base_url },
  }));
  const tested = await heliu(world, 'channel', 'test', 'unvouched');
  await world.sql("DELETE FROM channel_accounts WHERE account_id = 'unvouched'");
  expect(tested).toMatchObject({ ok: false, message: expect.stringContaining('tls_failed') });
});

describe('15. a callback is not believed', () => {
  /** Sends a callback under a Host of one's own choice. */
  function postAs(host: string, path: string, { headers, body }: Sent): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request(`${world.url}${path}`, { method: 'POST', headers: { ...headers, host } }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }

  it.each(WALLETS)('%s: for the host name it comes with', async (wallet) => {
    const order = await shop.place(wallet);
    const { headers, body } = paidCallback(wallet, order.trade_id);
    const unsigned =
      wallet === 'wechat'
        ? { headers: { 'content-type': 'application/json' }, body }
        : { headers, body: body.replace(/(^|&)sign=[^&]*/, '') };
    const count = (): Promise<number> => readCounter(world.url, 'heliu_channel_callbacks_total', { result: 'applied' });
    const before = await count();
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'api.mch.weixin.qq.com', 'openapi.alipay.com', 'test']) {
      const status = await postAs(host, callbackPath(wallet), unsigned);
      if (wallet === 'wechat') expect(status).toBeGreaterThanOrEqual(400);
    }
    expect(await count()).toBe(before);
    expect(await shop.stored(order)).toMatchObject({ state: 'undecided', facts: null });
  });

  it.each(WALLETS)('%s: a second time, after the money has gone back', async (wallet) => {
    const order = await shop.place(wallet);
    await shop.payQuietly(wallet, order);
    expect(await shop.tradeState(order)).toBe(0);
    await world.notify.waitFor(`/${order.mch_trade_id}`);
    expect((await shop.refund(shop.refundOf(order, 100))).code).toBe(0);
    await eventually(async () => (await shop.stored(order)).refunded_fen === '100');
    const stored = await shop.stored(order);
    const sent = paidCallback(wallet, order.trade_id);
    for (let times = 0; times < 3; times += 1) await post(`${world.url}${callbackPath(wallet)}`, sent);
    expect(await shop.stored(order)).toEqual(stored);
    expect(await shop.promised(order)).toBe(1);
    await shop.expectAgreement(order);
  });
});

it('16. a new platform certificate does not break callbacks', async () => {
  const rotated = await world.control('POST', '/control/rotate-certificate', {});
  expect(rotated.status).toBe(200);
  const order = await shop.sell('wechat');
  expect((await shop.timeline(order)).at(-1)).toBe('callback paid');
  expect(await shop.tradeState(order)).toBe(0);
});

describe('17. half an answer is not taken for a whole one', () => {
  it('alipay: 10003 is neither a failure nor a payment', async () => {
    const { order, answer } = await shop.present('alipay', 'password_then_pay');
    expect(answer).toMatchObject({ code: 0, data: { trade_state: 6 } });
    expect(await shop.stored(order)).toMatchObject({ state: 'undecided', facts: null });
    expect(await shop.phone(order, 'pay')).toBe(200);
    await shop.due(order);
    await world.notify.waitFor(`/${order.mch_trade_id}`);
    await shop.expectAgreement(order);
  });

  it('wechat: a well-signed callback whose content fails its GCM tag is not read', async () => {
    const order = await shop.place('wechat');
    const notice = JSON.parse(platforms.wechat.notice(platforms.wechat.transaction(order.trade_id, 100))) as {
      resource: { ciphertext: string };
    };
    const bytes = Buffer.from(notice.resource.ciphertext, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    notice.resource.ciphertext = bytes.toString('base64');
    const before = await readBooks(world);
    const answer = await post(`${world.url}${callbackPath('wechat')}`, platforms.wechat.signed(JSON.stringify(notice)));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await readBooks(world)).toBe(before);
  });

  it.each(WALLETS)('%s: "paid" in an answer whose signature is wrong is not believed', async (wallet) => {
    const order = await shop.place(wallet);
    await shop.payQuietly(wallet, order);
    await shop.inject(wallet, 'query', 'bad_signature');
    expect(await shop.tradeState(order)).toBe(wallet === 'wechat' ? 2 : 6);
    expect(await shop.stored(order)).toMatchObject({ state: 'undecided', facts: null });
    await shop.due(order);
    await world.notify.waitFor(`/${order.mch_trade_id}`);
  });
});

it.each(WALLETS)('18. %s: an order that is paid at the channel does not stay undecided for ever', async (wallet) => {
  await shop.inject(wallet, 'callback', 'drop', { count: 20 });
  const { order, answer } = await shop.present(wallet, 'timeout_but_paid');
  expect(answer.code).toBe(601);
  for (const fault of ['http_500', 'system_error', 'bad_signature', 'timeout_before', 'garbage']) {
    await shop.inject(wallet, 'query', fault);
    const { check_count } = await shop.stored(order);
    await shop.due(order);
    await eventually(async () => (await shop.stored(order)).check_count > check_count);
    expect((await shop.stored(order)).state).toBe('undecided');
  }
  const jobs = await world.sql('SELECT 1 FROM jobs WHERE subject_id = $1', [order.trade_id]);
  expect(jobs).toHaveLength(1);
  await shop.due(order);
  await world.notify.waitFor(`/${order.mch_trade_id}`);
  await shop.expectAgreement(order);
});

it('19. a notification that was given up is not to be found in a log alone', async () => {
  const { merchant_id } = world.merchant.merchant;
  world.notify.answer = { status: 500, body: 'busy' };
  const order = await shop.place('wechat');
  await shop.scan(order);
  await world.notify.waitFor(`/${order.mch_trade_id}`);
  const state = async (): Promise<unknown> =>
    (await world.sql<Json>('SELECT state, attempts FROM notifications WHERE trade_id = $1', [order.trade_id]))[0];
  await eventually(async () => ((await state()) as Json)['attempts'] === 1);
  // Nine repeats later.
  await world.sql('UPDATE notifications SET attempts = 10 WHERE trade_id = $1', [order.trade_id]);
  await world.sql(
    'UPDATE jobs SET attempt = 10, run_at_ms = 0 WHERE subject_id = (SELECT notification_id FROM notifications WHERE trade_id = $1)',
    [order.trade_id],
  );
  await eventually(async () => ((await state()) as Json)['state'] === 'failed');
  world.notify.answer = { status: 200, body: 'success' };

  const failed = await heliu(world, 'notify', 'list', '--merchant', merchant_id, '--state', 'failed');
  expect(failed['notifications']).toMatchObject([{ trade_id: order.trade_id, last_reason: 'http_500' }]);
  const doctor = (await heliu(world, 'doctor'))['checks'] as Json[];
  expect(doctor.find((check) => check['name'] === 'notifications')).toMatchObject({
    state: 'warn',
    remedy: expect.stringContaining('heliu notify'),
  });
  expect(await heliu(world, 'notify', 'replay', '--failed', '--merchant', merchant_id)).toMatchObject({ replayed: 1 });
  await eventually(async () => ((await state()) as Json)['state'] === 'delivered');
  const tokens = world.notify.received.filter((one) => one.path === `/${order.mch_trade_id}`).map((one) => one.token);
  expect(new Set(tokens).size).toBe(1);
});
