import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { BeginReport, OrderForChannel } from '../../../src/channels/channel.ts';
import { makeKey } from './support/certificate.ts';
import { bench, directOrder, MERCHANT_SERIAL, NOW_MS, order, orderObject, PLATFORM_SERIAL } from './support/account.ts';
import type { StubAnswer } from './support/upstream.ts';

const { upstream, open, clock } = bench();
const CODE_URL = { code_url: 'weixin://wxpay/bizpayurl?pr=JyC91EIz1' };
const NOT_EXIST = { status: 404, body: { code: 'ORDER_NOT_EXIST', message: '订单不存在' } };

async function place(placed: OrderForChannel = order): Promise<BeginReport> {
  return (await open().prepareBegin(placed)).send();
}

describe('placing an order', () => {
  test('a partner order is sent as documented and answered with its code_url', async () => {
    upstream.answers({ status: 200, body: CODE_URL });
    expect(await place()).toEqual({
      outcome: 'accepted',
      reply: CODE_URL,
      message: 'success',
      raw: JSON.stringify(CODE_URL),
    });
    expect(upstream.paths).toEqual(['POST /v3/pay/partner/transactions/native']);
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
      scene_info: { payer_client_ip: '14.23.150.211', device_id: 'alex device', store_info: { id: '0001' } },
    });
  });

  test('a direct order names appid and mchid and goes to the direct endpoint', async () => {
    upstream.answers({ status: 200, body: CODE_URL });
    const prepared = await open({ mode: 'direct' }).prepareBegin(directOrder);
    expect((await prepared.send()).outcome).toBe('accepted');
    expect(upstream.paths).toEqual(['POST /v3/pay/transactions/native']);
    const body = JSON.parse(upstream.last.body);
    expect(body).toMatchObject({ appid: 'wx8888888888888888', mchid: '1230000109' });
    for (const name of ['sp_appid', 'sp_mchid', 'sub_mchid']) expect(body).not.toHaveProperty(name);
  });

  test('the request is signed by the merchant and says who asks', async () => {
    upstream.answers({ status: 200, body: CODE_URL });
    await place();
    const { signed, authorization, headers } = upstream.last;
    expect(signed).toBe(true);
    expect(authorization).toMatchObject({ mchid: '1230000109', serial_no: MERCHANT_SERIAL });
    expect(authorization['timestamp']).toBe(String(NOW_MS / 1000));
    expect(authorization['nonce_str']).toMatch(/^[0-9a-f]{32}$/);
    expect(headers).toMatchObject({ accept: 'application/json', 'content-type': 'application/json' });
    expect(headers['user-agent']).toMatch(/heliu/);
    expect(headers['wechatpay-serial']).toBeUndefined();
  });

  test('preparing an order sends nothing', async () => {
    await open().prepareBegin(order);
    expect(upstream.requests).toEqual([]);
  });

  test('texts are cut to the documented lengths without splitting a character', async () => {
    upstream.answers({ status: 200, body: CODE_URL });
    await place({ ...order, body: `${'商'.repeat(126)}😀尾`, attach: '加'.repeat(129) });
    const body = JSON.parse(upstream.last.body);
    expect(body.description).toBe('商'.repeat(126));
    expect(body.attach).toBe('加'.repeat(128));
  });

  test('scene_info is left out without the payer’s address, and identifiers too long to be true are left out of it', async () => {
    upstream.answers({ status: 200, body: CODE_URL });
    await place({ ...order, spbill_create_ip: null });
    expect(JSON.parse(upstream.last.body)).not.toHaveProperty('scene_info');
    await place({ ...order, attach: null, device_info: 'd'.repeat(33), store_id: 's'.repeat(33) });
    const body = JSON.parse(upstream.last.body);
    expect(body.scene_info).toEqual({ payer_client_ip: '14.23.150.211' });
    expect(body).not.toHaveProperty('attach');
  });

  test('the same order is the same request again, but for its nonce', async () => {
    upstream.answers({ status: 200, body: CODE_URL });
    await place();
    clock.time_ms += 60_000;
    await place();
    const [first, second] = upstream.requests;
    expect(first?.body).toBe(second?.body);
    expect(first?.authorization['nonce_str']).not.toBe(second?.authorization['nonce_str']);
  });

  test('a route that does not fit the account’s mode is a misconfiguration and nothing is sent', async () => {
    await expect(open().prepareBegin(directOrder)).rejects.toThrow('sub_mchid is missing');
    await expect(open({ mode: 'direct' }).prepareBegin(order)).rejects.toThrow('belong to partner accounts');
    await expect(open().prepareBegin({ ...order, pay_type: 'wechat.none' })).rejects.toThrow('wechat.none');
    expect(upstream.requests).toEqual([]);
  });
});

