import { expect, test } from 'vitest';
import { callWechat, control, placeAlipay, placeWechat, start } from './support.ts';

const REQUIRED = [
  'timeout_before',
  'timeout_after',
  'http_500',
  'system_error',
  'bad_signature',
  'connection_reset',
  'slow',
  'drop',
  'duplicate',
  'reorder',
  'late',
  'garbage',
];

test('every fault of the contract is listed with a sentence', async () => {
  const { body } = await control(await start(), 'GET', '/control/faults');
  const faults = body['faults'] as { name: string; effect: string }[];
  expect(faults.map(({ name }) => name)).toEqual(expect.arrayContaining(REQUIRED));
  for (const { effect } of faults) expect(effect).toMatch(/\.$/);
  expect(body).toMatchObject({ channels: ['wechat', 'alipay', 'bank'], active: [] });
});

test('an injected fault fires as often as it says and no longer', async () => {
  const simulators = await start();
  const fault = { channel: 'wechat', operation: 'pay', fault: 'http_500', count: 2 };
  const added = await control(simulators, 'POST', '/control/faults', fault);
  expect(added.body).toMatchObject({ ...fault, remaining: 2 });

  await expect(placeWechat(simulators)).rejects.toThrow('native refused');
  expect((await control(simulators, 'GET', '/control/faults')).body['active']).toMatchObject([{ remaining: 1 }]);
  await placeAlipay(simulators);
  await expect(placeWechat(simulators)).rejects.toThrow('native refused');
  expect((await control(simulators, 'GET', '/control/faults')).body['active']).toEqual([]);
  await placeWechat(simulators);
});

test('DELETE clears what is active', async () => {
  const simulators = await start();
  await control(simulators, 'POST', '/control/faults', { channel: 'wechat', operation: '*', fault: 'http_500' });
  await control(simulators, 'POST', '/control/faults', { channel: 'alipay', operation: '*', fault: 'http_500' });
  expect((await control(simulators, 'DELETE', '/control/faults')).body).toEqual({ cleared: 2 });
  expect((await control(simulators, 'GET', '/control/faults')).body['active']).toEqual([]);
  await placeWechat(simulators);
});

test('a fault on pay leaves queries alone', async () => {
  const simulators = await start();
  const order = await placeWechat(simulators);
  await control(simulators, 'POST', '/control/faults', { channel: 'wechat', operation: 'pay', fault: 'http_500' });
  const { sp_mchid, sub_mchid } = simulators.wechat;
  const target = `/v3/pay/partner/transactions/out-trade-no/${order.out_trade_no}?sp_mchid=${sp_mchid}&sub_mchid=${sub_mchid}`;
  expect((await callWechat(simulators, 'GET', target)).status).toBe(200);
});

const VALID = { channel: 'wechat', operation: 'pay', fault: 'slow' };

test.each([
  [{ ...VALID, fault: 'explode' }, new RegExp(REQUIRED.join('.*'))],
  [{ ...VALID, channel: 'unionpay' }, /channel .*one of wechat, alipay, bank$/],
  [{ ...VALID, channel: undefined }, /channel is missing: one of wechat, alipay/],
  [{ ...VALID, operation: 'prepay' }, /operation .*pay, query, close, reverse, refund, callback, \*/],
  [{ ...VALID, fault: 'drop' }, /drop cannot befall operation pay/],
  [{ ...VALID, count: 0 }, /count .*a whole number from 1/],
  [{ ...VALID, count: '2' }, /count .*a whole number/],
  [{ ...VALID, rate: 1.5 }, /rate .*a number from 0 to 1/],
  [{ ...VALID, delay_ms: -1 }, /delay_ms .*a whole number from 0/],
  [{ ...VALID, times: 2 }, /unknown field times/],
])('the fault %j is refused by name', async (fault, message) => {
  const simulators = await start();
  const refused = await control(simulators, 'POST', '/control/faults', fault);
  expect(refused.status).toBe(400);
  expect(refused.body['msg']).toMatch(message);
  expect((await control(simulators, 'GET', '/control/faults')).body['active']).toEqual([]);
});
