import { describe, expect, test } from 'vitest';
import type { PayerReport } from '../../../src/channels/channel.ts';
import { wechat } from '../../../src/channels/wechat/channel.ts';
import { NoAnswer, type HttpRequest } from '../../../src/ports.ts';
import { bench, order } from './support/account.ts';
import { testPorts } from './support/ports.ts';

const { account, clock, upstream, open } = bench();

/** What api.weixin.qq.com answers: no signature, always 200 in its own eyes. */
function asking(answer: unknown, status = 200) {
  const sent: HttpRequest[] = [];
  const ports = {
    ...testPorts(clock),
    http: {
      send: (request: HttpRequest) => {
        sent.push(request);
        if (answer instanceof NoAnswer) return Promise.reject(answer);
        const body = Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer));
        return Promise.resolve({ status, headers: {}, body });
      },
    },
  };
  const opened = account();
  const client = wechat.open({ ...opened, secrets: { ...opened.secrets, app_secret: 'the-app-secret' } }, ports);
  const authorization = client.payerAuthorization?.();
  if (!authorization || 'missing' in authorization) throw new Error('not set up');
  return { authorization, sent };
}

test('the link has its parameters in the order that WeChat insists on, and the fragment', () => {
  const { authorization } = asking({});
  const url = authorization.authorizeUrl('https://pay.example.com/preorder/wechat?pay_order_id=1', 'a1');
  expect(url).toBe(
    'https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx8888888888888888' +
      '&redirect_uri=https%3A%2F%2Fpay.example.com%2Fpreorder%2Fwechat%3Fpay_order_id%3D1' +
      '&response_type=code&scope=snsapi_base&state=a1#wechat_redirect',
  );
});

test('the code is exchanged for the openid within the account’s application', async () => {
  const { authorization, sent } = asking({
    access_token: 't',
    expires_in: 7200,
    openid: 'oUpF8uMuAJO',
    scope: 'snsapi_base',
  });
  expect(await authorization.exchange('CODE')).toEqual({
    outcome: 'known',
    fields: { sub_appid: 'wx8888888888888888', sub_openid: 'oUpF8uMuAJO' },
  });
  expect(sent[0]?.url).toBe(
    'https://api.weixin.qq.com/sns/oauth2/access_token?appid=wx8888888888888888&secret=the-app-secret&code=CODE&grant_type=authorization_code',
  );
});

describe('no payer is known by', () => {
  test.each<[string, unknown, number, PayerReport]>([
    ['an invalid code', { errcode: 40029, errmsg: 'invalid code' }, 200, { outcome: 'refused', code: '40029' }],
    ['a spent code', { errcode: 40163, errmsg: 'code been used' }, 200, { outcome: 'refused', code: '40163' }],
    ['a busy system', { errcode: -1, errmsg: 'system error' }, 200, { outcome: 'unknown', reason: 'system_busy' }],
    ['a page of a proxy', '<html>', 200, { outcome: 'unknown', reason: 'not_understood' }],
    ['an openid of another form', { openid: 'o"x' }, 200, { outcome: 'unknown', reason: 'not_understood' }],
    ['a failing server', { openid: 'o1' }, 502, { outcome: 'unknown', reason: 'http_502' }],
    ['silence', new NoAnswer('lost', 'timeout'), 200, { outcome: 'unknown', reason: 'timeout' }],
  ])('%s', async (_name, answer, status, report) => {
    expect(await asking(answer, status).authorization.exchange('CODE')).toEqual(report);
  });
});

test('an account without app_secret says what is missing', () => {
  const authorization = open().payerAuthorization?.();
  expect(authorization).toEqual({ missing: expect.stringContaining('app_secret') });
});

test('a payer who is in the service provider’s own application is named by sp_openid, without a sub_appid', async () => {
  upstream.answers({ status: 200, body: { prepay_id: 'wx201410272009395522657a690389285100' } });
  const fields = { sub_appid: 'wx8888888888888888', sub_openid: 'oUpF8uMuAJO' };
  const placed = await open().prepareBegin({ ...order, pay_type: 'wechat.jsapi', fields });
  const report = await placed.send();
  const body = JSON.parse(upstream.last.body);
  expect(body).toMatchObject({ sp_appid: 'wx8888888888888888', payer: { sp_openid: 'oUpF8uMuAJO' } });
  expect(body).not.toHaveProperty('sub_appid');
  const reply = report.outcome === 'accepted' ? JSON.parse(report.reply['pay_info'] ?? '{}') : {};
  expect(reply).toMatchObject({ appId: 'wx8888888888888888' });
  expect(open().expectedIdentity({ merchant_params: order.merchant_params, fields })).toEqual({
    sp_appid: 'wx8888888888888888',
    sp_mchid: '1230000109',
    sub_mchid: '1900000109',
  });
});
