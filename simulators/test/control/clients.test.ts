import { createSign } from 'node:crypto';
import { expect, test } from 'vitest';
import type { RunningSimulators } from '../../src/start.ts';
import { callWechat, control, start } from './support.ts';
import type { ControlAnswer } from './support.ts';

async function place(
  simulators: RunningSimulators,
  name: string,
  more: object,
): Promise<{ status: number; out_trade_no: string; answer: Record<string, string> }> {
  const { sp_appid, sp_mchid, sub_appid, sub_mchid } = simulators.wechat;
  const out_trade_no = `N${process.hrtime.bigint()}`;
  const body = JSON.stringify({
    sp_appid,
    sp_mchid,
    sub_appid,
    sub_mchid,
    out_trade_no,
    description: '拿铁咖啡',
    notify_url: 'http://127.0.0.1:9/notify',
    amount: { total: 7622 },
    ...more,
  });
  const placed = await callWechat(simulators, 'POST', `/v3/pay/partner/transactions/${name}`, body);
  return { status: placed.status, out_trade_no, answer: JSON.parse(placed.text) as Record<string, string> };
}

const post = (simulators: RunningSimulators, path: string, body: object): Promise<ControlAnswer> =>
  control(simulators, 'POST', `/control/${path}`, body);

const pending = async (simulators: RunningSimulators): Promise<unknown> =>
  (await control(simulators, 'GET', '/control/pending')).body['pending'];

const scene_info = { store_info: { out_id: 'A1' } };

test('a payment code is made for a wallet, presented by a till, and approved on the phone', async () => {
  const simulators = await start();
  const made = await post(simulators, 'auth-code', { wallet: 'wechat', behaviour: 'password_then_cancel' });
  expect(made.status).toBe(200);
  expect(made.body).toEqual({ auth_code: expect.stringMatching(/^1[0-5]\d{16}$/) });
  const auth_code = String(made.body['auth_code']);
  expect((await post(simulators, 'scan', { code: auth_code, action: 'pay' })).status).toBe(409);

  const { status, out_trade_no } = await place(simulators, 'codepay', { payer: { auth_code }, scene_info });
  expect(status).toBe(202);
  expect(await pending(simulators)).toMatchObject([{ channel: 'wechat', code: auth_code, state: 'USERPAYING' }]);
  expect((await post(simulators, 'look', { code: auth_code })).body).toMatchObject({ out_trade_no });
  const wrong = await post(simulators, 'scan', { code: auth_code, action: 'wrong_password' });
  expect(wrong.body).toEqual({ out_trade_no, state: 'USERPAYING' });
  const paid = await post(simulators, 'scan', { code: auth_code, action: 'pay' });
  expect(paid.body).toEqual({ out_trade_no, state: 'SUCCESS' });
  expect(await pending(simulators)).toEqual([]);
});

test.each([
  'pay',
  'password_then_pay',
  'password_then_cancel',
  'insufficient',
  'expired',
  'timeout_but_paid',
  'timeout_not_paid',
])('a code can be made that does "%s"', async (behaviour) => {
  const made = await post(await start(), 'auth-code', { wallet: 'wechat', behaviour });
  expect([made.status, made.body['auth_code']]).toEqual([200, expect.stringMatching(/^\d{18}$/)]);
});

test.each([
  [{ wallet: 'wechat' }, 'behaviour is missing'],
  [{ wallet: 'wechat', behaviour: 'steal' }, 'behaviour is "steal"'],
  [{ behaviour: 'pay' }, 'wallet is missing'],
  [{ wallet: 'bank', behaviour: 'pay' }, 'wallet is "bank"'],
  [{ wallet: 'wechat', behaviour: 'pay', amount: 1 }, 'unknown field amount'],
])('a code for %j is refused with a reason', async (body, reason) => {
  const answer = await post(await start(), 'auth-code', body);
  expect([answer.status, answer.body['msg']]).toEqual([400, expect.stringContaining(reason)]);
});

test('an order that a client handed over waits in the phone and is paid by its prepay_id', async () => {
  const simulators = await start();
  const { out_trade_no, answer } = await place(simulators, 'jsapi', { payer: { sub_openid: 'oPayer' } });
  const { prepay_id = '' } = answer;
  expect(await pending(simulators)).toMatchObject([{ out_trade_no, code: prepay_id, amount: 7622 }]);
  const cancelled = await post(simulators, 'prepay', { prepay_id, action: 'cancel' });
  expect(cancelled.body).toEqual({ out_trade_no, state: 'NOTPAY' });
  const paid = await post(simulators, 'prepay', { prepay_id, action: 'pay' });
  expect([paid.status, paid.body]).toEqual([200, { out_trade_no, state: 'SUCCESS' }]);
  expect((await post(simulators, 'prepay', { prepay_id, action: 'pay' })).status).toBe(409);
});

test('what waits in the phone is paid by its code, whatever kind it is', async () => {
  const simulators = await start();
  const h5 = { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } };
  for (const [name, more] of [
    ['app', {}],
    ['h5', { scene_info: h5 }],
  ] as const) {
    const { out_trade_no } = await place(simulators, name, more);
    const [waiting] = (await pending(simulators)) as { code: string }[];
    const paid = await post(simulators, 'scan', { code: waiting?.code, action: 'pay' });
    expect(paid.body).toEqual({ out_trade_no, state: 'SUCCESS' });
  }
});

test.each([
  [{ prepay_id: 'nonsense', action: 'pay' }, 404, 'is of no wallet here'],
  [{ prepay_id: `wx${'1'.repeat(34)}`, action: 'pay' }, 404, 'no such prepay_id'],
  [{ prepay_id: `wx${'1'.repeat(34)}`, action: 'steal' }, 400, 'action is "steal"'],
  [{ action: 'pay' }, 400, 'prepay_id is missing'],
])('acting on %j is refused with %i', async (body, status, reason) => {
  const answer = await post(await start(), 'prepay', body);
  expect([answer.status, answer.body['msg']]).toEqual([status, expect.stringContaining(reason)]);
});

test('client parameters are checked as the wallet does', async () => {
  const simulators = await start();
  const { out_trade_no, answer } = await place(simulators, 'jsapi', { payer: { sub_openid: 'oPayer' } });
  const { prepay_id = '' } = answer;
  const { sub_appid: appId, merchant_private_key } = simulators.wechat;
  const [timeStamp, nonceStr] = ['1554208460', 'abc'];
  const paySign = createSign('RSA-SHA256')
    .update(`${appId}\n${timeStamp}\n${nonceStr}\nprepay_id=${prepay_id}\n`)
    .sign(merchant_private_key, 'base64');
  const parameters = { appId, timeStamp, nonceStr, package: `prepay_id=${prepay_id}`, signType: 'RSA', paySign };
  const opened = await post(simulators, 'invoke', { pay_info: JSON.stringify(parameters) });
  expect([opened.status, opened.body]).toEqual([200, { out_trade_no, prepay_id }]);
  const number = { ...parameters, timeStamp: Number(timeStamp) };
  const refused = await post(simulators, 'invoke', { pay_info: JSON.stringify(number) });
  expect([refused.status, refused.body['msg']]).toEqual([400, expect.stringContaining('timeStamp is a number')]);
});

test.each([
  [{}, 'pay_info is missing'],
  [{ pay_info: '{}' }, "is of no wallet's form here"],
  [{ pay_info: 'hello' }, "is of no wallet's form here"],
])('client parameters %j are refused', async (body, reason) => {
  const answer = await post(await start(), 'invoke', body);
  expect([answer.status, answer.body['msg']]).toEqual([400, expect.stringContaining(reason)]);
});
