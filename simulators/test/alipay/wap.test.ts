import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import { call, certificateApp, formOf, HOUR_MS, keyApp, officialClient, start, VirtualPorts } from './support.ts';
import type { Stand } from './support.ts';
import { cancel, changed, clientOrder, kinds, NOTIFY, query, refusal, wapUrl } from './support-orders.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

const RETURN = { return_url: 'http://shop.example/paid?shop=1' };
const order = (biz: Record<string, unknown> = {}) => clientOrder('QUICK_WAP_WAY', biz);

/** What a browser without scripts sends when a button of the page is pressed. */
async function press(stand: Stand, page: string, action: string): Promise<Response> {
  const target = /<form method="post" action="([^"]+)">/.exec(page)?.[1] ?? '';
  const trade_no = /name="trade_no" value="(\d+)"/.exec(page)?.[1] ?? '';
  expect(page).toContain(`<button${action === 'pay' ? ' class="primary"' : ''} name="action" value="${action}">`);
  return fetch(new URL(target, stand.gateway_url), {
    method: 'POST',
    body: new URLSearchParams({ trade_no, action }),
    redirect: 'manual',
  });
}

const textOf = async (url: string) => (await fetch(url)).text();

describe('a wap order', () => {
  test.each(['key', 'certificate'])(
    'opened by GET is a page; paying leads back with a signed return, in %s mode',
    async (mode) => {
      const ports = new VirtualPorts();
      const stand = await start(config, { ports });
      const app = mode === 'key' ? keyApp(config) : certificateApp(config);
      const biz = order();
      const response = await fetch(wapUrl(stand, app, biz, { ...RETURN, ...NOTIFY }));
      expect(response.headers.get('content-type')).toBe('text/html;charset=utf-8');
      const page = await response.text();
      expect(page).toContain('¥100.01');
      expect(page).toContain(app.seller_name);
      expect(page).not.toContain('<script');
      const trade = await query(stand, app, biz.out_trade_no);
      expect(trade['tradeStatus']).toBe('WAIT_BUYER_PAY');

      const paid = await press(stand, page, 'pay');
      expect(paid.status).toBe(302);
      const target = new URL(paid.headers.get('location') ?? '');
      expect(target.origin + target.pathname).toBe('http://shop.example/paid');
      const { shop, ...returned } = Object.fromEntries(target.searchParams);
      expect(shop).toBe('1');
      expect(returned).toMatchObject({
        out_trade_no: biz.out_trade_no,
        trade_no: trade['tradeNo'],
        total_amount: '100.01',
        seller_id: app.seller_id,
        app_id: app.app_id,
        method: 'alipay.trade.wap.pay.return',
      });
      expect(officialClient(stand, app).checkNotifySignV2(returned)).toBe(true);
      expect(officialClient(stand, app).checkNotifySignV2({ ...returned, total_amount: '0.01' })).toBe(false);
      expect((await query(stand, app, biz.out_trade_no))['tradeStatus']).toBe('TRADE_SUCCESS');
      await ports.advance(0);
      expect(ports.sent.map(({ request }) => formOf(request)['trade_status'])).toEqual(['TRADE_SUCCESS']);
    },
  );

  test('comes by POST as well', async () => {
    const stand = await start(config);
    const biz = order({ subject: '茶 "大杯" <热>' });
    const form = officialClient(stand, keyApp(config)).pageExecute('alipay.trade.wap.pay', 'POST', { bizContent: biz });
    const action = /<form action="([^"]+)" method="post"/.exec(form)?.[1] ?? '';
    const body = new URLSearchParams();
    for (const [, name = '', value = ''] of form.matchAll(/name="([^"]+)" value="([^"]*)"/g)) {
      body.append(name, value.replaceAll('&quot;', '"'));
    }
    const page = await (await fetch(action, { method: 'POST', body })).text();
    expect(page).toContain('茶 &quot;大杯&quot; &lt;热&gt;');
    const paid = await press(stand, page, 'pay');
    expect(paid.status).toBe(200);
    expect(await paid.text()).toContain('付款成功');
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('is one trade however often it is opened, and an error page once it is paid', async () => {
    const stand = await start(config);
    const biz = order();
    const url = wapUrl(stand, keyApp(config), biz);
    const [page] = [await textOf(url), await textOf(url)];
    expect(kinds(stand)).toEqual(['order']);
    await press(stand, page, 'pay');
    const again = await textOf(url);
    expect(again).toContain('ACQ.TRADE_HAS_SUCCESS');
    expect(again).not.toContain('<form');
    expect(await (await press(stand, page, 'pay')).text()).toContain('is paid already');
    expect(await textOf(wapUrl(stand, keyApp(config), { ...biz, total_amount: '1.00' }))).toContain(
      'ACQ.TRADE_HAS_SUCCESS',
    );
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('can be given up, which leads to quit_url, and mistyped, which leads back to the page', async () => {
    const stand = await start(config);
    const biz = order({ quit_url: 'http://shop.example/quit' });
    const page = await textOf(wapUrl(stand, keyApp(config), biz, RETURN));
    const wrong = await (await press(stand, page, 'wrong_password')).text();
    expect(wrong).toContain('role="alert"');
    const quit = await press(stand, wrong, 'cancel');
    expect([quit.status, quit.headers.get('location')]).toEqual([302, 'http://shop.example/quit']);
    expect((await query(stand, keyApp(config), biz.out_trade_no))['tradeStatus']).toBe('WAIT_BUYER_PAY');
    expect((await press(stand, page, 'pay')).status).toBe(302);
  });

  test('tells the merchant when it is closed, by whatever closes it', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const orders = [order(), order(), order({ timeout_express: '1h' })];
    for (const biz of orders) await textOf(wapUrl(stand, keyApp(config), biz, NOTIFY));
    const [closed, cancelled] = orders.map((biz) => biz.out_trade_no);
    await call(stand, keyApp(config), 'alipay.trade.close', { out_trade_no: closed });
    await cancel(stand, keyApp(config), cancelled ?? '');
    await ports.advance(HOUR_MS);
    const forms = ports.sent.map(({ request }) => formOf(request));
    expect(forms.map((form) => form['out_trade_no'])).toEqual(orders.map((biz) => biz.out_trade_no));
    for (const form of forms) {
      expect(form['trade_status']).toBe('TRADE_CLOSED');
      expect(form['gmt_close']).toBeDefined();
      expect(form).not.toHaveProperty('gmt_payment');
      expect(form).not.toHaveProperty('refund_fee');
      expect(officialClient(stand, keyApp(config)).checkNotifySignV2(form)).toBe(true);
    }
  });
});

describe('an error page', () => {
  test.each([
    ['a changed amount', 'biz_content', (biz: string) => biz.replace('100.01', '0.01'), 'isv.invalid-signature'],
    ['an unknown app', 'app_id', () => '2021000000000000', 'isv.invalid-app-id'],
    ['no signature', 'sign', () => '', 'isv.missing-signature'],
  ])('shows for %s', async (_name, parameter, change, code) => {
    const stand = await start(config);
    const url = changed(wapUrl(stand, keyApp(config), order()), parameter, change);
    const response = await fetch(url);
    expect(response.headers.get('content-type')).toBe('text/html;charset=utf-8');
    const page = await response.text();
    expect(page).toContain(code);
    expect(page).not.toContain('<form');
    expect(kinds(stand)).toEqual([]);
  });

  test.each([
    ['product_code missing', { product_code: undefined }],
    ['product_code', { product_code: 'FACE_TO_FACE_PAYMENT' }],
    ['quit_url', { quit_url: 'javascript:alert(1)' }],
    ['total_amount', { total_amount: 'x' }],
  ])('shows for a wrong order: %s', async (_name, biz) => {
    const stand = await start(config);
    const page = await textOf(wapUrl(stand, keyApp(config), order(biz)));
    expect(page).toContain('ACQ.INVALID_PARAMETER');
    expect(kinds(stand)).toEqual([]);
  });

  test('shows for a return_url that is no web address', async () => {
    const stand = await start(config);
    const page = await textOf(wapUrl(stand, keyApp(config), order(), { return_url: 'javascript:alert(1)' }));
    expect(page).toContain('ACQ.INVALID_PARAMETER');
  });

  test.each(['precreate', 'nobody'])("shows when the button's trade is of %s", async (whose) => {
    const stand = await start(config);
    const biz = order({ product_code: 'FACE_TO_FACE_PAYMENT' });
    const answer = await call(stand, keyApp(config), 'alipay.trade.precreate', biz);
    stand.simulator.scan(answer['qrCode'] as string, 'cancel');
    const { tradeNo } = await query(stand, keyApp(config), biz.out_trade_no);
    const trade_no = whose === 'nobody' ? 'nobody' : (tradeNo as string);
    const body = new URLSearchParams({ trade_no, action: 'pay' });
    const response = await fetch(new URL('/wap/cashier.htm', stand.gateway_url), { method: 'POST', body });
    expect(await response.text()).toContain('ACQ.TRADE_NOT_EXIST');
    expect(kinds(stand)).toEqual(['order']);
  });
});

describe('the phone takes a wap URL', () => {
  test('shows it without opening it, and pays it', async () => {
    const stand = await start(config);
    const biz = order();
    const url = wapUrl(stand, keyApp(config), biz);
    expect(stand.simulator.ownsCode(url)).toBe(true);
    expect(stand.simulator.look(url)).toMatchObject({ code: url, amount: 10001, state: 'NOT_SCANNED' });
    expect(kinds(stand)).toEqual([]);
    const { out_trade_no } = biz;
    expect(stand.simulator.scan(url, 'cancel')).toEqual({ out_trade_no, state: 'WAIT_BUYER_PAY' });
    expect(stand.simulator.look(url)).toMatchObject({ out_trade_no, state: 'WAIT_BUYER_PAY' });
    expect(stand.simulator.pending()).toMatchObject([{ out_trade_no }]);
    expect(stand.simulator.scan(url, 'pay')).toEqual({ out_trade_no, state: 'TRADE_SUCCESS' });
    expect(refusal(() => stand.simulator.scan(url, 'pay'))).toMatchObject({ status: 409 });
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('refuses one that does not verify, or comes too late', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const forged = changed(wapUrl(stand, keyApp(config), order()), 'biz_content', (biz) =>
      biz.replace('100.01', '0.01'),
    );
    for (const act of [() => stand.simulator.look(forged), () => stand.simulator.scan(forged, 'pay')]) {
      expect(refusal(act)).toMatchObject({ status: 400 });
      expect(refusal(act).reason).toContain('isv.invalid-signature');
    }
    const late = wapUrl(stand, keyApp(config), order({ time_expire: '2026-11-23 12:30:00' }));
    expect(stand.simulator.look(late)).toMatchObject({ expires_at_ms: ports.now() + HOUR_MS / 2 });
    await ports.advance(HOUR_MS);
    expect(refusal(() => stand.simulator.scan(late, 'pay'))).toMatchObject({ status: 410 });
    expect(kinds(stand)).toEqual([]);
  });

  test('owns no other URL', async () => {
    const stand = await start(config);
    const url = wapUrl(stand, keyApp(config), order());
    for (const other of [changed(url, 'method', () => 'alipay.trade.query'), 'http://shop.example/?a=1', 'nonsense']) {
      expect(stand.simulator.ownsCode(other)).toBe(false);
    }
  });
});
