import { expect, test, vi } from 'vitest';
import { control, placeAlipay, placeWechat, start, startReceiver } from './support.ts';

const attempts = async (simulators: Parameters<typeof control>[0]): Promise<Record<string, unknown>[]> =>
  (await control(simulators, 'GET', '/control/callbacks')).body['callbacks'] as Record<string, unknown>[];

test.each([
  ['wechat', placeWechat, 'TRANSACTION.SUCCESS'],
  ['alipay', placeAlipay, 'TRADE_SUCCESS'],
] as const)(
  'a %s payment is called back, shown with its answer, and sent again on demand',
  async (channel, place, event) => {
    const simulators = await start();
    const receiver = await startReceiver();
    const order = await place(simulators, { notify_url: receiver.url });
    await control(simulators, 'POST', '/control/scan', { code: order.code, action: 'pay' });
    await vi.waitFor(async () =>
      expect(await attempts(simulators)).toMatchObject([
        {
          channel,
          event,
          out_trade_no: order.out_trade_no,
          attempt: 1,
          status: 200,
          accepted: true,
          answer_body: 'success',
        },
      ]),
    );
    expect(receiver.bodies).toHaveLength(1);

    const again = await control(simulators, 'POST', '/control/callback', { out_trade_no: order.out_trade_no });
    expect(again.body).toEqual({ out_trade_no: order.out_trade_no, channel });
    await vi.waitFor(async () => expect(await attempts(simulators)).toHaveLength(2));
    expect(receiver.bodies).toHaveLength(2);
  },
);

test('an order without a callback cannot be called back', async () => {
  const simulators = await start();
  const unpaid = await placeWechat(simulators);
  for (const out_trade_no of [unpaid.out_trade_no, 'no-such-order']) {
    const refused = await control(simulators, 'POST', '/control/callback', { out_trade_no });
    expect(refused.status).toBe(404);
    expect(refused.body['msg']).toContain(`out_trade_no ${out_trade_no} has no callback`);
  }
});

test('a faster cadence repeats callbacks that wait already', async () => {
  const simulators = await start();
  const receiver = await startReceiver();
  receiver.answer = { status: 500, body: '' };
  const order = await placeWechat(simulators, { notify_url: receiver.url });
  await control(simulators, 'POST', '/control/scan', { code: order.code, action: 'pay' });
  await vi.waitFor(async () => expect(await attempts(simulators)).toMatchObject([{ status: 500, accepted: false }]));

  receiver.answer = { status: 200, body: '' };
  expect((await control(simulators, 'POST', '/control/cadence', { scale: 0.001 })).body).toEqual({ scale: 0.001 });
  await vi.waitFor(async () => expect(await attempts(simulators)).toMatchObject([{ attempt: 2, accepted: true }, {}]));
  expect((await control(simulators, 'GET', '/control/callbacks')).body['cadence_scale']).toBe(0.001);
});

test.each([[{}], [{ scale: 0 }], [{ scale: 2 }], [{ scale: 'fast' }]])('the cadence %j is refused', async (body) => {
  const simulators = await start();
  const refused = await control(simulators, 'POST', '/control/cadence', body);
  expect(refused.status).toBe(400);
  expect(refused.body['msg']).toMatch(/^scale /);
  expect((await control(simulators, 'GET', '/control/callbacks')).body['cadence_scale']).toBe(1);
});
