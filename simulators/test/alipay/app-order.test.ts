import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import {
  call,
  certificateApp,
  commonParameters,
  formOf,
  HOUR_MS,
  keyApp,
  officialClient,
  paidOrder,
  post,
  signed,
  start,
  VirtualPorts,
} from './support.ts';
import { changed, clientOrder, kinds, NOTIFY, orderString, query, refusal } from './support-orders.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

const order = (biz: Record<string, unknown> = {}) => clientOrder('QUICK_MSECURITY_PAY', biz);

describe('an order string', () => {
  test.each(['key', 'certificate'])('is no trade until the app hands it over, in %s mode', async (mode) => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const app = mode === 'key' ? keyApp(config) : certificateApp(config);
    const biz = order();
    const { out_trade_no } = biz;
    const text = orderString(stand, app, biz, NOTIFY);
    expect(stand.simulator.ownsInvocation(text) && stand.simulator.ownsPrepay(text)).toBe(true);
    expect((await query(stand, app, out_trade_no))['subCode']).toBe('ACQ.TRADE_NOT_EXIST');
    const handed = stand.simulator.invoke(text);
    expect(handed.out_trade_no).toBe(out_trade_no);
    expect(await query(stand, app, out_trade_no)).toMatchObject({
      tradeStatus: 'WAIT_BUYER_PAY',
      tradeNo: handed.prepay_id,
    });
    expect(stand.simulator.invoke(text)).toEqual(handed);
    expect(stand.simulator.payPrepay(handed.prepay_id, 'cancel').state).toBe('WAIT_BUYER_PAY');
    expect(stand.simulator.payPrepay(text, 'pay')).toEqual({ out_trade_no, state: 'TRADE_SUCCESS' });
    await ports.advance(0);
    const [form = {}] = ports.sent.map(({ request }) => formOf(request));
    expect(form).toMatchObject({ trade_status: 'TRADE_SUCCESS', out_trade_no });
    expect(officialClient(stand, app).checkNotifySignV2(form)).toBe(true);
    expect(refusal(() => stand.simulator.invoke(text))).toMatchObject({ status: 409 });
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('can be paid without being looked at first', async () => {
    const stand = await start(config);
    const text = orderString(stand, keyApp(config), order());
    expect(stand.simulator.payPrepay(text, 'pay').state).toBe('TRADE_SUCCESS');
  });

  test.each([
    ['signature', 'biz_content', (biz: string) => biz.replace('100.01', '0.01'), 'isv.invalid-signature'],
    ['app', 'app_id', () => '2021000000000000', 'isv.invalid-app-id'],
    ['sign_type', 'sign_type', () => 'MD5', 'isv.invalid-signature-type'],
    ['timestamp', 'timestamp', () => '', 'isv.missing-timestamp'],
  ])('with a wrong %s is refused with the reason', async (_name, parameter, change, code) => {
    const stand = await start(config);
    const text = changed(orderString(stand, keyApp(config), order()), parameter, change);
    const refused = refusal(() => stand.simulator.invoke(text));
    expect(refused).toMatchObject({ status: 400 });
    expect(refused.reason).toContain(code);
    expect(refusal(() => stand.simulator.payPrepay(text, 'pay'))).toMatchObject({ status: 400 });
    expect(kinds(stand)).toEqual([]);
  });

  test('in certificate mode without the serial numbers is refused', async () => {
    const stand = await start(config);
    const app = certificateApp(config);
    const parameters = signed(app, commonParameters(app, 'alipay.trade.app.pay', order()));
    const refused = refusal(() => stand.simulator.invoke(new URLSearchParams(parameters).toString()));
    expect(refused.reason).toContain('isv.missing-app-cert-sn');
  });

  test.each(['out_trade_no', 'total_amount', 'subject'])('without %s is refused', async (name) => {
    const stand = await start(config);
    const text = orderString(stand, keyApp(config), { ...order(), [name]: undefined });
    const refused = refusal(() => stand.simulator.invoke(text));
    expect(refused.reason).toContain(`ACQ.INVALID_PARAMETER 参数无效：缺少${name}`);
  });

  test('past its time_expire is refused, before and after it was handed over', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const biz = { time_expire: '2026-11-23 12:30:00' };
    const [never, opened] = [order(biz), order(biz)].map((one) => orderString(stand, keyApp(config), one));
    stand.simulator.invoke(opened ?? '');
    await ports.advance(HOUR_MS / 2);
    expect(refusal(() => stand.simulator.invoke(never ?? ''))).toMatchObject({ status: 410 });
    expect(refusal(() => stand.simulator.invoke(opened ?? ''))).toMatchObject({ status: 409 });
  });

  test('of another order under the same number is refused', async () => {
    const stand = await start(config);
    const biz = order();
    stand.simulator.invoke(orderString(stand, keyApp(config), biz));
    const refused = refusal(() =>
      stand.simulator.invoke(orderString(stand, keyApp(config), { ...biz, subject: '茶' })),
    );
    expect(refused).toMatchObject({ status: 409 });
    expect(refused.reason).toContain('ACQ.CONTEXT_INCONSISTENT');
  });

  test('is another order than one of the same content placed through the gateway', async () => {
    const stand = await start(config);
    const biz = order({ product_code: undefined });
    stand.simulator.invoke(orderString(stand, keyApp(config), biz));
    const answer = await call(stand, keyApp(config), 'alipay.trade.precreate', biz);
    expect(answer).toMatchObject({ code: '40004', subCode: 'ACQ.CONTEXT_INCONSISTENT' });
  });

  test('is nothing that the gateway takes', async () => {
    const stand = await start(config);
    const app = keyApp(config);
    const answer = await post(stand, signed(app, commonParameters(app, 'alipay.trade.app.pay', order())));
    expect(answer.body['sub_code']).toBe('isv.invalid-method');
  });

  test('has fifteen days when it says nothing, and tells the merchant when they are over', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const biz = order();
    stand.simulator.invoke(orderString(stand, keyApp(config), biz, NOTIFY));
    await ports.advance(15 * 24 * HOUR_MS - 1);
    expect(ports.sent).toEqual([]);
    await ports.advance(1);
    expect(ports.sent.map(({ request }) => formOf(request)['trade_status'])).toEqual(['TRADE_CLOSED']);
  });
});

