import { describe, expect, test } from 'vitest';
import { businessFailure, openChannel, OUT_TRADE_NO, APP_ID, reference } from './support.ts';

const QUERY = 'alipay.trade.query';
const trade = {
  code: '10000',
  msg: 'Success',
  out_trade_no: OUT_TRADE_NO,
  trade_no: '2026030122001412341234',
  total_amount: '76.22',
  buyer_pay_amount: '0.00',
  receipt_amount: '0.00',
};

async function ask(node: unknown) {
  const { channel, upstream } = await openChannel();
  upstream.reply(QUERY, { node });
  const report = await channel.query({ ...reference, merchant_params: { app_auth_token: '202603BBtoken' } });
  return { report, asked: upstream.asked[0] };
}

test('the question names our number, asks for the fund bills and carries the token', async () => {
  const { asked } = await ask({ ...trade, trade_status: 'WAIT_BUYER_PAY' });
  expect(asked).toMatchObject({
    method: QUERY,
    verified: true,
    biz: { out_trade_no: OUT_TRADE_NO, query_options: ['fund_bill_list'] },
  });
  expect(asked?.params.get('app_auth_token')).toBe('202603BBtoken');
  expect(asked?.params.has('notify_url')).toBe(false);
});

describe('trade_status', () => {
  test.each([
    ['waits', { trade_status: 'WAIT_BUYER_PAY' }, { outcome: 'waiting', message: '10000,Success' }],
    ['is paid', { trade_status: 'TRADE_SUCCESS' }, { outcome: 'paid', facts: { refunded: false } }],
    ['is paid and over', { trade_status: 'TRADE_FINISHED' }, { outcome: 'finished', facts: { refunded: false } }],
    ['was closed unpaid', { trade_status: 'TRADE_CLOSED' }, { outcome: 'closed', message: '10000,Success' }],
    [
      'was paid and refunded whole',
      { trade_status: 'TRADE_CLOSED', send_pay_date: '2026-03-01 12:05:00' },
      { outcome: 'paid', facts: { refunded: true } },
    ],
    [
      'was paid and refunded whole, without a time',
      { trade_status: 'TRADE_CLOSED', receipt_amount: '76.22' },
      { outcome: 'paid', facts: { refunded: true } },
    ],
    ['is new to us', { trade_status: 'TRADE_PENDING' }, { outcome: 'unknown', reason: 'not_understood' }],
    ['is missing', {}, { outcome: 'unknown', reason: 'not_understood' }],
    [
      'is paid without an amount',
      { trade_status: 'TRADE_SUCCESS', total_amount: '' },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
    [
      'is paid with three decimals',
      { trade_status: 'TRADE_SUCCESS', total_amount: '76.221' },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
    [
      'is paid without a trade_no',
      { trade_status: 'TRADE_SUCCESS', trade_no: '' },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
    [
      'is paid without our number',
      { trade_status: 'TRADE_SUCCESS', out_trade_no: undefined },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
  ])('%s', async (_name, more, expected) => {
    const { report } = await ask({ ...trade, ...more });
    expect(report).toMatchObject(expected);
  });
});

test('the facts of a payment', async () => {
  const { report } = await ask({
    ...trade,
    trade_status: 'TRADE_SUCCESS',
    total_amount: 76.2,
    buyer_pay_amount: '70.02',
    send_pay_date: '2026-03-01 12:05:09',
    buyer_user_id: '2088101117955611',
    buyer_logon_id: '159****5620',
    fund_bill_list: [
      { fund_channel: 'ALIPAYACCOUNT', amount: '60.00' },
      { fund_channel: 'BANKCARD', amount: '5.02' },
      { fund_channel: 'ALIPAYACCOUNT', amount: '5.00' },
    ],
  });
  expect(report).toMatchObject({
    outcome: 'paid',
    facts: {
      transaction_id: '2026030122001412341234',
      amount_fen: 7620,
      currency: 'CNY',
      identity: { app_id: APP_ID },
      paid_at_ms: Date.UTC(2026, 2, 1, 4, 5, 9),
      details: { bank_type: 'ALIPAYACCOUNT,BANKCARD', cash_fee: '7002', fee_type: 'CNY', openid: '2088101117955611' },
    },
  });
});

test('only what the channel told is among the details, and a foreign currency is told', async () => {
  const { report } = await ask({
    ...trade,
    trade_status: 'TRADE_SUCCESS',
    buyer_pay_amount: undefined,
    trans_currency: 'USD',
    buyer_open_id: '01501o8f93I3nJAGB1jG4ONtRicSYj',
  });
  expect(report).toMatchObject({ outcome: 'paid', facts: { currency: 'USD', paid_at_ms: null } });
  if (report.outcome === 'paid') expect(report.facts.details).toEqual({ openid: '01501o8f93I3nJAGB1jG4ONtRicSYj' });
});

describe('refusals', () => {
  test.each([
    [
      businessFailure('ACQ.TRADE_NOT_EXIST', { out_trade_no: OUT_TRADE_NO }),
      { outcome: 'not_found', message: '业务失败' },
    ],
    [businessFailure('ACQ.SYSTEM_ERROR'), { outcome: 'unknown', reason: 'system_error' }],
    [businessFailure('ACQ.INVALID_PARAMETER'), { outcome: 'unknown', reason: 'acq_invalid_parameter' }],
    [
      businessFailure('ACQ.TRADE_NOT_EXIST', { out_trade_no: 'another' }),
      { outcome: 'unknown', reason: 'other_order' },
    ],
    [
      { code: '40006', msg: 'x', sub_code: 'isv.insufficient-isv-permissions' },
      { outcome: 'unknown', reason: 'isv_insufficient_isv_permissions' },
    ],
  ])('%o', async (node, expected) => {
    const { report } = await ask(node);
    expect(report).toMatchObject(expected);
  });
});
