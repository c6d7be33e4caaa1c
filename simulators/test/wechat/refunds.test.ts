import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryJournal } from '../../src/kernel/journal.ts';
import { virtualPorts } from '../support/virtual-ports.ts';
import type { VirtualPorts } from '../support/virtual-ports.ts';
import { newNumber, partnerOrder, placeDirect, placePaid, queryDirect, raw, refundDirect, start } from './support.ts';
import type { RawAnswer, Running } from './support.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const REFUNDS = '/v3/refund/domestic/refunds';

let ports: VirtualPorts;
let running: Running;
beforeAll(async () => {
  ports = virtualPorts();
  running = await start({ ports, journal: memoryJournal() });
});
afterAll(() => running.close());

const now = (): number => ports.now();
const paid = (total: number): Promise<{ out_trade_no: string }> => placePaid(running, { amount: { total } }, now());
const refund = (out_trade_no: string, more: Parameters<typeof refundDirect>[2]): Promise<RawAnswer> =>
  refundDirect(running, out_trade_no, more, now());
const queryRefund = (out_refund_no: string): Promise<RawAnswer> =>
  raw(running, running.direct, 'GET', `${REFUNDS}/${out_refund_no}`, { now_ms: now() });
const outcome = (answer: RawAnswer): unknown[] => [answer.status, answer.json?.code ?? answer.json?.['status']];

