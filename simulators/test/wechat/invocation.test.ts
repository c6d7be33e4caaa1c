import { createPrivateKey, createPublicKey, createSign, generateKeyPairSync, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hash } from 'wechatpay-axios-plugin';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WechatMerchant } from '../../src/wechat/config.ts';
import { callV2, pluginClient, v2Owner } from './plugin.ts';
import { directOrder, newNumber, partnerOrder, start } from './support.ts';
import type { Running } from './support.ts';

let running: Running;

beforeAll(async () => {
  running = await start();
});
afterAll(() => running.close());

interface Placed {
  readonly prepay_id: string;
  readonly out_trade_no: string;
}

async function placeV3(merchant: WechatMerchant, name: 'jsapi' | 'app', more: object = {}): Promise<Placed> {
  const partner = merchant === running.provider;
  const body = partner ? partnerOrder(running, more) : directOrder(running, more);
  const path = `v3/pay/${partner ? 'partner/' : ''}transactions/${name}`;
  const { data } = await pluginClient(running, merchant).v3.post(path, body);
  return { prepay_id: (data as Placed).prepay_id, out_trade_no: String(body['out_trade_no']) };
}

async function placeV2(merchant: WechatMerchant, trade_type: 'JSAPI' | 'APP', sign_type = 'MD5'): Promise<Placed> {
  const out_trade_no = newNumber();
  const { prepay_id = '' } = await callV2(pluginClient(running, merchant), 'pay/unifiedorder', {
    ...v2Owner(merchant),
    body: '咖啡',
    out_trade_no,
    total_fee: '100',
    spbill_create_ip: '127.0.0.1',
    notify_url: 'http://127.0.0.1:9/notify',
    trade_type,
    sign_type,
    ...(trade_type === 'JSAPI' ? { openid: 'oPayer' } : {}),
  });
  return { prepay_id, out_trade_no };
}

const rsa = (key: string, ...lines: string[]): string =>
  createSign('RSA-SHA256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .sign(key, 'base64');

type Parameters = Record<string, unknown>;

/** What a page inside WeChat gets, signed as doc 4012365341 says. */
function page(merchant: WechatMerchant, prepay_id: string, appId: string, more: Parameters = {}): Parameters {
  const [timeStamp, nonceStr] = ['1554208460', '593BEC0C930BF1AFEB40B4A08C8FB242'];
  const paySign = rsa(merchant.private_key, appId, timeStamp, nonceStr, `prepay_id=${prepay_id}`);
  return { appId, timeStamp, nonceStr, package: `prepay_id=${prepay_id}`, signType: 'RSA', paySign, ...more };
}

/** What an app gets. */
function app(merchant: WechatMerchant, prepayid: string, partnerid: string, more: Parameters = {}): Parameters {
  const [appid = '', timestamp, noncestr] = [merchant.appids[0], '1554208460', '593BEC0C930BF1AFEB40B4A08C8FB242'];
  const sign = rsa(merchant.private_key, appid, timestamp, noncestr, prepayid);
  return { appid, partnerid, prepayid, package: 'Sign=WXPay', noncestr, timestamp, sign, ...more };
}

const invoke = (parameters: Parameters): object => {
  const pay_info = JSON.stringify(parameters);
  expect(running.simulator.ownsInvocation(pay_info)).toBe(true);
  return running.simulator.invoke(pay_info);
};

test('the published client signatures are over the text that is checked here', () => {
  const vector = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors', 'v3-client.json'), 'utf8')) as {
    private_key_pem: string;
    jsapi: { message: string; signature: string };
    app: { message: string; signature: string };
  };
  const key = createPublicKey(createPrivateKey(vector.private_key_pem));
  const [appId = '', timeStamp = '', nonceStr = '', prepay = ''] = vector.jsapi.message.split('\n');
  expect(prepay).toMatch(/^prepay_id=wx/);
  expect(rsa(vector.private_key_pem, appId, timeStamp, nonceStr, prepay)).toBe(vector.jsapi.signature);
  expect(verify('sha256', Buffer.from(vector.app.message), key, Buffer.from(vector.app.signature, 'base64'))).toBe(
    true,
  );
});

