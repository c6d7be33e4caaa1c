import { describe, expect, test } from 'vitest';
import { businessFailure, openChannel, OUT_TRADE_NO, patience, reference, rsa2, type Reply } from './support.ts';

const CANCEL = 'alipay.trade.cancel';
const QUERY = 'alipay.trade.query';
const order = { ...reference, pay_type: 'common.micro', merchant_params: { app_auth_token: '202603BBtoken' } };
const done = {
  code: '10000',
  msg: 'Success',
  out_trade_no: OUT_TRADE_NO,
  trade_no: '2026030122001412341234',
  retry_flag: 'N',
};

async function reverse(reply: Reply, query?: Reply) {
  const { channel, upstream } = await openChannel(patience(reply, query));
  upstream.reply(CANCEL, reply);
  if (query) upstream.reply(QUERY, query);
  const report = await channel.reverse(order);
  return { report, asked: upstream.asked, methods: upstream.asked.map(({ method }) => method) };
}

test('the request names our number and carries the token', async () => {
  const { asked } = await reverse({ node: { ...done, action: 'close' } });
  expect(asked[0]).toMatchObject({ method: CANCEL, verified: true, biz: { out_trade_no: OUT_TRADE_NO } });
  expect(asked[0]?.params.get('app_auth_token')).toBe('202603BBtoken');
});