describe('a refund', () => {
  test('is processed first, succeeds after the delay, and turns the order to REFUND at once', async () => {
    const { out_trade_no } = await paid(100);
    const out_refund_no = newNumber();
    expect(outcome(await refund(out_trade_no, { refund: 40, total: 100, out_refund_no }))).toEqual([200, 'PROCESSING']);
    expect((await queryDirect(running, out_trade_no, now())).json).toMatchObject({
      trade_state: 'REFUND',
      trade_state_desc: '订单发生过退款，退款详情请查询退款单',
    });
    await ports.advance(999);
    expect(outcome(await queryRefund(out_refund_no))).toEqual([200, 'PROCESSING']);
    await ports.advance(1);
    const settled = await queryRefund(out_refund_no);
    expect(settled.json).toMatchObject({ status: 'SUCCESS', success_time: '2026-03-01T10:00:01+08:00' });
    const entries = running.ledger.list().filter((entry) => entry.out_trade_no === out_trade_no);
    expect(entries.map((entry) => [entry.kind, entry.amount])).toEqual([
      ['order', 100],
      ['payment', 100],
      ['refund', 40],
    ]);
  });

  test('asked for again with the same parameters is the same refund, and moves money once', async () => {
    const { out_trade_no } = await paid(100);
    const same = { refund: 100, total: 100, out_refund_no: newNumber() };
    const first = await refund(out_trade_no, same);
    const second = await refund(out_trade_no, same);
    expect(second.json).toEqual(first.json);
    await ports.advance(1_000);
    expect(outcome(await refund(out_trade_no, same))).toEqual([200, 'SUCCESS']);
    const moved = running.ledger.list().filter((entry) => entry.out_refund_no === same.out_refund_no);
    expect(moved.map((entry) => entry.amount)).toEqual([100]);
  });

  test('with a used number and another amount or order is refused', async () => {
    const { out_trade_no } = await paid(100);
    const out_refund_no = newNumber();
    await refund(out_trade_no, { refund: 10, total: 100, out_refund_no });
    expect(outcome(await refund(out_trade_no, { refund: 11, total: 100, out_refund_no }))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
    const other = await paid(100);
    expect(outcome(await refund(other.out_trade_no, { refund: 10, total: 100, out_refund_no }))).toEqual([
      400,
      'INVALID_REQUEST',
    ]);
  });

  test('never exceeds, in sum, what was paid', async () => {
    const { out_trade_no } = await paid(100);
    const ask = (amount: number): Promise<RawAnswer> => refund(out_trade_no, { refund: amount, total: 100 });
    expect(outcome(await ask(101))).toEqual([400, 'INVALID_REQUEST']);
    expect(outcome(await ask(60))).toEqual([200, 'PROCESSING']);
    expect(outcome(await ask(41))).toEqual([400, 'INVALID_REQUEST']);
    expect(outcome(await ask(40))).toEqual([200, 'PROCESSING']);
    const more = await ask(1);
    expect([...outcome(more), more.json?.message]).toEqual([400, 'INVALID_REQUEST', '订单已全额退款']);
  });

  test('concurrent ones together never exceed what was paid', async () => {
    const { out_trade_no } = await paid(100);
    const answers = await Promise.all(
      [60, 60, 60].map((amount) => refund(out_trade_no, { refund: amount, total: 100 })),
    );
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 400)).toHaveLength(2);
  });

  test('is refused as the 51st of an order', async () => {
    const { out_trade_no } = await paid(100);
    for (let count = 0; count < 50; count += 1) {
      expect((await refund(out_trade_no, { refund: 1, total: 100 })).status).toBe(200);
    }
    const answer = await refund(out_trade_no, { refund: 1, total: 100 });
    expect([...outcome(answer), answer.json?.message]).toEqual([400, 'INVALID_REQUEST', '部分退款次数超过50次']);
  });

  test('of an unknown or unpaid order, or with another total, is refused', async () => {
    expect(outcome(await refund('NOSUCHORDER', { refund: 1, total: 1 }))).toEqual([404, 'RESOURCE_NOT_EXISTS']);
    const unpaid = await placeDirect(running, {}, now());
    expect(outcome(await refund(unpaid.out_trade_no, { refund: 1, total: 100 }))).toEqual([404, 'RESOURCE_NOT_EXISTS']);
    const { out_trade_no } = await paid(100);
    expect(outcome(await refund(out_trade_no, { refund: 1, total: 99 }))).toEqual([400, 'INVALID_REQUEST']);
  });

  test('waits for money: NOT_ENOUGH leaves no trace, and the same request succeeds once there is some', async () => {
    const { out_trade_no } = await paid(100);
    const same = { refund: 50, total: 100, out_refund_no: newNumber() };
    running.simulator.setBalance(running.direct.mchid, 49);
    expect(outcome(await refund(out_trade_no, same))).toEqual([403, 'NOT_ENOUGH']);
    expect(outcome(await queryRefund(same.out_refund_no))).toEqual([404, 'RESOURCE_NOT_EXISTS']);
    expect((await queryDirect(running, out_trade_no, now())).json?.['trade_state']).toBe('SUCCESS');
    await paid(1);
    expect(outcome(await refund(out_trade_no, same))).toEqual([200, 'PROCESSING']);
    expect(outcome(await refund(out_trade_no, { refund: 1, total: 100 }))).toEqual([403, 'NOT_ENOUGH']);
    running.simulator.setBalance(running.direct.mchid, null);
    expect(outcome(await refund(out_trade_no, { refund: 1, total: 100 }))).toEqual([200, 'PROCESSING']);
  });

  test.each([
    [{ refund: 1, reason: '请求ABNORMAL' }, 'ABNORMAL'],
    [{ refund: 1, reason: '测试异常' }, 'ABNORMAL'],
    [{ refund: 19_404 }, 'ABNORMAL'],
    [{ refund: 1, reason: '测试关闭' }, 'CLOSED'],
    [{ refund: 1, reason: 'CLOSED' }, 'CLOSED'],
    [{ refund: 9_405 }, 'CLOSED'],
  ])('%j ends as %s', async (inputs, status) => {
    const { out_trade_no } = await paid(20_000);
    const out_refund_no = newNumber();
    await refund(out_trade_no, { ...inputs, total: 20_000, out_refund_no });
    await ports.advance(1_000);
    const settled = await queryRefund(out_refund_no);
    expect(settled.json).toMatchObject({ status });
    expect(settled.json).not.toHaveProperty('success_time');
    const [entry] = running.ledger.list().filter((one) => one.out_refund_no === out_refund_no);
    expect(entry).toMatchObject({ kind: 'refund_failed', note: status, amount: inputs.refund });
  });

  test('that is closed gives its amount back; one that is abnormal keeps it', async () => {
    const { out_trade_no } = await paid(100);
    await refund(out_trade_no, { refund: 100, total: 100, reason: '关闭' });
    await ports.advance(1_000);
    expect(outcome(await refund(out_trade_no, { refund: 100, total: 100, reason: '异常' }))).toEqual([
      200,
      'PROCESSING',
    ]);
    await ports.advance(1_000);
    expect(outcome(await refund(out_trade_no, { refund: 1, total: 100 }))).toEqual([400, 'INVALID_REQUEST']);
  });

  test('is refused after a year', async () => {
    const { out_trade_no } = await paid(100);
    await ports.advance(365 * DAY_MS);
    expect(outcome(await refund(out_trade_no, { refund: 1, total: 100 }))).toEqual([200, 'PROCESSING']);
    await ports.advance(1);
    expect(outcome(await refund(out_trade_no, { refund: 1, total: 100 }))).toEqual([400, 'TRADE_OVERDUE']);
  });

  test.each([
    ['no order', { out_refund_no: 'R1', amount: { refund: 1, total: 1, currency: 'CNY' } }, '不能同时为空'],
    ['no number', { out_trade_no: 'ABC123', amount: { refund: 1, total: 1, currency: 'CNY' } }, '/body/out_refund_no”'],
    [
      'no currency',
      { out_trade_no: 'ABC123', out_refund_no: 'R1', amount: { refund: 1, total: 1 } },
      '/body/amount/currency”',
    ],
    [
      'nothing to refund',
      { out_trade_no: 'ABC123', out_refund_no: 'R1', amount: { refund: 0, total: 1, currency: 'CNY' } },
      '小于最小值 1',
    ],
    [
      'a number with a dot',
      { out_trade_no: 'ABC123', out_refund_no: 'R.1', amount: { refund: 1, total: 1, currency: 'CNY' } },
      '正则表达式',
    ],
    [
      'a reason of 81',
      {
        out_trade_no: 'ABC123',
        out_refund_no: 'R1',
        reason: '理'.repeat(81),
        amount: { refund: 1, total: 1, currency: 'CNY' },
      },
      '大于最大值 80',
    ],
  ])('%s → PARAM_ERROR', async (_, body, message) => {
    const answer = await raw(running, running.direct, 'POST', REFUNDS, { body, now_ms: now() });
    expect(outcome(answer)).toEqual([400, 'PARAM_ERROR']);
    expect(answer.json?.message).toContain(message);
  });
});

