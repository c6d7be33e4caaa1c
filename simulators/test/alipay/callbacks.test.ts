import { createVerify } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { CALLBACK_DELAYS_MS, createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import {
  call,
  certificateApp,
  formOf,
  HOUR_MS,
  keyApp,
  MINUTE_MS,
  NOON_MS,
  officialClient,
  paidOrder,
  precreate,
  receiver,
  start,
  plain,
  VirtualPorts,
} from './support.ts';
import type { Stand } from './support.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

const NOTIFY = { notify_url: 'http://merchant.example/notify' };

/** The official client also takes a signature that covers sign_type; the vendor's page leaves it out. */
function verifiesWithoutSignType(form: Record<string, string>, publicKey: string): boolean {
  const { sign = '', sign_type: _type, ...others } = form;
  const names = Object.keys(others).toSorted();
  const content = names.map((name) => `${name}=${others[name]}`).join('&');
  return createVerify('RSA-SHA256').update(content).verify(publicKey, sign, 'base64');
}

describe('over real HTTP, the official client verifies', () => {
  test.each(['key', 'certificate'])('a payment callback in %s mode', async (mode) => {
    const stand = await start(config);
    const app = mode === 'key' ? keyApp(config) : certificateApp(config);
    const merchant = await receiver();
    const biz = { body: '一箱 & 半 50% +税', passback_params: 'a%3D1%26b%3D2' };
    const out_trade_no = await paidOrder(stand, app, biz, { notify_url: merchant.url });
    await merchant.arrived(1);
    const form = merchant.forms[0] ?? {};
    expect(officialClient(stand, app).checkNotifySignV2(form)).toBe(true);
    expect(officialClient(stand, app).checkNotifySignV2({ ...form, total_amount: '0.01' })).toBe(false);
    const trade = await call(stand, app, 'alipay.trade.query', { out_trade_no });
    expect(form).toMatchObject({
      notify_type: 'trade_status_sync',
      app_id: app.app_id,
      auth_app_id: app.app_id,
      seller_id: app.seller_id,
      buyer_id: config.buyer.user_id,
      out_trade_no,
      trade_no: trade['tradeNo'],
      trade_status: 'TRADE_SUCCESS',
      total_amount: '100.01',
      receipt_amount: '100.01',
      buyer_pay_amount: '100.01',
      subject: '红富士苹果',
      fund_bill_list: '[{"amount":"100.01","fundChannel":"ALIPAYACCOUNT"}]',
      sign_type: 'RSA2',
      version: '1.0',
      charset: 'utf-8',
      ...biz,
    });
    expect(verifiesWithoutSignType(form, app.alipay_public_key)).toBe(true);
    expect(form['refund_fee']).toBeUndefined();
    expect(form['notify_id']).toMatch(/^\d{34}$/);
  });

  test('refund callbacks: TRADE_SUCCESS after a part, TRADE_CLOSED after the whole', async () => {
    const stand = await start(config);
    const app = keyApp(config);
    const merchant = await receiver();
    const out_trade_no = await paidOrder(stand, app, {}, { notify_url: merchant.url });
    await merchant.arrived(1);
    await call(stand, app, 'alipay.trade.refund', { out_trade_no, refund_amount: '30.00', out_request_no: 'r1' });
    await merchant.arrived(2);
    await call(stand, app, 'alipay.trade.refund', { out_trade_no, refund_amount: '70.01', out_request_no: 'r2' });
    await merchant.arrived(3);
    const [, part = {}, whole = {}] = merchant.forms;
    expect(part).toMatchObject({ trade_status: 'TRADE_SUCCESS', refund_fee: '30.00', out_biz_no: 'r1' });
    expect(part['gmt_refund']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/);
    expect(part['gmt_close']).toBeUndefined();
    expect(whole).toMatchObject({ trade_status: 'TRADE_CLOSED', refund_fee: '100.01', out_biz_no: 'r2' });
    expect(whole['gmt_close']).toBeDefined();
    for (const form of [part, whole]) {
      expect(form).toMatchObject({ out_trade_no, total_amount: '100.01', notify_type: 'trade_status_sync' });
      expect(officialClient(stand, app).checkNotifySignV2(form)).toBe(true);
    }
    expect(new Set(merchant.forms.map((form) => form['notify_id'])).size).toBe(3);
  });
});

describe('the cadence', () => {
  async function paid(
    answer: () => ReturnType<typeof plain>,
    cadence_scale = 1,
  ): Promise<[VirtualPorts, Stand, string]> {
    const ports = new VirtualPorts();
    ports.answer = answer;
    const stand = await start({ ...config, cadence_scale }, { ports });
    return [ports, stand, await paidOrder(stand, keyApp(config), {}, NOTIFY)];
  }

  test('is eight sends over 25 hours: at once, then after 4m, 10m, 10m, 1h, 2h, 6h, 15h', async () => {
    const [ports, stand] = await paid(() => plain('fail'));
    await ports.advance(30 * HOUR_MS);
    const waits = ports.sent.map(({ at_ms }, index) => at_ms - (ports.sent[index - 1]?.at_ms ?? NOON_MS));
    const minutes = [0, 4, 10, 10, 60, 120, 360, 900];
    expect(waits).toEqual(minutes.map((wait) => wait * MINUTE_MS));
    const forms = ports.sent.map(({ request }) => formOf(request));
    expect(new Set(forms.map((form) => form['notify_id'])).size).toBe(1);
    expect(forms.map((form) => form['notify_time']).slice(0, 3)).toEqual([
      '2026-11-23 12:00:00',
      '2026-11-23 12:04:00',
      '2026-11-23 12:14:00',
    ]);
    for (const form of forms) expect(officialClient(stand, keyApp(config)).checkNotifySignV2(form)).toBe(true);
  });

  test('is scaled by the configuration', async () => {
    const [ports] = await paid(() => plain('fail'), 0.001);
    await ports.advance(30 * HOUR_MS);
    expect(ports.sent.at(-1)?.at_ms).toBe(NOON_MS + CALLBACK_DELAYS_MS.reduce((sum, delay) => sum + delay / 1000, 0));
  });

  test('ends at success', async () => {
    const answers = ['fail', 'success'];
    const [ports, stand] = await paid(() => plain(answers.shift() ?? 'too much'));
    await ports.advance(30 * HOUR_MS);
    expect(ports.sent).toHaveLength(2);
    expect(stand.simulator.callbacks(10).map((attempt) => [attempt.attempt, attempt.accepted])).toEqual([
      [2, true],
      [1, false],
    ]);
  });

  test.each([
    ['a line break after it', plain('success\n')],
    ['upper case', plain('SUCCESS')],
    ['JSON', plain('{"code":"success"}')],
    ['nothing', plain('')],
    ['another status', plain('success', 500)],
  ])('does not take %s for success', async (_name, answer) => {
    const [ports, stand] = await paid(() => answer);
    await ports.advance(0);
    expect(stand.simulator.callbacks(1)).toMatchObject([{ accepted: false, status: answer.status }]);
    await ports.advance(4 * MINUTE_MS);
    expect(ports.sent).toHaveLength(2);
  });

  test('goes on when the merchant cannot be reached', async () => {
    const [ports, stand] = await paid(() => {
      throw new Error('connection refused');
    });
    await ports.advance(4 * MINUTE_MS);
    expect(ports.sent).toHaveLength(2);
    expect(stand.simulator.callbacks(1)).toMatchObject([{ status: null, error: 'connection refused' }]);
  });
});

describe('no callback', () => {
  test('tells of a trade that was opened or closed unpaid', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const { out_trade_no, code } = await precreate(stand, keyApp(config), {}, NOTIFY);
    stand.simulator.scan(code, 'wrong_password');
    await call(stand, keyApp(config), 'alipay.trade.close', { out_trade_no });
    await ports.advance(30 * HOUR_MS);
    expect(ports.sent).toEqual([]);
    expect(stand.simulator.resendCallback(out_trade_no)).toBe(false);
  });

  test('is sent for an order without notify_url', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    await paidOrder(stand, keyApp(config));
    await ports.advance(30 * HOUR_MS);
    expect(ports.sent).toEqual([]);
  });
});