describe('what the cancel did', () => {
  test.each<[string, object, object]>([
    [
      'closed what was not paid',
      { action: 'close' },
      { outcome: 'reversed', refunded: false, message: '10000,Success' },
    ],
    ['gave back what was paid', { action: 'refund' }, { outcome: 'reversed', refunded: true }],
    ['knew no such number', { trade_no: undefined }, { outcome: 'not_found' }],
    ['knew no such number, in an empty word', { action: '' }, { outcome: 'not_found' }],
    ['something new to us', { action: 'freeze' }, { outcome: 'unknown', reason: 'not_understood' }],
    ['closed another order', { action: 'close', out_trade_no: 'x' }, { outcome: 'unknown', reason: 'other_order' }],
    [
      'closed no order that it names',
      { action: 'close', out_trade_no: undefined },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
    ['knew no order that it names', { out_trade_no: undefined }, { outcome: 'unknown', reason: 'not_understood' }],
    ['and wants to be asked again', { action: 'refund', retry_flag: 'Y' }, { outcome: 'again' }],
  ])('%s', async (_name, more, expected) => {
    const { report, methods } = await reverse({ node: { ...done, ...more } });
    expect(report).toMatchObject(expected);
    expect(methods).toEqual([CANCEL]);
  });
});

describe('retry_flag Y asks for the same call again, whatever the code', () => {
  test.each([
    businessFailure('ACQ.SYSTEM_ERROR', { retry_flag: 'Y' }),
    businessFailure('AQC.SYSTEM_ERROR', { retry_flag: 'Y' }),
    businessFailure('ACQ.SELLER_BALANCE_NOT_ENOUGH', { retry_flag: 'Y' }),
    businessFailure('ACQ.REASON_TRADE_REFUND_FEE_ERR', { retry_flag: 'Y' }),
    businessFailure('ACQ.OF_NEXT_YEAR', { retry_flag: 'Y' }),
    { code: '20000', msg: 'Service Currently Unavailable', retry_flag: 'Y' },
  ])('%o', async (node) => {
    const { report, methods } = await reverse({ node });
    expect(report.outcome).toBe('again');
    expect(methods).toEqual([CANCEL]);
  });
});

describe('refused for certain', () => {
  const codes = [
    'ACQ.INVALID_PARAMETER',
    'ACQ.SELLER_BALANCE_NOT_ENOUGH',
    'ACQ.REASON_TRADE_BEEN_FREEZEN',
    'ACQ.TRADE_HAS_FINISHED',
    'ACQ.TRADE_CANCEL_TIME_OUT',
    'ACQ.CANCEL_NOT_ALLOWED',
  ];
  test.each(codes)('%s', async (code) => {
    const { report } = await reverse({ node: businessFailure(code, { retry_flag: 'N', out_trade_no: OUT_TRADE_NO }) });
    expect(report).toMatchObject({ outcome: 'declined', code, message: '业务失败' });
    expect(report).not.toHaveProperty('account_fault');
  });

  test('turned away by the gateway', async () => {
    const node = { code: '40006', msg: 'x', sub_code: 'isv.insufficient-isv-permissions' };
    expect((await reverse({ node })).report).toMatchObject({ outcome: 'declined', code: node.sub_code });
  });
});

describe('not known', () => {
  test.each<[string, Reply, string]>([
    ['trouble at Alipay', { node: businessFailure('ACQ.SYSTEM_ERROR') }, 'system_error'],
    [
      'trouble at Alipay, as its page spells it',
      { node: businessFailure('AQC.SYSTEM_ERROR', { retry_flag: 'N' }) },
      'system_error',
    ],
    ['service unavailable', { node: { code: '20000', msg: 'Service Currently Unavailable' } }, 'system_error'],
    ['too many calls', { node: { code: '40005', msg: 'x', sub_code: 'isv.app-call-limited' } }, 'isv_app_call_limited'],
    ['a code new to us', { node: businessFailure('ACQ.OF_NEXT_YEAR', { retry_flag: 'N' }) }, 'acq_of_next_year'],
    ['silence', { broken: 'hang' }, 'timeout'],
    ['a broken connection', { broken: 'reset' }, 'connection_lost'],
    ['a 502', { body: '', status: 502 }, 'http_502'],
    ['a forged success', { body: forged({ ...done, action: 'close' }) }, 'bad_signature'],
    ['a forged refusal', { body: forged(businessFailure('ACQ.CANCEL_NOT_ALLOWED')) }, 'bad_signature'],
    ['a forged call for patience', { body: forged({ ...done, retry_flag: 'Y' }) }, 'bad_signature'],
  ])('%s', async (_name, reply, reason) => {
    expect((await reverse(reply)).report).toMatchObject({ outcome: 'unknown', reason });
  });

  function forged(node: object): string {
    return `{"alipay_trade_cancel_response":${JSON.stringify(node)},"sign":"${rsa2('something else')}"}`;
  }
});

describe('refused because money has gone back already: a query tells by whom', () => {
  const trade = { ...done, total_amount: '76.22' };
  test.each<[string, Reply, object]>([
    [
      'all of it, as after a cancel whose answer was lost',
      { node: { ...trade, trade_status: 'TRADE_CLOSED', send_pay_date: '2026-03-01 12:00:03' } },
      { outcome: 'reversed', refunded: true },
    ],
    [
      'a part of it',
      { node: { ...trade, trade_status: 'TRADE_SUCCESS' } },
      { outcome: 'declined', code: 'ACQ.REASON_TRADE_REFUND_FEE_ERR' },
    ],
    [
      'and the trade is finished',
      { node: { ...trade, trade_status: 'TRADE_FINISHED' } },
      { outcome: 'declined', code: 'ACQ.REASON_TRADE_REFUND_FEE_ERR' },
    ],
    [
      'it was closed unpaid',
      { node: { ...trade, trade_status: 'TRADE_CLOSED' } },
      { outcome: 'reversed', refunded: false },
    ],
    ['it waits', { node: { ...trade, trade_status: 'WAIT_BUYER_PAY' } }, { outcome: 'unknown' }],
    ['there is none', { node: businessFailure('ACQ.TRADE_NOT_EXIST') }, { outcome: 'unknown' }],
    ['nobody answers', { broken: 'hang' }, { outcome: 'unknown', reason: 'acq_reason_trade_refund_fee_err' }],
  ])('%s', async (_name, query, expected) => {
    const { report, methods } = await reverse(
      { node: businessFailure('ACQ.REASON_TRADE_REFUND_FEE_ERR', { retry_flag: 'N' }) },
      query,
    );
    expect(report).toMatchObject(expected);
    expect(methods).toEqual([CANCEL, QUERY]);
  });
});
