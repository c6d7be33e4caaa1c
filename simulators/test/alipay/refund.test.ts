import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import { REFUND_SENTINELS } from '../../src/alipay/refund-sentinels.ts';
import { call, keyApp, newNumber, paidOrder, precreate, start, VirtualPorts } from './support.ts';
import type { Stand } from './support.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

type Biz = Record<string, unknown>;
const refund = (stand: Stand, biz: Biz) => call(stand, keyApp(config), 'alipay.trade.refund', biz);
const refundQuery = (stand: Stand, biz: Biz) => call(stand, keyApp(config), 'alipay.trade.fastpay.refund.query', biz);
const status = async (stand: Stand, out_trade_no: string) =>
  (await call(stand, keyApp(config), 'alipay.trade.query', { out_trade_no }))['tradeStatus'] as string;
const moved = (stand: Stand) =>
  stand.ledger
    .list()
    .filter((entry) => entry.kind.startsWith('refund'))
    .map((entry) => [entry.kind, entry.out_refund_no, entry.amount]);

describe('a partial refund', () => {
  test('moves money once, however often it is sent', async () => {
    const stand = await start(config, { ports: new VirtualPorts() });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const biz = { out_trade_no, refund_amount: '30.00', out_request_no: 'r1', refund_reason: '七天无理由' };
    const first = await refund(stand, biz);
    expect(first).toMatchObject({
      code: '10000',
      fundChange: 'Y',
      refundFee: '30.00',
      sendBackFee: '30.00',
      outTradeNo: out_trade_no,
      buyerUserId: config.buyer.user_id,
      gmtRefundPay: '2026-11-23 12:00:00',
    });
    const again = await refund(stand, { ...biz, refund_amount: 30 });
    expect(again).toMatchObject({ code: '10000', fundChange: 'N', refundFee: '30.00', sendBackFee: '0.00' });
    expect(moved(stand)).toEqual([['refund', 'r1', 3000]]);
    expect(await status(stand, out_trade_no)).toBe('TRADE_SUCCESS');
  });

  test('tells the whole refunded sum in refund_fee', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    await refund(stand, { out_trade_no, refund_amount: '30.00', out_request_no: 'r1' });
    const second = await refund(stand, { out_trade_no, refund_amount: '0.01', out_request_no: 'r2' });
    expect(second).toMatchObject({ fundChange: 'Y', refundFee: '30.01', sendBackFee: '0.01' });
  });

  test('under a used number with another amount is refused', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    await refund(stand, { out_trade_no, refund_amount: '30.00', out_request_no: 'r1' });
    const other = await refund(stand, { out_trade_no, refund_amount: '30.01', out_request_no: 'r1' });
    expect(other).toMatchObject({
      code: '40004',
      subCode: 'ACQ.DISCORDANT_REPEAT_REQUEST',
      outTradeNo: out_trade_no,
      refundFee: '0.00',
      sendBackFee: '0.00',
    });
    expect(moved(stand)).toEqual([['refund', 'r1', 3000]]);
  });

  test('without out_request_no is refused', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const answer = await refund(stand, { out_trade_no, refund_amount: '30.00' });
    expect(answer).toMatchObject({ code: '40004', subCode: 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL' });
    expect(moved(stand)).toEqual([]);
  });
});

describe('a full refund', () => {
  test('closes the trade, which still knows when it was paid', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const answer = await refund(stand, { out_trade_no, refund_amount: '100.01' });
    expect(answer).toMatchObject({ fundChange: 'Y', refundFee: '100.01' });
    const trade = await call(stand, keyApp(config), 'alipay.trade.query', { out_trade_no });
    expect(trade).toMatchObject({ tradeStatus: 'TRADE_CLOSED', receiptAmount: '100.01' });
    expect(trade['sendPayDate']).toBeDefined();
    const found = await refundQuery(stand, { out_trade_no, out_request_no: out_trade_no });
    expect(found).toMatchObject({ refundStatus: 'REFUND_SUCCESS', refundAmount: '100.01' });
  });

  test('repeated is recognised; a further refund is refused', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const biz = { out_trade_no, refund_amount: '100.01', out_request_no: 'r1' };
    await refund(stand, biz);
    expect(await refund(stand, biz)).toMatchObject({ code: '10000', fundChange: 'N', refundFee: '100.01' });
    const further = await refund(stand, { out_trade_no, refund_amount: '0.01', out_request_no: 'r2' });
    expect(further['subCode']).toBe('ACQ.TRADE_HAS_CLOSE');
    expect(moved(stand)).toEqual([['refund', 'r1', 10001]]);
  });
});

