import { beforeAll, expect, test } from 'vitest';
import { createAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import { call, formOf, keyApp, MINUTE_MS, newNumber, paidOrder, precreate, plain } from './support.ts';
import { cancel, clientOrder, kinds, NOTIFY, orderString, payByCode, query, restartable } from './support-orders.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

test('codes, trades, refunds, ledger and faults are the same after a restart', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  const app = keyApp(config);
  const open = await precreate(before, app);
  const waiting = await precreate(before, app);
  before.simulator.scan(waiting.code, 'cancel');
  const paid = await paidOrder(before, app);
  await call(before, app, 'alipay.trade.refund', { out_trade_no: paid, refund_amount: '1.00', out_request_no: 'r1' });
  before.faults.add({ channel: 'alipay', operation: 'close', fault: 'http_500', count: 1 });
  const [pending, ledger, trade] = [
    before.simulator.pending(),
    before.ledger.list(),
    await call(before, app, 'alipay.trade.query', { out_trade_no: paid }),
  ];

  const after = await machine.reboot(before);
  expect(after.simulator.pending()).toEqual(pending);
  expect(after.ledger.list()).toEqual(ledger);
  expect(await call(after, app, 'alipay.trade.query', { out_trade_no: paid })).toMatchObject({
    tradeNo: trade['tradeNo'],
    tradeStatus: 'TRADE_SUCCESS',
  });
  const again = { out_trade_no: paid, refund_amount: '1.00', out_request_no: 'r1' };
  expect(await call(after, app, 'alipay.trade.refund', again)).toMatchObject({ fundChange: 'N' });
  expect((await precreate(after, app, { out_trade_no: open.out_trade_no })).code).toBe(open.code);
  expect(after.simulator.scan(waiting.code, 'pay').state).toBe('TRADE_SUCCESS');
  await expect(call(after, app, 'alipay.trade.close', { out_trade_no: newNumber() })).rejects.toThrow('500');
});

test('a callback that was owed goes on where it stood, under its notify_id', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  machine.ports.answer = () => plain('fail');
  await paidOrder(before, keyApp(config), {}, NOTIFY);
  await machine.ports.advance(4 * MINUTE_MS);
  const sent = machine.ports.sent.map(({ request }) => formOf(request)['notify_id']);
  expect(sent).toHaveLength(2);
  await machine.reboot(before);
  await machine.ports.advance(10 * MINUTE_MS - 1);
  expect(machine.ports.sent).toEqual([]);
  await machine.ports.advance(1);
  expect(formOf(machine.ports.sent[0]?.request ?? { body: Buffer.alloc(0) })['notify_id']).toBe(sent[0]);
});

test('a payment whose callback had no time to leave is told of after the restart', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  const out_trade_no = await paidOrder(before, keyApp(config), {}, NOTIFY);
  expect(machine.ports.sent).toEqual([]);
  await machine.reboot(before);
  await machine.ports.advance(0);
  expect(machine.ports.sent.map(({ request }) => formOf(request)['out_trade_no'])).toEqual([out_trade_no]);
});

test('a pending refund is decided and an unpaid trade closed after the restart', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  const app = keyApp(config);
  const paid = await paidOrder(before, app);
  const biz = { out_trade_no: paid, refund_amount: '1.00', out_request_no: 'r1', refund_reason: 'REFUND_PENDING' };
  await call(before, app, 'alipay.trade.refund', biz);
  const { code } = await precreate(before, app, { timeout_express: '1m' });
  before.simulator.scan(code, 'cancel');
  const after = await machine.reboot(before);
  await machine.ports.advance(MINUTE_MS);
  expect(after.ledger.list().map((entry) => entry.kind)).toEqual(['order', 'payment', 'order', 'refund', 'close']);
});

test('the balance counts what was collected before the restart', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  const out_trade_no = await paidOrder(before, keyApp(config));
  const after = await machine.reboot(before);
  const answer = await call(after, keyApp(config), 'alipay.trade.refund', { out_trade_no, refund_amount: '100.01' });
  expect(answer).toMatchObject({ code: '10000', fundChange: 'Y' });
});

test('payment codes are as unused or used as before the restart', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  const app = keyApp(config);
  const [fresh, used] = [before.simulator.makeAuthCode('pay'), before.simulator.makeAuthCode('insufficient')];
  expect((await payByCode(before, app, used))['subCode']).toBe('ACQ.BUYER_BALANCE_NOT_ENOUGH');
  const after = await machine.reboot(before);
  expect((await payByCode(after, app, used))['subCode']).toBe('ACQ.PAYMENT_AUTH_CODE_INVALID');
  expect((await payByCode(after, app, fresh))['code']).toBe('10000');
});

test('a payer who was asked for the password decides after the restart, and a repeat is answered as before', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  const app = keyApp(config);
  const biz = { out_trade_no: newNumber() };
  const code = before.simulator.makeAuthCode('password_then_pay');
  const first = await payByCode(before, app, code, biz, NOTIFY);
  const [pending] = before.simulator.pending();
  const after = await machine.reboot(before);
  expect(after.simulator.pending()).toEqual([pending]);
  expect(await payByCode(after, app, code, biz, NOTIFY)).toMatchObject({ code: '10003', tradeNo: first['tradeNo'] });
  await machine.ports.advance(8000);
  expect((await query(after, app, biz.out_trade_no))['tradeStatus']).toBe('TRADE_SUCCESS');
  expect(machine.ports.sent.map(({ request }) => formOf(request)['trade_status'])).toEqual(['TRADE_SUCCESS']);
});

test('a cancellation and a put-off cancellation are remembered', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  const app = keyApp(config);
  const [done, putOff] = [newNumber(), newNumber()];
  await payByCode(before, app, before.simulator.makeAuthCode('pay'), { out_trade_no: done });
  const subject = '茶 CANCEL_RETRY';
  await payByCode(before, app, before.simulator.makeAuthCode('pay'), { out_trade_no: putOff, subject });
  expect(await cancel(before, app, done)).toMatchObject({ action: 'refund' });
  expect(await cancel(before, app, putOff)).toMatchObject({ retryFlag: 'Y' });
  const after = await machine.reboot(before);
  expect(await cancel(after, app, done)).toMatchObject({ action: 'refund', retryFlag: 'N' });
  expect(await cancel(after, app, putOff)).toMatchObject({ action: 'refund', retryFlag: 'N' });
  expect(kinds(after).filter((kind) => kind === 'reverse')).toHaveLength(2);
});

test('an order string that was handed over is the same trade after the restart', async () => {
  const machine = restartable(config);
  const before = await machine.boot();
  const order = orderString(before, keyApp(config), clientOrder('QUICK_MSECURITY_PAY'));
  const opened = before.simulator.invoke(order);
  const after = await machine.reboot(before);
  expect(after.simulator.invoke(order)).toEqual(opened);
  expect(after.simulator.payPrepay(opened.prepay_id, 'pay').state).toBe('TRADE_SUCCESS');
  expect(kinds(after)).toEqual(['order', 'payment']);
});
