import { describe, expect, test } from 'vitest';
import { wap } from '../../../src/channels/wechat/pay-types/wap.ts';
import { bench, directOrder, order } from './support/account.ts';

const { upstream, open } = bench();
const SITE = { mch_app_type: 'WAP', mch_app_name: '普尔商城', mch_app_id: 'https://store.pooul.com/' };
const H5 = { h5_url: 'https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016&package=1405458241' };

async function place(fields: Readonly<Record<string, string>> = SITE) {
  return (await open().prepareBegin({ ...order, pay_type: 'wechat.wap', fields })).send();
}

describe('an order for a phone’s browser', () => {
  test('a partner’s is sent as documented and answered with mweb_url', async () => {
    upstream.answers({ status: 200, body: H5 });
    expect(await place()).toEqual({
      outcome: 'accepted',
      reply: { mweb_url: H5.h5_url },
      message: 'success',
      raw: JSON.stringify(H5),
    });
    expect(upstream.paths).toEqual(['POST /v3/pay/partner/transactions/h5']);
    expect(JSON.parse(upstream.last.body)).toEqual({
      sp_appid: 'wx8888888888888888',
      sp_mchid: '1230000109',
      sub_appid: 'wxd678efh567hg6999',
      sub_mchid: '1900000109',
      description: 'Alex Test Scan',
      out_trade_no: '65e1a2c0aabbccddeeff0011',
      time_expire: '2026-03-01T14:00:00+08:00',
      attach: 'Alex attach',
      notify_url: 'https://pay.example.com/notify/wechat/1',
      amount: { total: 221, currency: 'CNY' },
      scene_info: {
        payer_client_ip: '14.23.150.211',
        device_id: 'alex device',
        store_info: { id: '0001' },
        h5_info: { type: 'Wap', app_name: '普尔商城', app_url: 'https://store.pooul.com/' },
      },
    });
  });

  test('a direct merchant’s goes to the direct endpoint', async () => {
    upstream.answers({ status: 200, body: H5 });
    const prepared = await open({ mode: 'direct' }).prepareBegin({
      ...directOrder,
      pay_type: 'wechat.wap',
      fields: SITE,
    });
    expect((await prepared.send()).outcome).toBe('accepted');
    expect(upstream.paths).toEqual(['POST /v3/pay/transactions/h5']);
    expect(JSON.parse(upstream.last.body)).toMatchObject({ appid: 'wx8888888888888888', mchid: '1230000109' });
  });

  test.each([
    ['IOS', 'com.tencent.wzryIOS', { type: 'iOS', app_name: '王者荣耀', bundle_id: 'com.tencent.wzryIOS' }],
    [
      'AND',
      'com.tencent.tmgp.sgame',
      { type: 'Android', app_name: '王者荣耀', package_name: 'com.tencent.tmgp.sgame' },
    ],
  ])('an application of type %s is named under its own member', async (mch_app_type, mch_app_id, h5_info) => {
    upstream.answers({ status: 200, body: H5 });
    await place({ mch_app_type, mch_app_name: '王者荣耀', mch_app_id });
    expect(JSON.parse(upstream.last.body).scene_info.h5_info).toEqual(h5_info);
  });

  test.each([{}, { h5_url: '' }, { prepay_id: 'wx1' }, 'h5_url'])('a verified 200 of %j is unknown', async (body) => {
    upstream.answers({ status: 200, body });
    expect(await place()).toMatchObject({ outcome: 'unknown', reason: 'not_understood' });
  });

  test('an unsigned h5_url is not passed on', async () => {
    upstream.answers({ status: 200, body: H5, signed_by: null });
    expect(await place()).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });
});

describe('the merchant’s own fields', () => {
  test('all are required, and the payer’s address beside them', () => {
    expect(Object.values(wap.fields).map((rule) => rule.required)).toEqual([true, true, true]);
    expect(wap.required_common).toEqual(['spbill_create_ip']);
  });

  test.each([
    ['mch_app_type', 'IOS', null],
    ['mch_app_type', 'AND', null],
    ['mch_app_type', 'WAP', null],
    ['mch_app_type', 'wap', 'must be IOS, AND or WAP'],
    ['mch_app_type', 'constructor', 'must be IOS, AND or WAP'],
    ['mch_app_id', 'https://store.pooul.com/', null],
    ['mch_app_id', 'http://m.example.cn/a?b=1', null],
    ['mch_app_id', 'com.tencent.wzryIOS', null],
    ['mch_app_id', 'com.tencent.tmgp.sgame', null],
    ['mch_app_id', 'https://', expect.stringContaining('bundle_id')],
    ['mch_app_id', 'javascript:alert(1)', expect.stringContaining('bundle_id')],
    ['mch_app_id', 'a b', expect.stringContaining('bundle_id')],
  ])('%s %s: %s', (name, value, complaint) => {
    expect(wap.fields[name]?.check?.(value)).toEqual(complaint);
  });
});