describe('a refund by a service provider', () => {
  test('needs the sub-merchant, its own, and is found only under it', async () => {
    const body = partnerOrder(running);
    const placed = await raw(running, running.provider, 'POST', '/v3/pay/partner/transactions/native', {
      body,
      now_ms: now(),
    });
    running.simulator.scan(String(placed.json?.['code_url']), 'pay');
    const ask = (sub_mchid: string | undefined, out_refund_no: string): Promise<RawAnswer> =>
      raw(running, running.provider, 'POST', REFUNDS, {
        body: {
          sub_mchid,
          out_trade_no: body['out_trade_no'],
          out_refund_no,
          amount: { refund: 1, total: 100, currency: 'CNY' },
        },
        now_ms: now(),
      });
    const out_refund_no = newNumber();
    expect(outcome(await ask(undefined, out_refund_no))).toEqual([400, 'PARAM_ERROR']);
    expect(outcome(await ask('1900000000', out_refund_no))).toEqual([404, 'MCH_NOT_EXISTS']);
    expect(outcome(await ask(running.direct.mchid, out_refund_no))).toEqual([403, 'NO_AUTH']);
    expect(outcome(await ask(String(body['sub_mchid']), out_refund_no))).toEqual([200, 'PROCESSING']);
    const path = `${REFUNDS}/${out_refund_no}?sub_mchid=${String(body['sub_mchid'])}`;
    expect((await raw(running, running.provider, 'GET', path, { now_ms: now() })).status).toBe(200);
    expect(outcome(await queryRefund(out_refund_no))).toEqual([404, 'RESOURCE_NOT_EXISTS']);
  });
});