describe('a paid trade can be ended', () => {
  test('of which the merchant is told when it was paid in an app', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const biz = order();
    const { out_trade_no } = biz;
    const text = orderString(stand, keyApp(config), biz, NOTIFY);
    stand.simulator.invoke(text);
    expect(refusal(() => stand.simulator.finishTrade(out_trade_no))).toMatchObject({ status: 409 });
    stand.simulator.payPrepay(text, 'pay');
    expect(stand.simulator.finishTrade(out_trade_no)).toEqual({ out_trade_no, state: 'TRADE_FINISHED' });
    expect((await query(stand, keyApp(config), out_trade_no))['tradeStatus']).toBe('TRADE_FINISHED');
    await ports.advance(0);
    const forms = ports.sent.map(({ request }) => formOf(request));
    expect(forms.map((form) => form['trade_status'])).toEqual(['TRADE_SUCCESS', 'TRADE_FINISHED']);
    expect(forms[1]).toMatchObject({ receipt_amount: '100.01', gmt_payment: '2026-11-23 12:00:00' });
    const refund = { out_trade_no, refund_amount: '1.00', out_request_no: 'r1' };
    expect((await call(stand, keyApp(config), 'alipay.trade.refund', refund))['subCode']).toBe(
      'ACQ.TRADE_HAS_FINISHED',
    );
    expect(refusal(() => stand.simulator.finishTrade(out_trade_no))).toMatchObject({ status: 409 });
  });

  test('of which the merchant is not told when it was paid face to face', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = await paidOrder(stand, keyApp(config), {}, NOTIFY);
    stand.simulator.finishTrade(out_trade_no);
    await ports.advance(HOUR_MS);
    expect(ports.sent.map(({ request }) => formOf(request)['trade_status'])).toEqual(['TRADE_SUCCESS']);
    expect(refusal(() => stand.simulator.finishTrade('nobody'))).toMatchObject({ status: 404 });
  });
});
