import { expect, test } from 'vitest';
import type { RunningSimulators } from '../../src/start.ts';
import { callWechat, control, placeAlipay, placeWechat, start } from './support.ts';
import type { ControlAnswer } from './support.ts';

const scan = (simulators: RunningSimulators, code: string, action: string): Promise<ControlAnswer> =>
  control(simulators, 'POST', '/control/scan', { code, action });

const look = (simulators: RunningSimulators, code: string): Promise<ControlAnswer> =>
  control(simulators, 'POST', '/control/look', { code });

test('codes of both wallets wait, newest first, until they are paid', async () => {
  const simulators = await start();
  const wechat = await placeWechat(simulators, { amount: 7622, description: '拿铁' });
  const alipay = await placeAlipay(simulators, { amount: 128000, description: '椅子' });

  const { pending } = (await control(simulators, 'GET', '/control/pending')).body;
  expect(pending).toMatchObject([
    { channel: 'alipay', out_trade_no: alipay.out_trade_no, amount: 128000, description: '椅子', code: alipay.code },
    { channel: 'wechat', out_trade_no: wechat.out_trade_no, amount: 7622, description: '拿铁', code: wechat.code },
  ]);

  await scan(simulators, wechat.code, 'pay');
  const after = (await control(simulators, 'GET', '/control/pending')).body['pending'];
  expect(after).toMatchObject([{ out_trade_no: alipay.out_trade_no }]);
});

test('looking shows what a phone shows and changes nothing', async () => {
  const simulators = await start();
  const order = await placeAlipay(simulators, { amount: 3650 });
  const shown = await look(simulators, order.code);
  expect(shown.status).toBe(200);
  expect(shown.body).toMatchObject({ channel: 'alipay', out_trade_no: order.out_trade_no, amount: 3650 });
  expect(shown.body['merchant_name']).toBeTruthy();
  expect((await look(simulators, order.code)).body).toEqual(shown.body);
});

test.each([
  ['wechat', placeWechat, 'SUCCESS'],
  ['alipay', placeAlipay, 'TRADE_SUCCESS'],
] as const)('paying a %s code answers its number and state', async (_channel, place, state) => {
  const simulators = await start();
  const order = await place(simulators);
  const paid = await scan(simulators, order.code, 'pay');
  expect(paid.status).toBe(200);
  expect(paid.body).toEqual({ out_trade_no: order.out_trade_no, state });
  expect((await look(simulators, order.code)).body['state']).toBe(state);
});

test.each([
  ['wechat', placeWechat, 'NOTPAY'],
  ['alipay', placeAlipay, 'WAIT_BUYER_PAY'],
] as const)('cancelling and wrong passwords leave a %s code payable', async (_channel, place, state) => {
  const simulators = await start();
  const order = await place(simulators);
  expect((await scan(simulators, order.code, 'cancel')).body['state']).toBe(state);
  expect((await scan(simulators, order.code, 'wrong_password')).body['state']).toBe(state);
  expect((await scan(simulators, order.code, 'pay')).status).toBe(200);
});

test.each([
  ['wechat', placeWechat],
  ['alipay', placeAlipay],
] as const)('a %s code is not paid twice', async (_channel, place) => {
  const simulators = await start();
  const order = await place(simulators);
  await scan(simulators, order.code, 'pay');
  const again = await scan(simulators, order.code, 'pay');
  expect(again.status).toBe(409);
  expect(again.body).toMatchObject({ code: 'not_possible', msg: expect.stringContaining('paid') });
  const payments = (await control(simulators, 'GET', '/control/ledger')).body['entries'] as { kind: string }[];
  expect(payments.filter(({ kind }) => kind === 'payment')).toHaveLength(1);
});

test('a closed order can no longer be paid', async () => {
  const simulators = await start();
  const order = await placeWechat(simulators);
  const { sp_mchid, sub_mchid } = simulators.wechat;
  const target = `/v3/pay/partner/transactions/out-trade-no/${order.out_trade_no}/close`;
  expect((await callWechat(simulators, 'POST', target, JSON.stringify({ sp_mchid, sub_mchid }))).status).toBe(204);
  const refused = await scan(simulators, order.code, 'pay');
  expect(refused.status).toBe(409);
  expect(refused.body['msg']).toContain('closed');
});

test.each(['weixin://wxpay/bizpayurl?pr=NOSUCHONE', 'https://qr.alipay.com/nosuchone', 'https://example.com/', '你好'])(
  'the unknown code %s answers 404 with a reason',
  async (code) => {
    const simulators = await start();
    for (const answer of [await look(simulators, code), await scan(simulators, code, 'pay')]) {
      expect(answer.status).toBe(404);
      expect(answer.body['msg']).toMatch(/code/);
    }
  },
);
