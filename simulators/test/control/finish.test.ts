import { expect, test } from 'vitest';
import { control, placeAlipay, start } from './support.ts';

test('a paid trade of Alipay finishes on demand, and only a paid one', async () => {
  const simulators = await start();
  const order = await placeAlipay(simulators);
  const { out_trade_no } = order;
  expect((await control(simulators, 'POST', '/control/finish', { out_trade_no })).status).toBe(404);
  await control(simulators, 'POST', '/control/scan', { code: order.code, action: 'pay' });
  const finished = await control(simulators, 'POST', '/control/finish', { out_trade_no });
  expect(finished).toMatchObject({ status: 200, body: { out_trade_no, state: 'TRADE_FINISHED' } });
  expect((await control(simulators, 'POST', '/control/finish', { out_trade_no })).status).toBe(409);
});
