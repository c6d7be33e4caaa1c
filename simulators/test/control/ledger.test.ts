import { expect, test } from 'vitest';
import { control, placeAlipay, placeWechat, start } from './support.ts';

test('the ledger tells what the channels did with money, in order', async () => {
  const simulators = await start();
  const wechat = await placeWechat(simulators, { amount: 7622 });
  await control(simulators, 'POST', '/control/scan', { code: wechat.code, action: 'pay' });
  const alipay = await placeAlipay(simulators, { amount: 100 });
  await control(simulators, 'POST', '/control/scan', { code: alipay.code, action: 'pay' });

  const { entries, last_seq } = (await control(simulators, 'GET', '/control/ledger')).body as {
    entries: { seq: number; kind: string }[];
    last_seq: number;
  };
  expect(entries.filter(({ kind }) => kind === 'payment')).toMatchObject([
    { channel: 'wechat', out_trade_no: wechat.out_trade_no, amount: 7622 },
    { channel: 'alipay', out_trade_no: alipay.out_trade_no, amount: 100 },
  ]);
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
  expect(last_seq).toBe(entries.length);

  const ofAlipay = (await control(simulators, 'GET', '/control/ledger?channel=alipay')).body['entries'];
  expect(ofAlipay).toEqual(entries.filter((entry) => 'channel' in entry && entry.channel === 'alipay'));
  const newer = (await control(simulators, 'GET', `/control/ledger?channel=&since=${last_seq - 1}`)).body['entries'];
  expect(newer).toEqual(entries.slice(-1));
});

test.each([
  ['channel=unionpay', 'one of wechat, alipay'],
  ['since=yesterday', 'the seq of the last entry'],
  ['since=-1', 'the seq of the last entry'],
])('the filter %s is refused', async (query, message) => {
  const refused = await control(await start(), 'GET', `/control/ledger?${query}`);
  expect(refused.status).toBe(400);
  expect(refused.body['msg']).toContain(message);
});
