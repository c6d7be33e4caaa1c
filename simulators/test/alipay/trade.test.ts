import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import { call, HOUR_MS, keyApp, MINUTE_MS, newNumber, paidOrder, precreate, start, VirtualPorts } from './support.ts';
import type { Stand } from './support.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

const query = (stand: Stand, out_trade_no: string) =>
  call(stand, keyApp(config), 'alipay.trade.query', { out_trade_no });
const close = (stand: Stand, out_trade_no: string) =>
  call(stand, keyApp(config), 'alipay.trade.close', { out_trade_no });
const kinds = (stand: Stand) => stand.ledger.list().map((entry) => entry.kind);

function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('a code that nobody has scanned', () => {
  test('is no trade: query and close say TRADE_NOT_EXIST, and it can still be paid', async () => {
    const stand = await start(config);
    const { out_trade_no, code } = await precreate(stand, keyApp(config));
    expect(await query(stand, out_trade_no)).toMatchObject({
      code: '40004',
      msg: 'Business Failed',
      subCode: 'ACQ.TRADE_NOT_EXIST',
      subMsg: '交易不存在',
      outTradeNo: out_trade_no,
      buyerPayAmount: '0.00',
    });
    expect(await close(stand, out_trade_no)).toMatchObject({ code: '40004', subCode: 'ACQ.TRADE_NOT_EXIST' });
    expect(kinds(stand)).toEqual([]);
    expect(stand.simulator.scan(code, 'pay')).toEqual({ out_trade_no, state: 'TRADE_SUCCESS' });
  });

  test('is shown to the payer with amount, description and merchant', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const { out_trade_no, code } = await precreate(stand, keyApp(config), { timeout_express: '30m' });
    expect(stand.simulator.ownsCode(code)).toBe(true);
    expect(stand.simulator.ownsCode('weixin://wxpay/bizpayurl?pr=abc')).toBe(false);
    const shown = {
      code,
      out_trade_no,
      amount: 10001,
      description: '红富士苹果',
      merchant_name: keyApp(config).seller_name,
      state: 'NOT_SCANNED',
      created_at_ms: ports.now(),
      expires_at_ms: ports.now() + 30 * MINUTE_MS,
    };
    expect(stand.simulator.look(code)).toEqual(shown);
    expect(stand.simulator.pending()).toEqual([shown]);
    expect(stand.simulator.look('https://qr.alipay.com/bax0')).toBeUndefined();
  });
});

describe('a scan', () => {
  test.each(['cancel', 'wrong_password'] as const)('that ends in %s opens a trade that waits', async (action) => {
    const stand = await start(config);
    const { out_trade_no, code } = await precreate(stand, keyApp(config));
    expect(stand.simulator.scan(code, action)).toEqual({ out_trade_no, state: 'WAIT_BUYER_PAY' });
    const answer = await query(stand, out_trade_no);
    expect(answer).toMatchObject({ code: '10000', tradeStatus: 'WAIT_BUYER_PAY', totalAmount: '100.01' });
    expect(answer).toMatchObject({ buyerPayAmount: '0.00', receiptAmount: '0.00' });
    expect(answer['sendPayDate']).toBeUndefined();
    expect(answer['fundBillList']).toBeUndefined();
    expect(kinds(stand)).toEqual(['order']);
    expect(stand.simulator.scan(code, 'pay').state).toBe('TRADE_SUCCESS');
    expect((await query(stand, out_trade_no))['tradeNo']).toBe(answer['tradeNo']);
  });

  test('that pays is in the ledger and in the query', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = await paidOrder(stand, keyApp(config), { store_id: 'NJ_001' });
    const answer = await query(stand, out_trade_no);
    expect(answer).toMatchObject({
      code: '10000',
      outTradeNo: out_trade_no,
      tradeStatus: 'TRADE_SUCCESS',
      totalAmount: '100.01',
      receiptAmount: '100.01',
      buyerPayAmount: '100.01',
      invoiceAmount: '100.01',
      pointAmount: '0.00',
      sendPayDate: '2026-11-23 12:00:00',
      buyerUserId: config.buyer.user_id,
      fundBillList: [{ amount: '100.01', fundChannel: 'ALIPAYACCOUNT' }],
      storeId: 'NJ_001',
    });
    expect(answer['tradeNo']).toMatch(/^20261123\d{20}$/);
    expect(answer['buyerLogonId']).toMatch(/^138\*{4}\d{4}$/);
    expect(stand.ledger.list({ channel: 'alipay' })).toMatchObject([
      { kind: 'order', out_trade_no, amount: 10001 },
      { kind: 'payment', out_trade_no, amount: 10001, transaction_id: answer['tradeNo'], at_ms: ports.now() },
    ]);
    expect(stand.simulator.pending()).toEqual([]);
  });

  test('of a paid code is refused and moves nothing', async () => {
    const stand = await start(config);
    const { code } = await precreate(stand, keyApp(config));
    stand.simulator.scan(code, 'pay');
    expect(thrown(() => stand.simulator.scan(code, 'pay'))).toMatchObject({ status: 409 });
    expect(kinds(stand)).toEqual(['order', 'payment']);
  });

  test('of an unknown code is refused', async () => {
    const stand = await start(config);
    expect(thrown(() => stand.simulator.scan('https://qr.alipay.com/bax0', 'pay'))).toMatchObject({ status: 404 });
  });
});

