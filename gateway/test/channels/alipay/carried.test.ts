/** alipay.wap and alipay.app: signed here, carried to Alipay by the payer. */
import { AlipaySdk } from 'alipay-sdk';
import { createVerify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { alipay } from '../../../src/channels/alipay/channel.ts';
import { CircuitBreakers } from '../../../src/operations/circuit-breaker.ts';
import {
  app,
  APP_ID,
  businessFailure,
  keySettings,
  makePorts,
  openChannel,
  order as scanOrder,
  OUT_TRADE_NO,
  privatePem,
  publicPem,
  reference,
  secrets,
} from './support.ts';

const GATEWAY = 'https://openapi.alipay.com/gateway.do';
const NOTIFY_URL = 'https://pay.example.com/notify/alipay/a1';
const RETURN_URL = 'https://store.pooul.com/paid?no=1&x=%E4%B8%AD';
const QUIT_URL = 'https://store.pooul.com/cart';

type Carried = 'alipay.wap' | 'alipay.app';

/** Signs without any upstream: there is none to be called. */
async function carry(
  pay_type: Carried,
  overrides: Partial<typeof scanOrder> = {},
  settings: Readonly<Record<string, unknown>> = {},
  later_ms = 0,
) {
  const ports = makePorts();
  ports.clock.at_ms += later_ms;
  const account = { account_id: 'a1', channel: 'alipay', settings: keySettings(GATEWAY, settings), secrets };
  const channel = alipay.open(account, {
    ...ports,
    http: { send: () => Promise.reject(new Error('nothing is to be sent')) },
  });
  const report = await (await channel.prepareBegin({ ...scanOrder, pay_type, ...overrides })).send();
  if (report.outcome !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(report)}`);
  return report;
}

/** The signed parameters of a link or an order string, decoded once. */
function paramsOf(text: string): Record<string, string> {
  const query = text.includes('?') ? text.slice(text.indexOf('?') + 1) : text;
  const pairs = query.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))] as const;
  });
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
  return Object.fromEntries(pairs);
}

/** "筛选并排序，拼接": every parameter but sign, by name, values as they are before encoding. */
function isSignedByApp({ sign = '', ...params }: Record<string, string>): boolean {
  const content = Object.keys(params)
    .sort()
    .map((name) => `${name}=${params[name]}`)
    .join('&');
  return createVerify('RSA-SHA256').update(content, 'utf8').verify(app.publicKey, sign, 'base64');
}

const sdk = new AlipaySdk({
  appId: APP_ID,
  privateKey: privatePem(app.privateKey),
  keyType: 'PKCS8',
  alipayPublicKey: publicPem(app.publicKey),
  gateway: GATEWAY,
});

const protocol = {
  app_id: APP_ID,
  format: 'JSON',
  charset: 'utf-8',
  sign_type: 'RSA2',
  timestamp: '2026-03-01 12:00:00',
  version: '1.0',
  notify_url: NOTIFY_URL,
};
const business = {
  out_trade_no: OUT_TRADE_NO,
  total_amount: '76.22',
  subject: "This's Subjects Alex test",
  time_expire: '2026-03-01 12:30:00',
};

describe('alipay.wap', () => {
  const fields = { return_url: RETURN_URL, quit_url: QUIT_URL };
  const linkOf = async (...given: Parameters<typeof carry> extends [unknown, ...infer Rest] ? Rest : never) =>
    (await carry('alipay.wap', ...given)).reply['mweb_url'] ?? '';

  test('answers a link to the gateway, made without asking anybody', async () => {
    const report = await carry('alipay.wap');
    expect(report).toEqual({ outcome: 'accepted', message: 'success', made_here: true, reply: report.reply });
    expect(report.reply['mweb_url']).toMatch(/^https:\/\/openapi\.alipay\.com\/gateway\.do\?[\w.%&=-]+$/);
  });

  test('the link is the whole signed request', async () => {
    const link = await linkOf({ fields });
    const { biz_content = '', sign: _sign, ...params } = paramsOf(link);
    expect(params).toEqual({ ...protocol, method: 'alipay.trade.wap.pay', return_url: RETURN_URL });
    expect(JSON.parse(biz_content)).toEqual({ ...business, product_code: 'QUICK_WAP_WAY', quit_url: QUIT_URL });
    expect(isSignedByApp(paramsOf(link))).toBe(true);
    expect(isSignedByApp({ ...paramsOf(link), return_url: QUIT_URL })).toBe(false);
    // A browser and the query parser of a server read the same.
    expect(Object.fromEntries(new URL(link).searchParams)).toEqual(paramsOf(link));
  });

  test('without pages of its own it names none', async () => {
    const params = paramsOf(await linkOf());
    expect(params).not.toHaveProperty('return_url');
    expect(JSON.parse(params['biz_content'] ?? '')).toEqual({ ...business, product_code: 'QUICK_WAP_WAY' });
  });

  test('the official SDK makes the same of the same parameters', async () => {
    const ours = paramsOf(await linkOf({ fields, body: '测试 100% + (quotes) ~ *😀*' }));
    const theirs = sdk.pageExecute('alipay.trade.wap.pay', 'GET', {
      format: 'JSON',
      timestamp: ours['timestamp'],
      notifyUrl: NOTIFY_URL,
      returnUrl: RETURN_URL,
      bizContent: JSON.parse(ours['biz_content'] ?? ''),
    });
    // The SDK adds its name, which is signed with the rest: everything else is equal.
    const { alipay_sdk: _name, sign: their_sign = '', ...params } = Object.fromEntries(new URL(theirs).searchParams);
    const { sign: our_sign = '', ...our_params } = ours;
    expect(our_params).toEqual(params);
    expect(isSignedByApp({ ...params, alipay_sdk: _name ?? '', sign: their_sign })).toBe(true);
    expect(sdk.checkNotifySignV2({ ...our_params, sign: our_sign })).toBe(true);
  });

  test.each([
    ['https://store.pooul.com/paid?no=1#done', true],
    ['http://127.0.0.1:8080/', true],
    ['store.pooul.com', false],
    ['javascript:alert(1)', false],
    ['https://', false],
    ['https://a b/', false],
    ['https://store.pooul.com/\n', false],
    ['ftp://store.pooul.com/', false],
  ])('a page address %j: %s', (value, good) => {
    const rules = alipay.pay_types.find(({ code }) => code === 'alipay.wap')?.fields ?? {};
    expect(Object.keys(rules)).toEqual(['return_url', 'quit_url']);
    for (const rule of Object.values(rules)) {
      expect(rule).toMatchObject({ required: false, max_length: 256 });
      expect((rule.check?.(value) ?? null) === null).toBe(good);
    }
  });
});

describe('alipay.app', () => {
  test('answers an order string, made without asking anybody', async () => {
    const report = await carry('alipay.app');
    expect(report).toEqual({ outcome: 'accepted', message: 'success', made_here: true, reply: report.reply });
    const { biz_content = '', sign: _sign, ...params } = paramsOf(report.reply['pay_info'] ?? '');
    expect(params).toEqual({ ...protocol, method: 'alipay.trade.app.pay' });
    expect(JSON.parse(biz_content)).toEqual({ ...business, product_code: 'QUICK_MSECURITY_PAY' });
    expect(isSignedByApp(paramsOf(report.reply['pay_info'] ?? ''))).toBe(true);
  });

  test('the official SDK makes the same of the same parameters, signature included', async () => {
    const { reply } = await carry('alipay.app', { body: '测试 100% + (quotes) ~ *😀*' });
    const ours = paramsOf(reply['pay_info'] ?? '');
    const theirs = sdk.sdkExecute('alipay.trade.app.pay', {
      format: 'JSON',
      timestamp: ours['timestamp'],
      notifyUrl: NOTIFY_URL,
      bizContent: JSON.parse(ours['biz_content'] ?? ''),
    });
    expect(ours).toEqual(paramsOf(theirs));
  });

  test('the text is the same as the SDK’s where both encode alike', async () => {
    const { reply } = await carry('alipay.app', { body: '测试 100% + 1' });
    const ours = (reply['pay_info'] ?? '').split('&').sort();
    const params = paramsOf(reply['pay_info'] ?? '');
    const theirs = sdk.sdkExecute('alipay.trade.app.pay', {
      format: 'JSON',
      timestamp: params['timestamp'],
      notifyUrl: NOTIFY_URL,
      bizContent: JSON.parse(params['biz_content'] ?? ''),
    });
    expect(ours).toEqual(theirs.split('&').sort());
  });
});

describe.each<Carried>(['alipay.wap', 'alipay.app'])('%s', (pay_type) => {
  const textOf = (reply: Readonly<Record<string, string>>) => Object.values(reply)[0] ?? '';

  test('signed again, the same order has the same business parameters', async () => {
    const first = paramsOf(textOf((await carry(pay_type)).reply));
    const later = paramsOf(textOf((await carry(pay_type, {}, {}, 600_000)).reply));
    expect(later['biz_content']).toBe(first['biz_content']);
    expect(later['timestamp']).toBe('2026-03-01 12:10:00');
    expect(isSignedByApp(later)).toBe(true);
  });

  test('shop, seller, second-level merchant, token and provider go with it, but no till', async () => {
    const { reply } = await carry(
      pay_type,
      {
        store_id: '9527',
        op_user_id: '301',
        device_info: 'WEB',
        merchant_params: { app_auth_token: '202603BBtoken', seller_id: '2088102146225135', sub_merchant_id: '2088' },
      },
      { sys_service_provider_id: '2088511833207846' },
    );
    const params = paramsOf(textOf(reply));
    expect(params['app_auth_token']).toBe('202603BBtoken');
    const biz = JSON.parse(params['biz_content'] ?? '');
    expect(biz).toMatchObject({
      store_id: '9527',
      seller_id: '2088102146225135',
      sub_merchant: { merchant_id: '2088' },
      extend_params: { sys_service_provider_id: '2088511833207846' },
    });
    expect(biz).not.toHaveProperty('operator_id');
    expect(biz).not.toHaveProperty('terminal_id');
  });

  test('before the payer opens it, query and close find no trade', async () => {
    const { channel, upstream } = await openChannel();
    for (const method of ['alipay.trade.query', 'alipay.trade.close']) {
      upstream.reply(method, { node: businessFailure('ACQ.TRADE_NOT_EXIST') });
    }
    expect(await channel.query({ ...reference, pay_type })).toMatchObject({ outcome: 'not_found' });
    expect(await channel.close({ ...reference, pay_type })).toMatchObject({ outcome: 'not_found' });
  });

  test('what was made here is no sign of life of the account', async () => {
    const report = await carry(pay_type);
    const { clock } = makePorts();
    const breakers = new CircuitBreakers(clock, () => {});
    for (let calls = 0; calls < 10; calls += 1) {
      breakers.record('a1', { outcome: 'unknown', reason: 'timeout' });
      breakers.record('a1', report);
    }
    expect(breakers.state('a1')).toBe('open');
  });
});
