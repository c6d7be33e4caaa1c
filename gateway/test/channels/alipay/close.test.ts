import { describe, expect, test } from 'vitest';
import { businessFailure, openChannel, OUT_TRADE_NO, patience, reference, type Reply } from './support.ts';

const CLOSE = 'alipay.trade.close';
const QUERY = 'alipay.trade.query';
const closed = { code: '10000', msg: 'Success', out_trade_no: OUT_TRADE_NO, trade_no: '2026030122001412341234' };
const trade = { ...closed, total_amount: '76.22' };

async function close(reply: Reply, query?: Reply) {
  const { channel, upstream } = await openChannel(patience(reply, query));
  upstream.reply(CLOSE, reply);
  if (query) upstream.reply(QUERY, query);
  const report = await channel.close(reference);
  return { report, methods: upstream.asked.map(({ method }) => method), asked: upstream.asked };
}

test('a closed trade', async () => {
  const { report, asked, methods } = await close({ node: closed });
  expect(report).toMatchObject({ outcome: 'closed', message: '10000,Success' });
  expect(asked[0]).toMatchObject({ verified: true, biz: { out_trade_no: OUT_TRADE_NO } });
  expect(methods).toEqual([CLOSE]);
});

describe('answers that decide without a query', () => {
  test.each<[string, Reply, object]>([
    ['nobody has scanned the code', { node: businessFailure('ACQ.TRADE_NOT_EXIST') }, { outcome: 'not_found' }],
    [
      'a wrong parameter',
      { node: businessFailure('ACQ.INVALID_PARAMETER') },
      { outcome: 'declined', code: 'ACQ.INVALID_PARAMETER' },
    ],
    [
      'trouble at Alipay',
      { node: businessFailure('ACQ.SYSTEM_ERROR') },
      { outcome: 'unknown', reason: 'system_error' },
    ],
    ['a code we do not know', { node: businessFailure('ACQ.NEW') }, { outcome: 'unknown', reason: 'acq_new' }],
    ['silence', { broken: 'hang' }, { outcome: 'unknown', reason: 'timeout' }],
    ['another order closed', { node: { ...closed, out_trade_no: 'x' } }, { outcome: 'unknown', reason: 'other_order' }],
    ['no order named', { node: { code: '10000', msg: 'Success' } }, { outcome: 'unknown', reason: 'not_understood' }],
  ])('%s', async (_name, reply, expected) => {
    const { report, methods } = await close(reply);
    expect(report).toMatchObject(expected);
    expect(methods).toEqual([CLOSE]);
  });
});

describe('a refusal for the state of the trade is settled by a query', () => {
  const refusals = ['ACQ.REASON_TRADE_STATUS_INVALID', 'ACQ.TRADE_STATUS_ERROR', 'ACQ.REASON_ILLEGAL_STATUS'];
  const states: readonly [string, Reply, object][] = [
    ['paid', { node: { ...trade, trade_status: 'TRADE_SUCCESS' } }, { outcome: 'already_paid' }],
    ['finished', { node: { ...trade, trade_status: 'TRADE_FINISHED' } }, { outcome: 'already_paid' }],
    [
      'paid and refunded',
      { node: { ...trade, trade_status: 'TRADE_CLOSED', send_pay_date: '2026-03-01 12:00:00' } },
      { outcome: 'already_paid' },
    ],
    ['closed before', { node: { ...trade, trade_status: 'TRADE_CLOSED' } }, { outcome: 'closed' }],
    ['gone', { node: businessFailure('ACQ.TRADE_NOT_EXIST') }, { outcome: 'not_found' }],
    [
      'still waiting',
      { node: { ...trade, trade_status: 'WAIT_BUYER_PAY' } },
      { outcome: 'unknown', reason: 'waiting_for_payer' },
    ],
    ['not to be learnt', { node: businessFailure('ACQ.SYSTEM_ERROR') }, { outcome: 'unknown', reason: 'system_error' }],
    [
      'forged',
      { body: `{"alipay_trade_query_response":${JSON.stringify(trade)},"sign":"x"}` },
      { outcome: 'unknown', reason: 'bad_signature' },
    ],
    ['silent', { broken: 'hang' }, { outcome: 'unknown', reason: 'timeout' }],
  ];
  test.each(refusals.flatMap((sub_code) => states.map((state) => [sub_code, ...state] as const)))(
    '%s, and the trade is %s',
    async (sub_code, _state, query, expected) => {
      const { report, methods } = await close({ node: businessFailure(sub_code) }, query);
      expect(report).toMatchObject(expected);
      expect(methods).toEqual([CLOSE, QUERY]);
    },
  );
});
