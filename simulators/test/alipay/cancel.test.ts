import { beforeAll, describe, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import { call, certificateApp, formOf, HOUR_MS, keyApp, newNumber, paidOrder, start, VirtualPorts } from './support.ts';
import type { Stand } from './support.ts';
import { cancel, kinds, NOTIFY, payByCode, query } from './support-orders.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

async function waitingOrder(stand: Stand): Promise<string> {
  const out_trade_no = newNumber();
  await payByCode(stand, keyApp(config), stand.simulator.makeAuthCode('password_then_pay'), { out_trade_no });
  return out_trade_no;
}

describe('cancelling', () => {
  test('an unknown number succeeds without an action', async () => {
    const stand = await start(config);
    const answer = await cancel(stand, keyApp(config), 'nobody');
    expect(answer).toMatchObject({ code: '10000', outTradeNo: 'nobody', retryFlag: 'N' });
    expect(answer).not.toHaveProperty('action');
    expect(answer).not.toHaveProperty('tradeNo');
    expect(kinds(stand)).toEqual([]);
  });

  test('a waiting trade closes it for good', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const out_trade_no = await waitingOrder(stand);
    const { tradeNo } = await query(stand, keyApp(config), out_trade_no);
    const answer = await cancel(stand, keyApp(config), out_trade_no);
    expect(answer).toMatchObject({ code: '10000', outTradeNo: out_trade_no, tradeNo, retryFlag: 'N', action: 'close' });
    await ports.advance(HOUR_MS);
    expect(await query(stand, keyApp(config), out_trade_no)).toMatchObject({ tradeStatus: 'TRADE_CLOSED' });
    expect(stand.ledger.list().at(-1)).toMatchObject({ kind: 'close', note: 'cancelled', out_trade_no });
    expect(await cancel(stand, keyApp(config), out_trade_no)).toMatchObject({ retryFlag: 'N', action: 'close' });
    expect(kinds(stand)).toEqual(['order', 'close']);
  });

  test.each(['key', 'certificate'])('a paid trade gives everything back, once, in %s mode', async (mode) => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const app = mode === 'key' ? keyApp(config) : certificateApp(config);
    const out_trade_no = await paidOrder(stand, app, {}, NOTIFY);
    for (let times = 0; times < 2; times += 1) {
      expect(await cancel(stand, app, out_trade_no)).toMatchObject({ code: '10000', retryFlag: 'N', action: 'refund' });
    }
    expect(kinds(stand)).toEqual(['order', 'payment', 'reverse']);
    expect(stand.ledger.list().at(-1)).toMatchObject({ out_trade_no, amount: 10001 });
    const trade = await query(stand, app, out_trade_no);
    expect(trade).toMatchObject({ tradeStatus: 'TRADE_CLOSED', sendPayDate: '2026-11-23 12:00:00' });
    await ports.advance(0);
    expect(ports.sent.map(({ request }) => formOf(request))).toMatchObject([
      { trade_status: 'TRADE_SUCCESS' },
      { trade_status: 'TRADE_CLOSED', refund_fee: '100.01', out_biz_no: out_trade_no },
    ]);
    const biz = { out_trade_no, refund_amount: '1.00', out_request_no: 'r1' };
    expect((await call(stand, app, 'alipay.trade.refund', biz))['subCode']).toBe('ACQ.TRADE_HAS_CLOSE');
  });

  test('takes the money from what was collected, or says that it is not there', async () => {
    const app = keyApp(config);
    const apps = config.apps.map((one) => (one.app_id === app.app_id ? { ...one, opening_balance_fen: -1 } : one));
    const stand = await start({ ...config, apps });
    const first = await paidOrder(stand, app);
    expect(await cancel(stand, app, first)).toMatchObject({
      code: '40004',
      subCode: 'ACQ.SELLER_BALANCE_NOT_ENOUGH',
      retryFlag: 'N',
    });
    expect((await query(stand, app, first))['tradeStatus']).toBe('TRADE_SUCCESS');
    await paidOrder(stand, app);
    expect(await cancel(stand, app, first)).toMatchObject({ action: 'refund' });
    expect((await cancel(stand, app, first))['action']).toBe('refund');
  });

  test('after a part or the whole was refunded is refused', async () => {
    const stand = await start(config);
    for (const refund_amount of ['1.00', '100.01']) {
      const out_trade_no = await paidOrder(stand, keyApp(config));
      const biz = { out_trade_no, refund_amount, out_request_no: 'r1' };
      await call(stand, keyApp(config), 'alipay.trade.refund', biz);
      const answer = await cancel(stand, keyApp(config), out_trade_no);
      expect(answer).toMatchObject({ code: '40004', subCode: 'ACQ.CANCEL_NOT_ALLOWED' });
    }
    expect(kinds(stand)).not.toContain('reverse');
  });

  test('is possible for a day after the payment', async () => {
    const ports = new VirtualPorts();
    const stand = await start(config, { ports });
    const [early, late] = [await paidOrder(stand, keyApp(config)), await paidOrder(stand, keyApp(config))];
    await ports.advance(24 * HOUR_MS - 1);
    expect(await cancel(stand, keyApp(config), early)).toMatchObject({ action: 'refund' });
    await ports.advance(1);
    expect((await cancel(stand, keyApp(config), late))['subCode']).toBe('ACQ.TRADE_CANCEL_TIME_OUT');
    expect(await cancel(stand, keyApp(config), early)).toMatchObject({ action: 'refund' });
    expect((await query(stand, keyApp(config), late))['tradeStatus']).toBe('TRADE_SUCCESS');
  });

  test('a finished trade is refused', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config));
    stand.simulator.finishTrade(out_trade_no);
    expect((await cancel(stand, keyApp(config), out_trade_no))['subCode']).toBe('ACQ.TRADE_HAS_FINISHED');
  });

  test('an order that says CANCEL_RETRY asks once to be done again', async () => {
    const stand = await start(config);
    const out_trade_no = await paidOrder(stand, keyApp(config), { subject: '合流 CANCEL_RETRY 茶' });
    const first = await cancel(stand, keyApp(config), out_trade_no);
    expect(first).toMatchObject({ code: '10000', retryFlag: 'Y' });
    expect(first).not.toHaveProperty('action');
    expect((await query(stand, keyApp(config), out_trade_no))['tradeStatus']).toBe('TRADE_SUCCESS');
    expect(await cancel(stand, keyApp(config), out_trade_no)).toMatchObject({ retryFlag: 'N', action: 'refund' });
    expect(kinds(stand)).toEqual(['order', 'payment', 'reverse']);
  });
});