describe('a verified refusal', () => {
  test.each([
    [400, 'PARAM_ERROR', undefined],
    [400, 'APPID_MCHID_NOT_MATCH', true],
    [400, 'MCH_NOT_EXISTS', true],
    [404, 'MCH_NOT_EXISTS', true],
    [401, 'SIGN_ERROR', true],
    [403, 'NO_AUTH', true],
    [403, 'NOAUTH', true],
    [403, 'RULE_LIMIT', undefined],
    [403, 'RULELIMIT', undefined],
    [403, 'TRADE_ERROR', undefined],
    [403, 'ACCOUNT_ERROR', undefined],
    [403, 'USER_ACCOUNT_ABNORMAL', undefined],
    [403, 'REQUEST_BLOCKED', true],
    [403, 'NOT_ENOUGH', undefined],
    [429, 'FREQUENCY_LIMITED', true],
  ])('%i %s is declined in the channel’s words; the account’s fault: %s', async (status, code, account_fault) => {
    upstream.answers({ status, body: { code, message: '请检查' } });
    const report = await place();
    expect(report).toMatchObject({ outcome: 'declined', code, message: '请检查' });
    expect('account_fault' in report ? report.account_fault : undefined).toBe(account_fault);
    expect(upstream.requests).toHaveLength(1);
  });

  test.each([
    [202, 'USERPAYING', 'userpaying'],
    [400, 'ORDER_CLOSED', 'order_closed'],
    [400, 'ORDERPAID', 'orderpaid'],
    [400, 'ORDER_PAID', 'order_paid'],
    [400, 'A_CODE_FROM_NEXT_YEAR', 'a_code_from_next_year'],
    [400, 'not a code!', 'not_understood'],
    [500, 'SYSTEM_ERROR', 'system_error'],
    [500, 'SYSTEMERROR', 'system_error'],
    [500, 'BANK_ERROR', 'bank_error'],
    [500, 'PARAM_ERROR', 'param_error'],
    [503, undefined, 'http_503'],
    [418, undefined, 'not_understood'],
    [301, 'PARAM_ERROR', 'param_error'],
  ])('%i %s decides nothing: %s', async (status, code, reason) => {
    upstream.answers({ status, body: { code, message: '?' } });
    expect(await place()).toMatchObject({ outcome: 'unknown', reason });
  });

  test.each(['INVALID_REQUEST', 'OUT_TRADE_NO_USED'])(
    '%s is declined once a query says that the number does not exist',
    async (code) => {
      upstream.answers({ status: 403, body: { code, message: '?' } }, NOT_EXIST);
      expect(await place()).toMatchObject({ outcome: 'declined', code });
      expect(upstream.paths[1]).toMatch(/^GET .*\/out-trade-no\/65e1a2c0aabbccddeeff0011\?/);
    },
  );

  test.each([
    ['paid', { status: 200, body: orderObject() }],
    ['closed', { status: 200, body: orderObject({ trade_state: 'CLOSED' }) }],
    ['not answered', { status: 500, body: { code: 'SYSTEM_ERROR' } }],
  ] as const)('INVALID_REQUEST decides nothing when the number is %s', async (_state, answer) => {
    upstream.answers({ status: 400, body: { code: 'INVALID_REQUEST', message: '?' } }, answer);
    expect(await place()).toMatchObject({ outcome: 'unknown', reason: 'invalid_request' });
  });
});

