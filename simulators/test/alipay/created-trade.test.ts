import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import { call, certificateApp, formOf, HOUR_MS, keyApp, newNumber, paidOrder, start, VirtualPorts } from './support.ts';
import type { Stand } from './support.ts';
import { kinds, NOTIFY, query, refusal } from './support-orders.ts';
import type { Biz, Fields } from './support-orders.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

function create(stand: Stand, biz: Biz = {}, app = keyApp(config)): Promise<Fields> {
  const content = { out_trade_no: newNumber(), total_amount: '100.01', subject: '红富士苹果', ...biz };
  return call(stand, app, 'alipay.trade.create', { buyer_id: config.buyer.user_id, ...content }, NOTIFY);
}

const invocation = (trade_no: unknown) => JSON.stringify({ tradeNO: trade_no });

describe('a created trade', () => {
  test.each(['key', 'certificate'])('waits for its buyer, who pays in the wallet, in %s mode', async (mode) => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const app = mode === 'key' ? keyApp(config) : certificateApp(config);
    const out_trade_no = newNumber();
    const answer = await create(stand, { out_trade_no }, app);
    expect(answer).toMatchObject({ code: '10000', outTradeNo: out_trade_no });
    expect((await query(stand, app, out_trade_no))['tradeStatus']).toBe('WAIT_BUYER_PAY');
    const trade_no = answer['tradeNo'] as string;
    const pay_info = invocation(trade_no);
    expect(stand.simulator.ownsPrepay(trade_no)).toBe(true);
    expect(stand.simulator.ownsInvocation(pay_info)).toBe(true);
    expect(stand.simulator.invoke(pay_info)).toEqual({ out_trade_no, prepay_id: trade_no });
    expect(stand.simulator.pending()).toMatchObject([{ out_trade_no, amount: 10001, state: 'WAIT_BUYER_PAY' }]);
    for (const action of ['cancel', 'wrong_password'] as const) {
      expect(stand.simulator.payPrepay(trade_no, action)).toEqual({ out_trade_no, state: 'WAIT_BUYER_PAY' });
    }
    expect(stand.simulator.payPrepay(trade_no, 'pay')).toEqual({ out_trade_no, state: 'TRADE_SUCCESS' });
    await ports.advance(0);
    expect(ports.sent.map(({ request }) => formOf(request))).toMatchObject([
      { trade_status: 'TRADE_SUCCESS', trade_no },
    ]);
    expect(kinds(stand)).toEqual(['order', 'payment']);
    for (const act of [() => stand.simulator.invoke(pay_info), () => stand.simulator.payPrepay(trade_no, 'pay')]) {
      expect(refusal(act)).toMatchObject({ status: 409 });
    }
  });

  test('is the same for the same order, and no other order has its number', async () => {
    const stand = await start(config);
    const out_trade_no = newNumber();
    const { tradeNo } = await create(stand, { out_trade_no });
    expect((await create(stand, { out_trade_no, total_amount: 100.01 }))['tradeNo']).toBe(tradeNo);
    expect((await create(stand, { out_trade_no, total_amount: '1.00' }))['subCode']).toBe('ACQ.CONTEXT_INCONSISTENT');
    stand.simulator.payPrepay(tradeNo as string, 'pay');
    expect((await create(stand, { out_trade_no }))['subCode']).toBe('ACQ.TRADE_HAS_SUCCESS');
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('is closed by the merchant or by its time limit, and then not taken by the wallet', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = newNumber();
    const { tradeNo } = await create(stand, { out_trade_no });
    const { tradeNo: limited } = await create(stand, { timeout_express: '1h' });
    await call(stand, keyApp(config), 'alipay.trade.close', { out_trade_no });
    expect(refusal(() => stand.simulator.invoke(invocation(tradeNo)))).toMatchObject({ status: 409 });
    await ports.advance(HOUR_MS);
    expect(refusal(() => stand.simulator.payPrepay(limited as string, 'pay'))).toMatchObject({ status: 409 });
    expect(ports.sent).toEqual([]);
  });

  test.each([
    ['no buyer', { buyer_id: undefined }, 'ACQ.INVALID_PARAMETER'],
    ['another buyer', { buyer_id: '2088000000000000' }, 'ACQ.BUYER_NOT_EXIST'],
    ['an unknown open_id', { buyer_id: undefined, buyer_open_id: 'x' }, 'ACQ.BUYER_NOT_EXIST'],
    ['a mini program without op_app_id', { product_code: 'JSAPI_PAY' }, 'ACQ.INVALID_PARAMETER'],
    ['another product', { product_code: 'QUICK_WAP_WAY' }, 'ACQ.INVALID_PARAMETER'],
    ['another seller', { seller_id: '2088000000000000' }, 'ACQ.SELLER_NOT_EXIST'],
  ])('is not made for %s', async (_name, biz, subCode) => {
    const stand = await start(config);
    expect(await create(stand, biz)).toMatchObject({ code: '40004', subCode });
    expect(kinds(stand)).toEqual([]);
  });

  test('is made for a mini program that says which it is', async () => {
    const stand = await start(config);
    const answer = await create(stand, { product_code: 'JSAPI_PAY', op_app_id: '2021000000000000' });
    expect(answer['code']).toBe('10000');
  });
});

describe('the wallet refuses', () => {
  test.each([
    ['a number of nobody', () => invocation('2026112322001000000000000000'), 404],
    ['a number that is no text', () => invocation(20261123), 400],
  ])('%s', async (_name, pay_info, status) => {
    const stand = await start(config);
    expect(stand.simulator.ownsInvocation(pay_info())).toBe(true);
    expect(refusal(() => stand.simulator.invoke(pay_info()))).toMatchObject({ status });
  });

  test('a trade that was not created for tradePay', async () => {
    const stand = await start(config);
    const { tradeNo } = await query(stand, keyApp(config), await paidOrder(stand, keyApp(config)));
    expect(refusal(() => stand.simulator.invoke(invocation(tradeNo)))).toMatchObject({ status: 400 });
  });

  test.each(['{"appId":"wx1","package":"prepay_id=wx1"}', 'weixin://x', '{', '"tradeNO"', ''])(
    'to own %s',
    async (pay_info) => {
      const stand = await start(config);
      expect(stand.simulator.ownsInvocation(pay_info)).toBe(false);
      expect(stand.simulator.ownsPrepay(pay_info)).toBe(false);
    },
  );
});