describe('client parameters of APIv3', () => {
  test('of a direct page open the order and pay nothing', async () => {
    const { prepay_id, out_trade_no } = await placeV3(running.direct, 'jsapi', { payer: { openid: 'o' } });
    expect(invoke(page(running.direct, prepay_id, running.direct.appids[0] ?? ''))).toEqual({
      out_trade_no,
      prepay_id,
    });
    expect(running.simulator.payPrepay(prepay_id, 'cancel').state).toBe('NOTPAY');
  });

  test.each([
    ['sp_openid', 0],
    ['sub_openid', 1],
  ] as const)('of a provider page are bound to the appid of its %s', async (name, own) => {
    const { prepay_id, out_trade_no } = await placeV3(running.provider, 'jsapi', { payer: { [name]: 'o' } });
    const appids = [running.provider.appids[0], running.provider.sub_merchants[0]?.appids[0]].map(String);
    expect(invoke(page(running.provider, prepay_id, appids[own] ?? ''))).toEqual({ out_trade_no, prepay_id });
    expect(() => invoke(page(running.provider, prepay_id, appids[1 - own] ?? ''))).toThrow('bound');
  });

  test('of an app open the order', async () => {
    const { prepay_id, out_trade_no } = await placeV3(running.direct, 'app');
    expect(invoke(app(running.direct, prepay_id, running.direct.mchid))).toEqual({ out_trade_no, prepay_id });
    const partner = await placeV3(running.provider, 'app');
    const sub_mchid = running.provider.sub_merchants[0]?.mchid ?? '';
    expect(invoke(app(running.provider, partner.prepay_id, sub_mchid))).toEqual(partner);
  });

  test.each<[string, Parameters, string]>([
    ['a number as timeStamp', { timeStamp: 1554208460 }, 'timeStamp is a number'],
    ['milliseconds', { timeStamp: '1554208460000' }, 'ten digits'],
    ['no nonce', { nonceStr: undefined }, 'nonceStr is missing'],
    ['another signType', { signType: 'MD5' }, 'signType must be RSA'],
    ['another time than was signed', { timeStamp: '1554208461' }, 'paySign does not verify'],
    ['another nonce than was signed', { nonceStr: 'other' }, 'paySign does not verify'],
    ['a foreign appId', { appId: 'wx0000000000000000' }, 'bound'],
    ['an unknown prepay_id', { package: `prepay_id=wx${'1'.repeat(34)}` }, 'no such prepay_id'],
  ])('of a page with %s are refused', async (_what, more, words) => {
    const { prepay_id } = await placeV3(running.direct, 'jsapi', { payer: { openid: 'o' } });
    expect(() => invoke(page(running.direct, prepay_id, running.direct.appids[0] ?? '', more))).toThrow(words);
  });

  test.each<[string, Parameters, string]>([
    ['a number as timestamp', { timestamp: 1554208460 }, 'timestamp is a number'],
    ['another package', { package: 'prepay_id=x' }, 'package must be Sign=WXPay'],
    ['another partnerid', { partnerid: '1900000109' }, 'partnerid'],
    ['another nonce than was signed', { noncestr: 'other' }, 'sign does not verify'],
    ['a foreign appid', { appid: 'wx0000000000000000' }, 'bound'],
  ])('of an app with %s are refused', async (_what, more, words) => {
    const { prepay_id } = await placeV3(running.direct, 'app');
    expect(() => invoke(app(running.direct, prepay_id, running.direct.mchid, more))).toThrow(words);
  });

  test('signed by another key, for another kind of order, or for one that is paid, are refused', async () => {
    const appId = running.direct.appids[0] ?? '';
    const { prepay_id } = await placeV3(running.direct, 'jsapi', { payer: { openid: 'o' } });
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const private_key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(() => invoke(page({ ...running.direct, private_key }, prepay_id, appId))).toThrow('does not verify');
    expect(() => invoke(app(running.direct, prepay_id, running.direct.mchid))).toThrow('JSAPI order');
    running.simulator.payPrepay(prepay_id, 'pay');
    expect(() => invoke(page(running.direct, prepay_id, appId))).toThrow('already paid');
  });
});

describe('client parameters of APIv2', () => {
  const v2Page = (placed: Placed, signType: 'MD5' | 'HMAC-SHA256', key: string, more: Parameters = {}): Parameters => {
    const signed = {
      appId: running.direct.appids[0] ?? '',
      timeStamp: '1530457643',
      nonceStr: '5b38ee2b01c9113d0cc907a8',
      package: `prepay_id=${placed.prepay_id}`,
      signType,
    };
    return { ...signed, paySign: Hash.sign(signType, signed, key), ...more };
  };

  test.each(['MD5', 'HMAC-SHA256'] as const)('of a page, signed by %s, open the order', async (type) => {
    const placed = await placeV2(running.direct, 'JSAPI', type);
    const key = running.direct.api_v2_key;
    expect(invoke(v2Page(placed, type, key))).toEqual(placed);
    expect(() => invoke(v2Page(placed, type, 'x'.repeat(32)))).toThrow('paySign does not verify');
    expect(() => invoke(v2Page(placed, type, key, { signType: 'RSA' }))).toThrow('signType');
    expect(() => invoke(v2Page(placed, type, key, { timeStamp: 1530457643 }))).toThrow('timeStamp is a number');
  });

  test('signed in lower case are taken, as production systems sign so', async () => {
    const placed = await placeV2(running.direct, 'JSAPI');
    const parameters = v2Page(placed, 'MD5', running.direct.api_v2_key);
    expect(invoke({ ...parameters, paySign: String(parameters['paySign']).toLowerCase() })).toEqual(placed);
  });

  test('of an app are signed as its order was, and name the sub-merchant', async () => {
    const placed = await placeV2(running.provider, 'APP', 'HMAC-SHA256');
    const signed = {
      appid: running.provider.appids[0] ?? '',
      partnerid: running.provider.sub_merchants[0]?.mchid ?? '',
      prepayid: placed.prepay_id,
      package: 'Sign=WXPay',
      noncestr: '5b38f0dc01c9113d0cc907b0',
      timestamp: '1530458332',
    };
    const key = running.provider.api_v2_key;
    expect(invoke({ ...signed, sign: Hash.sign('HMAC-SHA256', signed, key) })).toEqual(placed);
    expect(() => invoke({ ...signed, sign: Hash.sign('MD5', signed, key) })).toThrow('sign does not verify');
    expect(() => invoke({ ...signed, partnerid: running.provider.mchid, sign: 'x' })).toThrow('partnerid');
  });
});

test.each(['', 'no json', '[]', '{}', '{"tradeNO":"2026"}', '{"appId":"wx","package":"other"}'])(
  '%s is not of the form of WeChat',
  (pay_info) => expect(running.simulator.ownsInvocation(pay_info)).toBe(false),
);
