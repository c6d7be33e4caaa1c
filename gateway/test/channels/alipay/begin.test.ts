import { AlipaySdk } from 'alipay-sdk';
import { describe, expect, test } from 'vitest';
import { fen } from '../../../src/domain/money.ts';
import { alipay } from '../../../src/channels/alipay/channel.ts';
import {
  app,
  APP_ID,
  businessFailure,
  NOW_MS,
  openChannel,
  order,
  OUT_TRADE_NO,
  privatePem,
  publicPem,
} from './support.ts';

const PRECREATE = 'alipay.trade.precreate';
const created = {
  code: '10000',
  msg: 'Success',
  out_trade_no: OUT_TRADE_NO,
  qr_code: 'https://qr.alipay.com/bax05219xy73fxcgfi7w206f',
};

async function place(overrides: Partial<typeof order> = {}, settings: Readonly<Record<string, unknown>> = {}) {
  const opened = await openChannel(settings);
  opened.upstream.reply(PRECREATE, { node: created });
  const prepared = await opened.channel.prepareBegin({ ...order, ...overrides });
  const report = await prepared.send();
  const [asked] = opened.upstream.asked;
  if (!asked) throw new Error('nothing was asked');
  return { ...opened, report, asked };
}

test('an accepted order carries the QR code and what the channel told', async () => {
  const { report } = await place();
  expect(report).toMatchObject({
    outcome: 'accepted',
    reply: { code_url: 'https://qr.alipay.com/bax05219xy73fxcgfi7w206f' },
    message: '10000,Success',
  });
});

test('the request is the signed form of the protocol', async () => {
  const { asked } = await place();
  expect(asked.verified).toBe(true);
  expect(asked.url).toBe('/gateway.do?charset=utf-8');
  expect(asked.content_type).toBe('application/x-www-form-urlencoded;charset=utf-8');
  const { biz_content: _biz, sign: _sign, ...params } = Object.fromEntries(asked.params);
  expect(params).toEqual({
    app_id: APP_ID,
    method: PRECREATE,
    format: 'JSON',
    charset: 'utf-8',
    sign_type: 'RSA2',
    timestamp: '2026-03-01 12:00:00',
    version: '1.0',
    notify_url: 'https://pay.example.com/notify/alipay/a1',
  });
  expect(asked.biz).toEqual({
    out_trade_no: OUT_TRADE_NO,
    total_amount: '76.22',
    subject: "This's Subjects Alex test",
    product_code: 'FACE_TO_FACE_PAYMENT',
    time_expire: '2026-03-01 12:30:00',
  });
});

test('the official SDK verifies our signature', async () => {
  const { asked } = await place({
    body: '测试 100% + "quotes" 😀',
    merchant_params: { app_auth_token: '202603BBtoken' },
  });
  const sdk = new AlipaySdk({
    appId: APP_ID,
    privateKey: privatePem(app.privateKey),
    keyType: 'PKCS8',
    alipayPublicKey: publicPem(app.publicKey),
  });
  const params = Object.fromEntries(asked.params);
  expect(sdk.checkNotifySignV2(params)).toBe(true);
  expect(sdk.checkNotifySignV2({ ...params, app_auth_token: 'another' })).toBe(false);
});

test('nothing is sent before send()', async () => {
  const { channel, upstream } = await openChannel();
  await channel.prepareBegin(order);
  expect(upstream.asked).toEqual([]);
});

test('shop, operator, terminal, seller, second-level merchant, token and provider go where the vendor wants them', async () => {
  const { asked } = await place(
    {
      store_id: '9527',
      op_user_id: '301',
      device_info: 'alex device',
      merchant_params: {
        app_auth_token: '202603BBtoken',
        seller_id: '2088102146225135',
        store_id: 'of-the-route',
        sub_merchant_id: '2088000603999128',
      },
    },
    { sys_service_provider_id: '2088511833207846', seller_id: '2088000000000000' },
  );
  expect(asked.params.get('app_auth_token')).toBe('202603BBtoken');
  expect(asked.biz).toMatchObject({
    store_id: '9527',
    operator_id: '301',
    terminal_id: 'alex device',
    seller_id: '2088102146225135',
    sub_merchant: { merchant_id: '2088000603999128' },
    extend_params: { sys_service_provider_id: '2088511833207846' },
  });
});

test('shop of the route and seller of the account serve when nothing nearer names one', async () => {
  const { asked } = await place({ merchant_params: { store_id: 'of-the-route' } }, { seller_id: '2088000000000000' });
  expect(asked.biz).toMatchObject({ store_id: 'of-the-route', seller_id: '2088000000000000' });
});

describe('subject', () => {
  test.each([
    ['characters the vendor forbids become full width', 'a/b=c&d', 'a／b＝c＆d'],
    ['control characters become blanks', 'a\r\n\tb', 'a b'],
    ['256 characters, not code units', '😀'.repeat(300), '😀'.repeat(256)],
    ['never empty', '\n', OUT_TRADE_NO],
  ])('%s', async (_name, body, subject) => {
    const { asked } = await place({ body });
    expect(asked.biz['subject']).toBe(subject);
  });
});

describe('time_expire', () => {
  test.each([
    ['as ordered, part of a second dropped', 1_800_999, '2026-03-01 12:30:00'],
    ['at least a minute after the order', 5_000, '2026-03-01 12:01:00'],
    ['at most two hours after the order', 86_400_000, '2026-03-01 14:00:00'],
  ])('%s', async (_name, lifetime_ms, time_expire) => {
    const { asked } = await place({ expires_at_ms: NOW_MS + lifetime_ms });
    expect(asked.biz['time_expire']).toBe(time_expire);
  });

  test('does not move when the same order is placed again later', async () => {
    const { channel, upstream, ports } = await openChannel();
    upstream.reply(PRECREATE, { node: created });
    await (await channel.prepareBegin(order)).send();
    ports.clock.at_ms += 600_000;
    await (await channel.prepareBegin(order)).send();
    const [first, second] = upstream.asked;
    expect(second?.params.get('biz_content')).toBe(first?.params.get('biz_content'));
    expect(second?.params.get('timestamp')).toBe('2026-03-01 12:10:00');
  });
});