describe('placing an order again', () => {
  test('with the same content gives the same code, even when the amount is written otherwise', async () => {
    const stand = await start(config);
    const { out_trade_no, code } = await precreate(stand, keyApp(config), { total_amount: '5.00' });
    expect((await precreate(stand, keyApp(config), { out_trade_no, total_amount: '5' })).code).toBe(code);
    stand.simulator.scan(code, 'cancel');
    expect((await precreate(stand, keyApp(config), { out_trade_no, total_amount: '5.00' })).code).toBe(code);
    expect(stand.simulator.pending()).toHaveLength(1);
  });

  test.each([{ total_amount: '5.01' }, { subject: '别的' }, { body: 'more' }])(
    'with other content is refused: %j',
    async (change) => {
      const stand = await start(config);
      const biz = { out_trade_no: newNumber(), total_amount: '5.00', subject: '茶' };
      const { code } = await precreate(stand, keyApp(config), biz);
      const answer = await call(stand, keyApp(config), 'alipay.trade.precreate', { ...biz, ...change });
      expect(answer).toMatchObject({ code: '40004', subCode: 'ACQ.CONTEXT_INCONSISTENT' });
      expect(stand.simulator.look(code)?.amount).toBe(500);
    },
  );

  test('that is paid or closed says so', async () => {
    const stand = await start(config);
    const biz = { out_trade_no: await paidOrder(stand, keyApp(config)), total_amount: '100.01', subject: '红富士苹果' };
    expect((await call(stand, keyApp(config), 'alipay.trade.precreate', biz))['subCode']).toBe('ACQ.TRADE_HAS_SUCCESS');
    const second = await precreate(stand, keyApp(config));
    stand.simulator.scan(second.code, 'cancel');
    await close(stand, second.out_trade_no);
    const again = await call(stand, keyApp(config), 'alipay.trade.precreate', {
      ...biz,
      out_trade_no: second.out_trade_no,
    });
    expect(again['subCode']).toBe('ACQ.TRADE_HAS_CLOSE');
  });
});

