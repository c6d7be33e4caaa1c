import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { createAlipayConfig, parseAlipayConfig, serialiseAlipayConfig } from '../../src/alipay/config.ts';
import type { AlipayConfig } from '../../src/alipay/config.ts';
import { fileJournal } from '../../src/kernel/journal.ts';
import {
  call,
  formOf,
  keyApp,
  MINUTE_MS,
  newNumber,
  paidOrder,
  precreate,
  start,
  plain,
  VirtualPorts,
} from './support.ts';
import type { Stand } from './support.ts';

let config: AlipayConfig;
beforeAll(async () => {
  config = await createAlipayConfig();
});

const NOTIFY = { notify_url: 'http://merchant.example/notify' };

/** A simulator that can be killed and started again on the same files; timers of the killed one never fire. */
function restartable(): { ports: VirtualPorts; boot: () => Promise<Stand>; reboot: (stand: Stand) => Promise<Stand> } {
  const folder = mkdtempSync(join(tmpdir(), 'alipay-simulator-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'journal.jsonl');
  let ports = new VirtualPorts();
  const boot = () => start(parseAlipayConfig(serialiseAlipayConfig(config)), { ports, journal: fileJournal(path) });
  return {
    get ports() {
      return ports;
    },
    boot,
    reboot: async (stand) => {
      await stand.close();
      const next = new VirtualPorts();
      await next.advance(ports.now() - next.now());
      next.answer = ports.answer;
      ports = next;
      return boot();
    },
  };
}

test('codes, trades, refunds, ledger and faults are the same after a restart', async () => {
  const machine = restartable();
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
  const machine = restartable();
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
  const machine = restartable();
  const before = await machine.boot();
  const out_trade_no = await paidOrder(before, keyApp(config), {}, NOTIFY);
  expect(machine.ports.sent).toEqual([]);
  await machine.reboot(before);
  await machine.ports.advance(0);
  expect(machine.ports.sent.map(({ request }) => formOf(request)['out_trade_no'])).toEqual([out_trade_no]);
});

test('a pending refund is decided and an unpaid trade closed after the restart', async () => {
  const machine = restartable();
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
  const machine = restartable();
  const before = await machine.boot();
  const out_trade_no = await paidOrder(before, keyApp(config));
  const after = await machine.reboot(before);
  const answer = await call(after, keyApp(config), 'alipay.trade.refund', { out_trade_no, refund_amount: '100.01' });
  expect(answer).toMatchObject({ code: '10000', fundChange: 'Y' });
});
