import { describe, expect, test } from 'vitest';
import { ChannelMisconfigured, type BeginReport, type OrderForChannel } from '../../../src/channels/channel.ts';
import { fen } from '../../../src/domain/money.ts';
import { directOrder, NOW_MS, order, PARTNER_PARAMS } from '../wechat/support/account.ts';
import { bench, PAID } from './account.ts';
import { API_KEY, refusal, sign } from './upstream.ts';

const { upstream, open, clock } = bench();
const PREPAY_ID = 'wx201410272009395522657a690389285100';
const CODE_URL = 'weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00';
const NATIVE = { trade_type: 'NATIVE', prepay_id: PREPAY_ID, code_url: CODE_URL };

async function place(placed: OrderForChannel = order, settings = {}): Promise<BeginReport> {
  return (await open(settings).prepareBegin(placed)).send();
}

/** The members of the last request but for those that differ from one to the next. */
function sent(): Record<string, string> {
  const { nonce_str: _nonce, sign: _sign, ...members } = upstream.last.members;
  return members;
}

describe('placing an order', () => {
  test('a partner order is sent as documented and answered with code_url and prepay_id', async () => {
    upstream.answers(NATIVE);
    expect(await place()).toMatchObject({
      outcome: 'accepted',
      reply: { code_url: CODE_URL, prepay_id: PREPAY_ID },
      message: 'success',
    });
    expect(upstream.paths).toEqual(['POST /pay/unifiedorder']);
    expect(sent()).toEqual({
      appid: 'wx8888888888888888',
      mch_id: '1230000109',
      sub_appid: 'wxd678efh567hg6999',
      sub_mch_id: '1900000109',
      sign_type: 'HMAC-SHA256',
      body: 'Alex Test Scan',
      attach: 'Alex attach',
      device_info: 'alex device',
      out_trade_no: '65e1a2c0aabbccddeeff0011',
      total_fee: '221',
      spbill_create_ip: '14.23.150.211',
      time_start: '20260301120000',
      time_expire: '20260301140000',
      notify_url: 'https://pay.example.com/notify/wechat/1',
      trade_type: 'NATIVE',
      product_id: '65e1a2c0aabbccddeeff0011',
      scene_info: '{"store_info":{"id":"0001"}}',
    });
    expect(upstream.last.signed).toBe(true);
    expect(upstream.last.members['nonce_str']).toMatch(/^[0-9a-f]{32}$/);
    expect(upstream.last.headers['content-type']).toMatch(/^text\/xml/);
    expect(upstream.last.certificate).toBeNull();
  });

  test('an order may be signed by MD5', async () => {
    upstream.answers(NATIVE);
    expect((await place(order, { sign_type: 'MD5' })).outcome).toBe('accepted');
    expect(upstream.last.members).toMatchObject({ sign_type: 'MD5', sign: expect.stringMatching(/^[0-9A-F]{32}$/) });
    expect(upstream.last.signed).toBe(true);
  });

  test('a direct order names no sub-merchant', async () => {
    upstream.answers(NATIVE);
    expect((await place(directOrder, { mode: 'direct' })).outcome).toBe('accepted');
    expect(upstream.last.members).toMatchObject({ appid: 'wx8888888888888888', mch_id: '1230000109' });
    for (const name of ['sub_appid', 'sub_mch_id']) expect(upstream.last.members).not.toHaveProperty(name);
  });

  test('what an order does not have is not sent, but for the address, which is required', async () => {
    upstream.answers(NATIVE);
    await place({ ...order, spbill_create_ip: null, attach: null, device_info: null, store_id: null });
    expect(upstream.last.members['spbill_create_ip']).toBe('127.0.0.1');
    for (const name of ['attach', 'device_info', 'scene_info']) expect(upstream.last.members).not.toHaveProperty(name);
    await place({ ...order, device_info: '设'.repeat(11), store_id: 's'.repeat(33) });
    for (const name of ['device_info', 'scene_info']) expect(upstream.last.members).not.toHaveProperty(name);
  });

  test('texts are cut to the documented bytes without splitting a character, and carry what XML can', async () => {
    upstream.answers(NATIVE);
    await place({ ...order, body: '商'.repeat(43), attach: `加\u0001<a>\r\n${'x'.repeat(200)}` });
    expect(upstream.last.members['body']).toBe('商'.repeat(42));
    expect(upstream.last.members['attach']).toMatch(/^加<a>\nx+$/);
    expect(upstream.last.signed).toBe(true);
  });

  test('the same order is the same request again, but for its nonce', async () => {
    upstream.answers(NATIVE);
    await place();
    const first = sent();
    const { nonce_str } = upstream.last.members;
    clock.time_ms += 60_000;
    await place();
    expect(sent()).toEqual(first);
    expect(upstream.last.members['nonce_str']).not.toBe(nonce_str);
  });

  test('a route that does not fit the account’s mode is a misconfiguration and nothing is sent', async () => {
    await expect(open().prepareBegin(directOrder)).rejects.toThrow('sub_mchid is missing');
    await expect(open({ mode: 'direct' }).prepareBegin(order)).rejects.toThrow('belong to partner accounts');
    await expect(open().prepareBegin({ ...order, pay_type: 'wechat.none' })).rejects.toThrow(ChannelMisconfigured);
    await open().prepareBegin(order);
    expect(upstream.requests).toEqual([]);
  });
});