describe('a refund is refused', () => {
  test('beyond what was paid, pending refunds included', async () => {
    const stand = await start(config, { ports: new VirtualPorts() });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    await refund(stand, { out_trade_no, refund_amount: '60.00', out_request_no: 'r1' });
    await refund(stand, {
      out_trade_no,
      refund_amount: '40.00',
      out_request_no: 'r2',
      refund_reason: 'REFUND_PENDING',
    });
    const over = await refund(stand, { out_trade_no, refund_amount: '0.02', out_request_no: 'r3' });
    expect(over).toMatchObject({ code: '40004', subCode: 'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL' });
    expect(await refund(stand, { out_trade_no, refund_amount: '0.01', out_request_no: 'r4' })).toMatchObject({
      fundChange: 'Y',
    });
  });

  test('of a number that is no trade', async () => {
    const stand = await start(config);
    const { out_trade_no } = await precreate(stand, keyApp(config));
    const answer = await refund(stand, { out_trade_no, refund_amount: '100.01' });
    expect(answer['subCode']).toBe('ACQ.TRADE_NOT_EXIST');
  });

  test('of a trade that nobody has paid, open or closed', async () => {
    const stand = await start(config);
    const { out_trade_no, code } = await precreate(stand, keyApp(config));
    stand.simulator.scan(code, 'cancel');
    expect((await refund(stand, { out_trade_no, refund_amount: '1', out_request_no: 'r' }))['subCode']).toBe(
      'ACQ.TRADE_STATUS_ERROR',
    );
    await call(stand, keyApp(config), 'alipay.trade.close', { out_trade_no });
    expect((await refund(stand, { out_trade_no, refund_amount: '1', out_request_no: 'r' }))['subCode']).toBe(
      'ACQ.TRADE_HAS_CLOSE',
    );
  });

  test('after the refund period', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    await ports.advance(config.refundable_ms);
    const answer = await refund(stand, { out_trade_no, refund_amount: '1.00', out_request_no: 'r1' });
    expect(answer['subCode']).toBe('ACQ.TRADE_HAS_FINISHED');
  });

  test('when the seller has not enough, and goes through once it has', async () => {
    const withdrawn = { ...keyApp(config), opening_balance_fen: -5000 };
    const stand = await start({ ...config, apps: [withdrawn] });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const biz = { out_trade_no, refund_amount: '50.02', out_request_no: 'r1' };
    expect(await refund(stand, biz)).toMatchObject({ code: '40004', subCode: 'ACQ.SELLER_BALANCE_NOT_ENOUGH' });
    expect(moved(stand)).toEqual([]);
    await paidOrder(stand, keyApp(config), { total_amount: '0.01' });
    expect(await refund(stand, biz)).toMatchObject({ code: '10000', fundChange: 'Y' });
  });
});

