import { verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { OrderForChannel } from '../../../src/channels/channel.ts';
import { wechat } from '../../../src/channels/wechat/channel.ts';
import { bench, directOrder, NOW_MS, order, orderObject } from './support/account.ts';

const { upstream, open, clock, merchant } = bench();
const DIRECT = { mode: 'direct' } as const;
const PREPAY = { prepay_id: 'wx201410272009395522657a690389285100' };
const PAGE = { sub_appid: 'wx069eb0cbbdd45873', sub_openid: 'outOWs-bgUH2QiCE0vNZhyCj2FJI' };
const APP = { sub_appid: 'wx2fbcb61b6e5b1384' };

const PAY_TYPES = [
  ['wechat.jsapi', PAGE, 'jsapi'],
  ['wechat.jsminipg', PAGE, 'jsapi'],
  ['wechat.app', APP, 'app'],
] as const;

async function place(
  pay_type: string,
  fields: Readonly<Record<string, string>>,
  mode: 'partner' | 'direct' = 'partner',
) {
  const base: OrderForChannel = mode === 'direct' ? directOrder : order;
  const prepared = await open({ mode }).prepareBegin({ ...base, pay_type, fields });
  return prepared.send();
}

/** The reply of an accepted order, its pay_info parsed. */
async function payInfo(...order_of: Parameters<typeof place>) {
  const report = await place(...order_of);
  if (report.outcome !== 'accepted') throw new Error(`${report.outcome} instead of accepted`);
  expect(Object.keys(report.reply)).toEqual(['prepay_id', 'pay_info']);
  return JSON.parse(report.reply['pay_info'] ?? '') as Record<string, unknown>;
}

function isMerchants(lines: readonly unknown[], signature: unknown): boolean {
  const text = lines.map((line) => `${line}\n`).join('');
  return verify('sha256', Buffer.from(text), merchant.public_key, Buffer.from(String(signature), 'base64'));
}

describe('an order that the payer’s page, mini program or app opens', () => {
  test.each(PAY_TYPES)('%s of a partner is sent as documented', async (pay_type, fields, endpoint) => {
    upstream.answers({ status: 200, body: PREPAY });
    expect(await place(pay_type, fields)).toMatchObject({
      outcome: 'accepted',
      reply: PREPAY,
      message: 'success',
      raw: JSON.stringify(PREPAY),
    });
    expect(upstream.paths).toEqual([`POST /v3/pay/partner/transactions/${endpoint}`]);
    expect(JSON.parse(upstream.last.body)).toEqual({
      sp_appid: 'wx8888888888888888',
      sp_mchid: '1230000109',
      // The request's, not the route's wxd678efh567hg6999.
      sub_appid: fields.sub_appid,
      sub_mchid: '1900000109',
      description: 'Alex Test Scan',
      out_trade_no: '65e1a2c0aabbccddeeff0011',
      time_expire: '2026-03-01T14:00:00+08:00',
      attach: 'Alex attach',
      notify_url: 'https://pay.example.com/notify/wechat/1',
      amount: { total: 221, currency: 'CNY' },
      scene_info: { payer_client_ip: '14.23.150.211', device_id: 'alex device', store_info: { id: '0001' } },
      ...('sub_openid' in fields && { payer: { sub_openid: fields.sub_openid } }),
    });
  });

  test.each(PAY_TYPES)(
    '%s of a direct merchant names the application as its appid',
    async (pay_type, fields, endpoint) => {
      upstream.answers({ status: 200, body: PREPAY });
      expect((await place(pay_type, fields, 'direct')).outcome).toBe('accepted');
      expect(upstream.paths).toEqual([`POST /v3/pay/transactions/${endpoint}`]);
      const body = JSON.parse(upstream.last.body);
      expect(body).toMatchObject({ appid: fields.sub_appid, mchid: '1230000109' });
      expect(body.payer).toEqual('sub_openid' in fields ? { openid: fields.sub_openid } : undefined);
      for (const name of ['sp_appid', 'sp_mchid', 'sub_appid', 'sub_mchid']) expect(body).not.toHaveProperty(name);
    },
  );

  test.each(['partner', 'direct'] as const)('a page’s pay_info is signed as documented (%s)', async (mode) => {
    upstream.answers({ status: 200, body: PREPAY });
    const info = await payInfo('wechat.jsapi', PAGE, mode);
    expect(Object.keys(info)).toEqual(['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign']);
    expect(info).toMatchObject({
      appId: PAGE.sub_appid,
      timeStamp: String(NOW_MS / 1000),
      package: `prepay_id=${PREPAY.prepay_id}`,
      signType: 'RSA',
    });
    expect(info['nonceStr']).toMatch(/^[0-9a-f]{32}$/);
    const { appId, timeStamp, nonceStr, paySign } = info;
    expect(isMerchants([appId, timeStamp, nonceStr, info['package']], paySign)).toBe(true);
    expect(isMerchants([appId, timeStamp, nonceStr, PREPAY.prepay_id], paySign)).toBe(false);
  });

  test.each([
    ['partner', '1900000109'],
    ['direct', '1230000109'],
  ] as const)('an app’s pay_info names the merchant that receives the money (%s: %s)', async (mode, partnerid) => {
    upstream.answers({ status: 200, body: PREPAY });
    const info = await payInfo('wechat.app', APP, mode);
    expect(Object.keys(info)).toEqual(['appid', 'partnerid', 'prepayid', 'package', 'noncestr', 'timestamp', 'sign']);
    expect(info).toMatchObject({
      appid: APP.sub_appid,
      partnerid,
      prepayid: PREPAY.prepay_id,
      package: 'Sign=WXPay',
      timestamp: String(NOW_MS / 1000),
    });
    const { appid, timestamp, noncestr, prepayid, sign } = info;
    expect(isMerchants([appid, timestamp, noncestr, prepayid], sign)).toBe(true);
    expect(isMerchants([appid, timestamp, noncestr, `prepay_id=${prepayid}`], sign)).toBe(false);
  });

  test('the same order is the same request again; its pay_info is signed anew', async () => {
    upstream.answers({ status: 200, body: PREPAY });
    const first = await payInfo('wechat.jsapi', PAGE);
    clock.time_ms += 60_000;
    const second = await payInfo('wechat.jsapi', PAGE);
    const [one, other] = upstream.requests;
    expect(one?.body).toBe(other?.body);
    expect(second).toMatchObject({ package: first['package'], timeStamp: String(NOW_MS / 1000 + 60) });
    expect(second['nonceStr']).not.toBe(first['nonceStr']);
  });

  test.each(PAY_TYPES)('a payment of %s must carry the application that the request named', (pay_type, fields) => {
    const { sub_appid } = fields;
    expect(open().expectedIdentity({ merchant_params: order.merchant_params, fields })).toEqual({
      sp_appid: 'wx8888888888888888',
      sp_mchid: '1230000109',
      sub_appid,
      sub_mchid: '1900000109',
    });
    expect(open(DIRECT).expectedIdentity({ merchant_params: {}, fields })).toEqual({
      appid: sub_appid,
      mchid: '1230000109',
    });
    expect(wechat.pay_types.find((one) => one.code === pay_type)?.fields).toHaveProperty('sub_appid');
  });

  test('a route without sub_appid expects one only of orders that name one', async () => {
    const merchant_params = { sub_mchid: '1900000109' };
    expect(open().expectedIdentity({ merchant_params, fields: APP })).toHaveProperty('sub_appid', APP.sub_appid);
    expect(open().expectedIdentity({ merchant_params, fields: {} })).not.toHaveProperty('sub_appid');
    upstream.answers({ status: 200, body: orderObject({ sub_appid: APP.sub_appid }) });
    const report = await open().query({ ...order, pay_type: 'wechat.app', fields: APP, merchant_params });
    const identity = report.outcome === 'paid' ? report.facts.identity : null;
    expect(identity).toEqual(open().expectedIdentity({ merchant_params, fields: APP }));
  });
});

describe('an answer without what it is for', () => {
  test.each([
    ['wechat.jsapi', PAGE, { code_url: 'weixin://x' }],
    ['wechat.jsminipg', PAGE, {}],
    ['wechat.app', APP, { prepay_id: '' }],
    ['wechat.app', APP, { prepay_id: 7 }],
    ['wechat.jsapi', PAGE, 'prepay_id'],
  ])('%s: a verified 200 without a prepay_id is unknown', async (pay_type, fields, body) => {
    upstream.answers({ status: 200, body });
    expect(await place(pay_type, fields)).toMatchObject({ outcome: 'unknown', reason: 'not_understood' });
  });

  test.each(PAY_TYPES)('%s: a forged prepay_id is not passed on', async (pay_type, fields) => {
    upstream.answers({
      status: 200,
      body: PREPAY,
      tamper: (_headers, body) => ({ body: body.replace('wx2014', 'wx2015') }),
    });
    expect(await place(pay_type, fields)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });

  test.each([
    [400, 'PARAM_ERROR', 'declined'],
    [403, 'USER_ACCOUNT_ABNORMAL', 'declined'],
    [400, 'ORDERPAID', 'unknown'],
    [202, 'USERPAYING', 'unknown'],
    [500, 'OPENID_MISMATCH', 'unknown'],
  ])('%i %s is %s', async (status, code, outcome) => {
    upstream.answers({ status, body: { code, message: '?', ...PREPAY } });
    expect((await place('wechat.jsapi', PAGE)).outcome).toBe(outcome);
  });
});

describe('the merchant’s own fields', () => {
  const rules = (code: string) => wechat.pay_types.find((one) => one.code === code)?.fields ?? {};

  test.each(PAY_TYPES)('%s needs all of them', (pay_type, fields) => {
    const known = rules(pay_type);
    expect(Object.keys(known)).toEqual(Object.keys(fields));
    for (const [name, rule] of Object.entries(known)) {
      expect(rule.required).toBe(true);
      expect(rule.check?.(rule.example)).toBeNull();
      expect(rule.example.length).toBeLessThanOrEqual(rule.max_length);
      expect(rule.check?.(`wx 1`), name).toMatch(/letters, digits, _ and -/);
      expect(rule.check?.('wx1"\n'), name).toMatch(/letters, digits, _ and -/);
    }
  });
});