describe('pay types', () => {
  const fields = { sub_appid: 'wx069eb0cbbdd45873', sub_openid: 'outOWs-bgUH2QiCE0vNZhyCj2FJI' };

  function payInfo(report: BeginReport): Record<string, string> {
    if (report.outcome !== 'accepted') throw new Error(`not accepted: ${report.outcome}`);
    expect(report.reply['prepay_id']).toBe(PREPAY_ID);
    return JSON.parse(report.reply['pay_info'] ?? '');
  }

  test.each([
    ['wechat.jsapi', 'HMAC-SHA256'],
    ['wechat.jsapi', 'MD5'],
    ['wechat.jsminipg', 'HMAC-SHA256'],
    ['wechat.jsminipg', 'MD5'],
  ])('%s answers with what the payer’s WeChat is called with, signed by %s', async (pay_type, sign_type) => {
    upstream.answers({ trade_type: 'JSAPI', prepay_id: PREPAY_ID });
    const { paySign, ...info } = payInfo(await place({ ...order, pay_type, fields }, { sign_type }));
    expect(info).toEqual({
      appId: fields.sub_appid,
      timeStamp: String(NOW_MS / 1000),
      nonceStr: expect.stringMatching(/^[0-9a-f]{32}$/),
      package: `prepay_id=${PREPAY_ID}`,
      signType: sign_type,
    });
    expect(paySign).toBe(sign(info, API_KEY, sign_type));
    expect(upstream.last.members).toMatchObject({
      trade_type: 'JSAPI',
      appid: 'wx8888888888888888',
      ...fields,
    });
    expect(upstream.last.members).not.toHaveProperty('openid');
    expect(info['nonceStr']).not.toBe(upstream.last.members['nonce_str']);
  });

  test('the openid is one of the direct account’s own application', async () => {
    upstream.answers({ trade_type: 'JSAPI', prepay_id: PREPAY_ID });
    const info = payInfo(await place({ ...directOrder, pay_type: 'wechat.jsapi', fields }, { mode: 'direct' }));
    expect(info['appId']).toBe(fields.sub_appid);
    expect(upstream.last.members).toMatchObject({ appid: fields.sub_appid, openid: fields.sub_openid });
    for (const name of ['sub_openid', 'sub_appid']) expect(upstream.last.members).not.toHaveProperty(name);
  });

  test('an openid without an application of the sub-merchant’s is one of the service provider’s', async () => {
    upstream.answers({ trade_type: 'JSAPI', prepay_id: PREPAY_ID });
    const placed = { ...order, pay_type: 'wechat.jsapi', merchant_params: { sub_mchid: PARTNER_PARAMS.sub_mchid } };
    const info = payInfo(await place({ ...placed, fields: { sub_openid: fields.sub_openid } }));
    expect(info['appId']).toBe('wx8888888888888888');
    expect(upstream.last.members).toMatchObject({ openid: fields.sub_openid });
  });

  test.each([
    ['HMAC-SHA256', 'partner', fields.sub_appid, '1900000109'],
    ['MD5', 'direct', fields.sub_appid, '1230000109'],
  ])('wechat.app answers with what the SDK is called with: %s, %s', async (sign_type, mode, appid, partnerid) => {
    upstream.answers({ trade_type: 'APP', prepay_id: PREPAY_ID });
    const placed = { ...(mode === 'direct' ? directOrder : order), pay_type: 'wechat.app' };
    const report = await place({ ...placed, fields: { sub_appid: fields.sub_appid } }, { sign_type, mode });
    const { sign: app_sign, ...info } = payInfo(report);
    expect(info).toEqual({
      appid,
      partnerid,
      prepayid: PREPAY_ID,
      package: 'Sign=WXPay',
      noncestr: expect.stringMatching(/^[0-9a-f]{32}$/),
      timestamp: String(NOW_MS / 1000),
    });
    expect(app_sign).toBe(sign(info, API_KEY, sign_type));
    expect(upstream.last.members['trade_type']).toBe('APP');
  });

  test.each([
    ['WAP', { type: 'Wap', wap_url: 'https://store.example/', wap_name: '普尔商城' }, 'https://store.example/'],
    ['IOS', { type: 'IOS', app_name: '普尔商城', bundle_id: 'com.example.ios' }, 'com.example.ios'],
    ['AND', { type: 'Android', app_name: '普尔商城', package_name: 'com.example' }, 'com.example'],
  ])('wechat.wap tells where it is called from: %s', async (mch_app_type, h5_info, mch_app_id) => {
    const mweb_url = 'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016&package=1405458241';
    upstream.answers({ trade_type: 'MWEB', prepay_id: PREPAY_ID, mweb_url });
    const report = await place({
      ...order,
      pay_type: 'wechat.wap',
      fields: { mch_app_type, mch_app_name: '普尔商城', mch_app_id },
    });
    expect(report).toMatchObject({ outcome: 'accepted', reply: { mweb_url } });
    expect(upstream.last.members['trade_type']).toBe('MWEB');
    expect(JSON.parse(upstream.last.members['scene_info'] ?? '')).toEqual({ h5_info });
  });

  test.each([
    ['wechat.scan', { trade_type: 'NATIVE', prepay_id: PREPAY_ID }],
    ['wechat.scan', { trade_type: 'NATIVE', code_url: CODE_URL }],
    ['wechat.scan', { ...NATIVE, trade_type: 'APP' }],
    ['wechat.scan', { ...NATIVE, trade_type: undefined }],
    ['wechat.scan', { ...NATIVE, result_code: undefined }],
    ['wechat.jsapi', { trade_type: 'JSAPI' }],
    ['wechat.app', { trade_type: 'APP' }],
    ['wechat.wap', { trade_type: 'MWEB', prepay_id: PREPAY_ID }],
  ])('a success of %s without what it must have is unknown: %o', async (pay_type, answer) => {
    upstream.answers(answer);
    expect(await place({ ...order, pay_type, fields })).toMatchObject({ outcome: 'unknown', reason: 'not_understood' });
  });
});