describe('the refund query', () => {
  test('tells of a success, and more when asked', async () => {
    const stand = await start(config, { ports: new VirtualPorts() });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    await refund(stand, { out_trade_no, refund_amount: '30.00', out_request_no: 'r1' });
    const plain = await refundQuery(stand, { out_trade_no, out_request_no: 'r1' });
    expect(plain).toMatchObject({
      code: '10000',
      refundStatus: 'REFUND_SUCCESS',
      refundAmount: '30.00',
      totalAmount: '100.01',
      outRequestNo: 'r1',
    });
    expect(plain['gmtRefundPay']).toBeUndefined();
    const query_options = ['gmt_refund_pay', 'refund_detail_item_list'];
    const full = await refundQuery(stand, { out_trade_no, out_request_no: 'r1', query_options });
    expect(full).toMatchObject({
      gmtRefundPay: '2026-11-23 12:00:00',
      sendBackFee: '30.00',
      refundDetailItemList: [{ amount: '30.00', fundChannel: 'ALIPAYACCOUNT' }],
    });
  });

  test('answers a bare success for a number it does not know', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const { traceId: _traceId, ...answer } = await refundQuery(stand, { out_trade_no, out_request_no: 'r9' });
    expect(answer).toEqual({ code: '10000', msg: 'Success' });
  });

  test('of a number that is no trade says so', async () => {
    const stand = await start(config);
    const answer = await refundQuery(stand, { out_trade_no: newNumber(), out_request_no: 'r1' });
    expect(answer).toMatchObject({ code: '40004', subCode: 'ACQ.TRADE_NOT_EXIST' });
  });
});

describe('words in refund_reason', () => {
  test('REFUND_PENDING: accepted, invisible for a while, then done', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const biz = {
      out_trade_no,
      refund_amount: '100.01',
      out_request_no: 'r1',
      refund_reason: '请 REFUND_PENDING 谢谢',
    };
    expect(await refund(stand, biz)).toMatchObject({ code: '10000', fundChange: 'N', refundFee: '0.00' });
    expect(await refund(stand, biz)).toMatchObject({ code: '10000', fundChange: 'N' });
    await ports.advance(config.refund_settle_ms - 1);
    expect((await refundQuery(stand, { out_trade_no, out_request_no: 'r1' }))['refundStatus']).toBeUndefined();
    expect(await status(stand, out_trade_no)).toBe('TRADE_SUCCESS');
    expect(moved(stand)).toEqual([]);
    await ports.advance(1);
    expect(moved(stand)).toEqual([['refund', 'r1', 10001]]);
    expect((await refundQuery(stand, { out_trade_no, out_request_no: 'r1' }))['refundStatus']).toBe('REFUND_SUCCESS');
    expect(await status(stand, out_trade_no)).toBe('TRADE_CLOSED');
    expect(await refund(stand, biz)).toMatchObject({ code: '10000', fundChange: 'N', refundFee: '100.01' });
  });

  test('REFUND_FAILS_LATER: accepted, then failed, its amount free again, and the number may be sent again', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const biz = { out_trade_no, refund_amount: '100.01', out_request_no: 'r1', refund_reason: 'REFUND_FAILS_LATER' };
    expect(await refund(stand, biz)).toMatchObject({ code: '10000', fundChange: 'N' });
    await ports.advance(config.refund_settle_ms);
    expect(moved(stand)).toEqual([['refund_failed', 'r1', 10001]]);
    expect((await refundQuery(stand, { out_trade_no, out_request_no: 'r1' }))['refundStatus']).toBeUndefined();
    expect(await status(stand, out_trade_no)).toBe('TRADE_SUCCESS');
    expect(await refund(stand, biz)).toMatchObject({ code: '10000', fundChange: 'Y', refundFee: '100.01' });
    expect(moved(stand)).toEqual([
      ['refund_failed', 'r1', 10001],
      ['refund', 'r1', 10001],
    ]);
  });

  const refusals = REFUND_SENTINELS.map(({ word }) => word).filter((word) => !word.startsWith('REFUND_'));

  test.each(refusals)('%s: refused with that code, nothing moved', async (word) => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    const biz = { out_trade_no, refund_amount: '1.00', out_request_no: 'r1' };
    expect(await refund(stand, { ...biz, refund_reason: word })).toMatchObject({
      code: '40004',
      subCode: `ACQ.${word}`,
    });
    expect(moved(stand)).toEqual([]);
    expect(await refund(stand, biz)).toMatchObject({ fundChange: 'Y' });
  });
});
