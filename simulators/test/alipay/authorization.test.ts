import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import {
  call,
  certificateApp,
  commonParameters,
  HOUR_MS,
  keyApp,
  newNumber,
  officialClient,
  post,
  signed,
  start,
  VirtualPorts,
} from './support.ts';
import type { RawAnswer, Stand } from './support.ts';
import { restartable } from './support-orders.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

function visit(stand: Stand, parameters: Record<string, string>): Promise<Response> {
  const url = new URL('/oauth2/publicAppAuthorize.htm', stand.gateway_url);
  url.search = new URLSearchParams(parameters).toString();
  return fetch(url, { redirect: 'manual' });
}

const asked = (app_id: string) => ({
  app_id,
  scope: 'auth_base',
  redirect_uri: 'http://shop.example/back?order=1&x=y',
  state: 'c3RhdGU=',
});

async function authorize(stand: Stand, app = keyApp(config)): Promise<string> {
  const response = await visit(stand, asked(app.app_id));
  return new URL(response.headers.get('location') ?? '').searchParams.get('auth_code') ?? '';
}

function exchange(stand: Stand, parameters: Record<string, string>, app = keyApp(config)): Promise<RawAnswer> {
  return post(stand, signed(app, { ...commonParameters(app, 'alipay.system.oauth.token'), ...parameters }));
}

const byCode = (code: string) => ({ grant_type: 'authorization_code', code });

describe('the authorization page', () => {
  test('sends the browser back at once with a code, the app and the state', async () => {
    const stand = await start(config);
    const response = await visit(stand, asked(keyApp(config).app_id));
    expect(response.status).toBe(302);
    const target = new URL(response.headers.get('location') ?? '');
    expect(target.origin + target.pathname).toBe('http://shop.example/back');
    const { auth_code, ...others } = Object.fromEntries(target.searchParams);
    expect(others).toEqual({
      order: '1',
      x: 'y',
      app_id: keyApp(config).app_id,
      source: 'alipay_wallet',
      scope: 'auth_base',
      state: 'c3RhdGU=',
    });
    expect(auth_code).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    ['app_id', '2021000000000000'],
    ['scope', 'auth_user'],
    ['redirect_uri', 'javascript:alert(1)'],
    ['redirect_uri', ''],
    ['state', 'x'.repeat(101)],
    ['state', '状态'],
    ['state', 'a.b'],
  ])('shows an error for %s %s', async (name, value) => {
    const stand = await start(config);
    const response = await visit(stand, { ...asked(keyApp(config).app_id), [name]: value });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(name);
  });
});

describe('an authorization code', () => {
  test.each(['key', 'certificate'])('tells who the payer is, once, in %s mode', async (mode) => {
    const stand = await start(config);
    const app = mode === 'key' ? keyApp(config) : certificateApp(config);
    const sdk = officialClient(stand, app);
    const code = await authorize(stand, app);
    const answer = await sdk.exec('alipay.system.oauth.token', byCode(code), { validateSign: true });
    expect(answer).toMatchObject({ userId: config.buyer.user_id, expiresIn: '1296000' });
    expect(answer['accessToken']).toMatch(/^authbseB[0-9a-f]{32}$/);
    expect(answer['openId']).toMatch(/^[A-Za-z0-9]{30,64}$/);
    expect(answer).not.toHaveProperty('code');
    const again = await sdk.exec('alipay.system.oauth.token', byCode(code));
    expect(again).toMatchObject({ code: '40002', subCode: 'isv.code-invalid' });
  });

  test('is the payer for whom a trade can be created, by either identity', async () => {
    const stand = await start(config);
    const app = keyApp(config);
    const { body } = await exchange(stand, byCode(await authorize(stand)));
    for (const buyer of [{ buyer_id: body['user_id'] }, { buyer_open_id: body['open_id'] }]) {
      const biz = { out_trade_no: newNumber(), total_amount: '1.00', subject: '茶', ...buyer };
      expect((await call(stand, app, 'alipay.trade.create', biz))['code']).toBe('10000');
    }
    const other = await exchange(stand, byCode(await authorize(stand, certificateApp(config))), certificateApp(config));
    expect(other.body['open_id']).not.toBe(body['open_id']);
  });

  test.each([
    ['isv.code-invalid', { grant_type: 'authorization_code', code: 'f'.repeat(32) }],
    ['isv.code-invalid', { grant_type: 'authorization_code' }],
    ['isv.grant-type-invalid', { code: 'f'.repeat(32) }],
    ['isv.refresh-token-invalid', { grant_type: 'refresh_token', refresh_token: 'f' }],
  ])('is refused as %s, signed, in an error_response: %j', async (sub_code, parameters) => {
    const stand = await start(config);
    const answer = await exchange(stand, parameters);
    expect(answer.node).toBe('error_response');
    expect(answer.body).toMatchObject({ code: '40002', sub_code });
    expect(answer.sign).toBeDefined();
  });

  test('of another app is refused and stays valid for its own', async () => {
    const stand = await start(config);
    const code = await authorize(stand);
    const app = certificateApp(config);
    const stranger = await officialClient(stand, app).exec('alipay.system.oauth.token', byCode(code));
    expect(stranger['subCode']).toBe('isv.unmatched-app-id');
    expect((await exchange(stand, byCode(code))).body['user_id']).toBe(config.buyer.user_id);
  });

  test('expires after a day', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const [early, late] = [await authorize(stand), await authorize(stand)];
    await ports.advance(24 * HOUR_MS - 1);
    expect((await exchange(stand, byCode(early))).body['user_id']).toBe(config.buyer.user_id);
    await ports.advance(1);
    expect((await exchange(stand, byCode(late))).body['sub_code']).toBe('isv.code-invalid');
  });

  test('is as unused or used after a restart as before', async () => {
    const machine = restartable(config);
    const before = await machine.boot();
    const [used, fresh] = [await authorize(before), await authorize(before)];
    const first = await exchange(before, byCode(used));
    const after = await machine.reboot(before);
    expect((await exchange(after, byCode(used))).body['sub_code']).toBe('isv.code-invalid');
    expect((await exchange(after, byCode(fresh))).body['open_id']).toBe(first.body['open_id']);
  });

  test('does not survive a wrong signature: nothing is used up', async () => {
    const stand = await start(config);
    const code = await authorize(stand);
    const app = keyApp(config);
    const parameters = signed(app, { ...commonParameters(app, 'alipay.system.oauth.token'), ...byCode('other') });
    expect((await post(stand, { ...parameters, code })).body['sub_code']).toBe('isv.invalid-signature');
    expect((await exchange(stand, byCode(code))).body['user_id']).toBe(config.buyer.user_id);
  });
});