describe('a verified refusal', () => {
  test.each([
    'PARAM_ERROR',
    'LACK_PARAMS',
    'XML_FORMAT_ERROR',
    'REQUIRE_POST_METHOD',
    'POST_DATA_EMPTY',
    'NOT_UTF8',
    'NOTENOUGH',
    'RULELIMIT',
    'TRADE_ERROR',
    'FREQUENCY_LIMITED',
  ])('%s is declined in the channel’s words', async (code) => {
    upstream.answers(refusal(code));
    const report = await place();
    expect(report).toMatchObject({ outcome: 'declined', code, message: '请检查' });
    expect(report).not.toHaveProperty('account_fault');
    expect(upstream.requests).toHaveLength(1);
  });

  test.each(['NOAUTH', 'APPID_NOT_EXIST', 'MCHID_NOT_EXIST', 'APPID_MCHID_NOT_MATCH', 'SIGNERROR'])(
    '%s is the account’s fault',
    async (code) => {
      upstream.answers(refusal(code));
      expect(await place()).toMatchObject({ outcome: 'declined', code, account_fault: true });
    },
  );

  test.each([
    ['SYSTEMERROR', 'system_error'],
    ['SYSTEM_ERROR', 'system_error'],
    ['BANKERROR', 'bankerror'],
    ['AUTHCODEEXPIRE', 'authcodeexpire'],
    ['A_CODE_FROM_NEXT_YEAR', 'a_code_from_next_year'],
    ['not a code!', 'not_understood'],
    ['', 'not_understood'],
  ])('%s decides nothing: %s', async (code, reason) => {
    upstream.answers(refusal(code));
    expect(await place()).toMatchObject({ outcome: 'unknown', reason });
  });

  test('a code beside no refusal is none', async () => {
    for (const code of ['PARAM_ERROR', 'ORDERPAID']) {
      upstream.answers({ ...refusal(code), result_code: undefined });
      expect((await place()).outcome).toBe('unknown');
    }
    expect(upstream.paths).toEqual(['POST /pay/unifiedorder', 'POST /pay/unifiedorder']);
  });

  const HISTORY = ['ORDERPAID', 'OUT_TRADE_NO_USED', 'ORDERCLOSED', 'ORDERREVERSED', 'INVALID_REQUEST'];
  test.each(HISTORY)('%s is declined once a query says that the number does not exist', async (code) => {
    upstream.answers(refusal(code), refusal('ORDERNOTEXIST'));
    expect(await place()).toMatchObject({ outcome: 'declined', code });
    expect(upstream.paths).toEqual(['POST /pay/unifiedorder', 'POST /pay/orderquery']);
  });

  test.each([
    ['paid', PAID],
    ['closed', { ...PAID, trade_state: 'CLOSED' }],
    ['not answered', refusal('SYSTEMERROR')],
  ])('ORDERPAID decides nothing when the number is %s', async (_state, answer) => {
    upstream.answers(refusal('ORDERPAID'), answer);
    expect(await place()).toMatchObject({ outcome: 'unknown', reason: 'orderpaid' });
  });
});

test('an amount is sent in fen, whatever its size', async () => {
  upstream.answers(NATIVE);
  await place({ ...order, total_fen: fen(10_000_000_000) });
  expect(upstream.last.members['total_fee']).toBe('10000000000');
});