test('the largest amount is written exactly', async () => {
  const { asked } = await place({ total_fen: fen(9_999_999_999) });
  expect(asked.biz['total_amount']).toBe('99999999.99');
});

describe('answers that do not accept', () => {
  const unavailable = {
    code: '20000',
    msg: 'Service Currently Unavailable',
    sub_code: 'isp.unknow-error',
    sub_msg: '系统繁忙',
  };
  test.each([
    [
      businessFailure('ACQ.INVALID_PARAMETER'),
      { outcome: 'declined', code: 'ACQ.INVALID_PARAMETER', message: '业务失败' },
    ],
    [businessFailure('ACQ.TRADE_HAS_SUCCESS'), { outcome: 'unknown', reason: 'acq_trade_has_success' }],
    [businessFailure('ACQ.CONTEXT_INCONSISTENT'), { outcome: 'unknown', reason: 'acq_context_inconsistent' }],
    [businessFailure('ACQ.SYSTEM_ERROR'), { outcome: 'unknown', reason: 'system_error' }],
    [businessFailure('ACQ.OF_NEXT_YEAR'), { outcome: 'unknown', reason: 'acq_of_next_year' }],
    [unavailable, { outcome: 'unknown', reason: 'system_error' }],
    [
      { code: '10003', msg: 'order success pay inprocess' },
      { outcome: 'unknown', reason: 'code_10003' },
    ],
    [
      { code: '40002', msg: 'Invalid Arguments', sub_code: 'isv.invalid-signature' },
      { outcome: 'declined', code: 'isv.invalid-signature', message: 'Invalid Arguments' },
    ],
    [
      { ...created, qr_code: '' },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
    [
      { code: '10000', msg: 'Success', qr_code: created.qr_code },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
    [
      { ...created, out_trade_no: '65f0a1b2c3d4e5f60fffffff' },
      { outcome: 'unknown', reason: 'other_order' },
    ],
  ])('%o', async (node, expected) => {
    const { channel, upstream } = await openChannel();
    upstream.reply(PRECREATE, { node });
    const report = await (await channel.prepareBegin(order)).send();
    expect(report).toMatchObject(expected);
    expect(report).toHaveProperty('raw');
  });
});

test('a token that Alipay quotes back stays out of message and raw answer', async () => {
  const { channel, upstream } = await openChannel();
  const sub_msg = '验签出错，网关生成的验签字符串为：app_auth_token=202603BBtoken&app_id=1';
  upstream.reply(PRECREATE, { node: { code: '40002', msg: 'x', sub_code: 'isv.invalid-signature', sub_msg } });
  const prepared = await channel.prepareBegin({ ...order, merchant_params: { app_auth_token: '202603BBtoken' } });
  const report = await prepared.send();
  expect(report).toMatchObject({ outcome: 'declined', message: sub_msg.replace('202603BBtoken', '***') });
  expect(JSON.stringify(report)).not.toContain('202603BBtoken');
});

test('a pay type the channel does not have is a misconfiguration', async () => {
  const { channel } = await openChannel();
  await expect(channel.prepareBegin({ ...order, pay_type: 'alipay.none' })).rejects.toThrow('alipay.none');
});

test('the pay types are described as the document shows them', () => {
  const shown = alipay.pay_types.map(
    ({ code, initial_trade_state, reply_shows_state, lifetime_s, begin_is_repeatable, reply }) => {
      expect({ initial_trade_state, reply_shows_state, begin_is_repeatable }).toEqual({
        initial_trade_state: 6,
        reply_shows_state: true,
        begin_is_repeatable: true,
      });
      return { code, lifetime_s, reply: Object.keys(reply) };
    },
  );
  expect(shown).toEqual([
    { code: 'common.micro', lifetime_s: 300, reply: [] },
    { code: 'alipay.scan', lifetime_s: 7200, reply: ['code_url'] },
    { code: 'alipay.jsapi', lifetime_s: 7200, reply: ['trade_no', 'pay_info'] },
    { code: 'alipay.wap', lifetime_s: 7200, reply: ['mweb_url'] },
    { code: 'alipay.app', lifetime_s: 7200, reply: ['pay_info'] },
  ]);
});

describe('a refusal about the account says so, so that another may be asked', () => {
  test.each<[string, object, true | undefined]>([
    ['no right to the product', businessFailure('ACQ.ACCESS_FORBIDDEN'), true],
    ['the words of the order', businessFailure('ACQ.EXIST_FORBIDDEN_WORD'), undefined],
    ['too many calls', { code: '40005', msg: 'Call Limited', sub_code: 'isv.app-call-limited' }, true],
    ['no permission', { code: '40006', msg: 'x', sub_code: 'isv.insufficient-isv-permissions' }, true],
    ['a missing parameter', { code: '40001', msg: 'x', sub_code: 'isv.missing-method' }, undefined],
  ])('%s', async (_name, node, account_fault) => {
    const { channel, upstream } = await openChannel();
    upstream.reply(PRECREATE, { node });
    const report = await (await channel.prepareBegin(order)).send();
    expect(report.outcome).toBe('declined');
    expect(report).toHaveProperty('code', Object.assign({ sub_code: '' }, node).sub_code);
    expect('account_fault' in report ? report.account_fault : undefined).toBe(account_fault);
  });
});