describe('closing', () => {
  test('a waiting trade makes it unpayable', async () => {
    const stand = await start(config);
    const { out_trade_no, code } = await precreate(stand, keyApp(config));
    stand.simulator.scan(code, 'cancel');
    const answer = await close(stand, out_trade_no);
    expect(answer).toMatchObject({ code: '10000', outTradeNo: out_trade_no });
    expect((await query(stand, out_trade_no))['tradeStatus']).toBe('TRADE_CLOSED');
    expect(thrown(() => stand.simulator.scan(code, 'pay'))).toMatchObject({ status: 409 });
    expect(kinds(stand)).toEqual(['order', 'close']);
    expect((await close(stand, out_trade_no))['subCode']).toBe('ACQ.REASON_TRADE_STATUS_INVALID');
  });

  test('a paid trade is refused and leaves it paid', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    expect(await close(stand, out_trade_no)).toMatchObject({ code: '40004', subCode: 'ACQ.TRADE_STATUS_ERROR' });
    expect((await query(stand, out_trade_no))['tradeStatus']).toBe('TRADE_SUCCESS');
  });

  test('by trade_no prefers it over out_trade_no', async () => {
    const stand = await start(config);
    const { out_trade_no, code } = await precreate(stand, keyApp(config));
    stand.simulator.scan(code, 'cancel');
    const { tradeNo: trade_no } = await query(stand, out_trade_no);
    const answer = await call(stand, keyApp(config), 'alipay.trade.close', { trade_no, out_trade_no: 'nonsense' });
    expect(answer).toMatchObject({ code: '10000', outTradeNo: out_trade_no, tradeNo: trade_no });
  });
});

describe('time', () => {
  test('ends an unscanned code after two hours, and the number can have a new one', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const { out_trade_no, code } = await precreate(stand, keyApp(config), { timeout_express: '5h' });
    await ports.advance(2 * HOUR_MS - 1);
    expect(stand.simulator.pending()).toHaveLength(1);
    await ports.advance(1);
    expect(stand.simulator.pending()).toEqual([]);
    expect(thrown(() => stand.simulator.scan(code, 'pay'))).toMatchObject({ status: 410 });
    expect((await query(stand, out_trade_no))['subCode']).toBe('ACQ.TRADE_NOT_EXIST');
    const renewed = await precreate(stand, keyApp(config), { out_trade_no });
    expect(renewed.code).not.toBe(code);
    expect(stand.simulator.scan(renewed.code, 'pay').state).toBe('TRADE_SUCCESS');
  });

  test.each([
    ['timeout_express', { timeout_express: '5m' }],
    ['time_expire', { time_expire: '2026-11-23 12:05:00' }],
    ['time_expire over timeout_express', { time_expire: '2026-11-23 12:05:00', timeout_express: '1h' }],
    ['qr_code_timeout_express', { qr_code_timeout_express: '5m' }],
  ])('ends an unscanned code earlier by %s', async (_name, limit) => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const { code } = await precreate(stand, keyApp(config), limit);
    await ports.advance(5 * MINUTE_MS - 1);
    expect(stand.simulator.look(code)?.expires_at_ms).toBe(ports.now() + 1);
    await ports.advance(1);
    expect(thrown(() => stand.simulator.scan(code, 'pay'))).toMatchObject({ status: 410 });
  });

  test('closes a scanned trade that nobody pays, by itself', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const { out_trade_no, code } = await precreate(stand, keyApp(config), { timeout_express: '5m' });
    stand.simulator.scan(code, 'wrong_password');
    await ports.advance(5 * MINUTE_MS - 1);
    expect((await query(stand, out_trade_no))['tradeStatus']).toBe('WAIT_BUYER_PAY');
    await ports.advance(1);
    expect(stand.ledger.list().at(-1)).toMatchObject({ kind: 'close', note: 'expired', out_trade_no });
    expect((await query(stand, out_trade_no))['tradeStatus']).toBe('TRADE_CLOSED');
    expect(kinds(stand)).toEqual(['order', 'close']);
  });

  test('finishes a paid trade after its refund period', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    await ports.advance(config.refundable_ms - 1);
    expect((await query(stand, out_trade_no))['tradeStatus']).toBe('TRADE_SUCCESS');
    await ports.advance(1);
    expect((await query(stand, out_trade_no))['tradeStatus']).toBe('TRADE_FINISHED');
  });
});

test('the wallet lists what waits newest first, at most fifty', async () => {
  const stand = await start(config, { ports: new VirtualPorts() });
  const made: string[] = [];
  for (let index = 0; index < 51; index += 1) made.push((await precreate(stand, keyApp(config))).code);
  expect(stand.simulator.pending().map((payment) => payment.code)).toEqual(made.toReversed().slice(0, 50));
});