describe('an answer that is not proven to be WeChat Pay’s', () => {
  const stranger = makeKey();
  const tampered: readonly (readonly [string, StubAnswer, string])[] = [
    ['unsigned', { status: 200, body: CODE_URL, signed_by: null }, 'bad_signature'],
    [
      'signed by a stranger',
      { status: 200, body: CODE_URL, signed_by: { key: stranger, serial: PLATFORM_SERIAL } },
      'bad_signature',
    ],
    [
      'changed on the way',
      { status: 200, body: CODE_URL, tamper: (_headers, body) => ({ body: body.replace('JyC', 'XyC') }) },
      'bad_signature',
    ],
    [
      'cut short',
      { status: 200, body: CODE_URL, tamper: (_headers, body) => ({ body: body.slice(0, -3) }) },
      'bad_signature',
    ],
    [
      'signed for another moment',
      {
        status: 200,
        body: CODE_URL,
        tamper: (headers) => ({ headers: { ...headers, 'wechatpay-timestamp': String(NOW_MS / 1000 + 1) } }),
      },
      'bad_signature',
    ],
    [
      'a probe',
      {
        status: 200,
        body: CODE_URL,
        tamper: (headers) => ({ headers: { ...headers, 'wechatpay-signature': 'WECHATPAY/SIGNTEST/abc' } }),
      },
      'bad_signature',
    ],
    ['five minutes old', { status: 200, body: CODE_URL, timestamp_s: NOW_MS / 1000 - 301 }, 'stale_timestamp'],
    ['from the future', { status: 200, body: CODE_URL, timestamp_s: NOW_MS / 1000 + 301 }, 'stale_timestamp'],
    ['an unsigned refusal', { status: 400, body: { code: 'PARAM_ERROR' }, signed_by: null }, 'bad_signature'],
    ['an unsigned 401', { status: 401, body: { code: 'SIGN_ERROR' }, signed_by: null }, 'bad_signature'],
    ['a proxy’s 502', { status: 502, body: '<html>', signed_by: null }, 'http_502'],
  ];

  test.each(tampered)('%s is unknown', async (_what, answer, reason) => {
    upstream.answers(answer);
    expect(await place()).toMatchObject({ outcome: 'unknown', reason });
  });

  test.each([
    ['not JSON', 'code_url'],
    ['without code_url', { prepay_id: 'wx1' }],
    ['a code_url that is no text', { code_url: 7 }],
    ['a list', [CODE_URL]],
  ])('a verified 200 that is %s is unknown', async (_what, body) => {
    upstream.answers({ status: 200, body });
    expect(await place()).toMatchObject({ outcome: 'unknown', reason: 'not_understood' });
  });

  test('five minutes of clock skew either way are allowed', async () => {
    upstream.answers({ status: 200, body: CODE_URL, timestamp_s: NOW_MS / 1000 - 300 });
    expect((await place()).outcome).toBe('accepted');
    upstream.answers({ status: 200, body: CODE_URL, timestamp_s: NOW_MS / 1000 + 300 });
    expect((await place()).outcome).toBe('accepted');
  });
});

describe('no answer', () => {
  test('a refused connection is certain not to have been seen', async () => {
    const client = open({ base_url: await freePort() });
    expect(await (await client.prepareBegin(order)).send()).toEqual({
      outcome: 'not_sent',
      reason: 'connection_refused',
    });
  });

  test('a connection that ends without an answer is unknown', async () => {
    upstream.answers('drop');
    expect(await place()).toEqual({ outcome: 'unknown', reason: 'connection_lost' });
  });

  test('an answer that does not come in time is unknown', async () => {
    upstream.answers('hang');
    const prepared = await open({ timeout_ms: 100 }).prepareBegin(order);
    expect(await prepared.send()).toEqual({ outcome: 'unknown', reason: 'timeout' });
    expect(upstream.requests).toHaveLength(1);
  });
});

/** An address on which nothing listens. */
async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return `http://127.0.0.1:${port}`;
}