test('a callback can be sent again by hand, under the same notify_id', async () => {
  const ports = new VirtualPorts();
  const stand = await start(config, { ports });
  const out_trade_no = await paidOrder(stand, keyApp(config), {}, NOTIFY);
  await ports.advance(HOUR_MS);
  expect(stand.simulator.resendCallback(out_trade_no)).toBe(true);
  await ports.advance(0);
  const [first = {}, second = {}] = ports.sent.map(({ request }) => formOf(request));
  expect(second['notify_id']).toBe(first['notify_id']);
  expect(second['notify_time']).toBe('2026-11-23 13:00:00');
  expect(stand.simulator.resendCallback('nobody')).toBe(false);
});

test('a pending refund is told of when it is decided', async () => {
  const ports = new VirtualPorts();
  const stand = await start(config, { ports });
  const out_trade_no = await paidOrder(stand, keyApp(config), {}, NOTIFY);
  const biz = { out_trade_no, refund_amount: '1.00', out_request_no: 'r1', refund_reason: 'REFUND_PENDING' };
  await call(stand, keyApp(config), 'alipay.trade.refund', biz);
  await ports.advance(config.refund_settle_ms - 1);
  expect(ports.sent).toHaveLength(1);
  await ports.advance(1);
  expect(formOf(ports.sent[1]?.request ?? { body: Buffer.alloc(0) })).toMatchObject({
    refund_fee: '1.00',
    gmt_refund: '2026-11-23 12:00:15.000',
  });
});
