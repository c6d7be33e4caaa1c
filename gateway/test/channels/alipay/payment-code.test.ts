/** common.micro: the till scans the payer's code. */
import { describe, expect, test } from 'vitest';
import { alipay } from '../../../src/channels/alipay/channel.ts';
import {
  APP_ID,
  businessFailure,
  openChannel,
  order as scanOrder,
  OUT_TRADE_NO,
  patience,
  reference,
  rsa2,
  type Reply,
} from './support.ts';

const PAY = 'alipay.trade.pay';
const AUTH_CODE = '280513371982837489';
const order = {
  ...scanOrder,
  pay_type: 'common.micro',
  expires_at_ms: scanOrder.created_at_ms + 300_000,
  fields: { auth_code: AUTH_CODE },
};

const paid = {
  code: '10000',
  msg: 'Success',
  trade_no: '2026030122001412341234',
  out_trade_no: OUT_TRADE_NO,
  buyer_logon_id: '159****5620',
  total_amount: '76.22',
  receipt_amount: '76.22',
  buyer_pay_amount: '70.02',
  gmt_payment: '2026-03-01 12:00:03',
  fund_bill_list: [{ fund_channel: 'ALIPAYACCOUNT', amount: '70.02' }],
  buyer_user_id: '2088101117955611',
};
const paying = { code: '10003', msg: 'order success pay inprocess', out_trade_no: OUT_TRADE_NO };

async function pay(reply: Reply, overrides: Partial<typeof order> = {}, settings = {}) {
  const opened = await openChannel({ ...patience(reply), ...settings });
  opened.upstream.reply(PAY, reply);
  const report = await (await opened.channel.prepareBegin({ ...order, ...overrides })).send();
  return { ...opened, report, asked: opened.upstream.asked[0] };
}

test('the request carries the code, its scene and where word of the payment is to go', async () => {
  const { asked } = await pay({ node: paid });
  expect(asked).toMatchObject({ method: PAY, verified: true });
  expect(asked?.params.get('notify_url')).toBe('https://pay.example.com/notify/alipay/a1');
  expect(asked?.biz).toEqual({
    out_trade_no: OUT_TRADE_NO,
    total_amount: '76.22',
    subject: "This's Subjects Alex test",
    product_code: 'FACE_TO_FACE_PAYMENT',
    time_expire: '2026-03-01 12:05:00',
    scene: 'bar_code',
    auth_code: AUTH_CODE,
    query_options: ['fund_bill_list'],
  });
});

test('shop, till, cashier, seller and provider go with it', async () => {
  const { asked } = await pay(
    { node: paid },
    { store_id: '9527', op_user_id: '301', device_info: 'till 1', merchant_params: { seller_id: '2088102146225135' } },
    { sys_service_provider_id: '2088511833207846' },
  );
  expect(asked?.biz).toMatchObject({
    store_id: '9527',
    operator_id: '301',
    terminal_id: 'till 1',
    seller_id: '2088102146225135',
    extend_params: { sys_service_provider_id: '2088511833207846' },
  });
});

test('the same order is sent with the same parameters later', async () => {
  const { channel, upstream, ports } = await openChannel();
  upstream.reply(PAY, { node: paying });
  await (await channel.prepareBegin(order)).send();
  ports.clock.at_ms += 60_000;
  await (await channel.prepareBegin(order)).send();
  const [first, second] = upstream.asked;
  expect(second?.params.get('biz_content')).toBe(first?.params.get('biz_content'));
});

describe('paid at once', () => {
  test('with the facts of the answer', async () => {
    const { report } = await pay({ node: paid });
    expect(report).toMatchObject({
      outcome: 'paid',
      message: '10000,Success',
      facts: {
        transaction_id: '2026030122001412341234',
        amount_fen: 7622,
        currency: 'CNY',
        identity: { app_id: APP_ID },
        paid_at_ms: Date.UTC(2026, 2, 1, 4, 0, 3),
        details: { bank_type: 'ALIPAYACCOUNT', cash_fee: '7002', fee_type: 'CNY', openid: '2088101117955611' },
        refunded: false,
      },
    });
  });

  test('a seller that is told is passed on for the funnel to compare', async () => {
    const { report } = await pay({ node: { ...paid, seller_id: '2088102146225135' } });
    expect(report).toMatchObject({ facts: { identity: { app_id: APP_ID, seller_id: '2088102146225135' } } });
  });

  test('another amount is reported as it is', async () => {
    const { report } = await pay({ node: { ...paid, total_amount: 0.01 } });
    expect(report).toMatchObject({ outcome: 'paid', facts: { amount_fen: 1 } });
  });
});

describe('the payer types a password', () => {
  test.each([
    ['in the words of msg', paying, '10003, order success pay inprocess'],
    ['in the words of sub_msg', { ...paying, sub_code: 'x', sub_msg: '等待用户付款' }, '10003, 等待用户付款'],
  ])('%s', async (_name, node, message) => {
    const { report } = await pay({ node });
    expect(report).toMatchObject({ outcome: 'paying', message });
  });
});

describe('definite refusals', () => {
  test.each([
    ['ACQ.PAYMENT_AUTH_CODE_INVALID', undefined],
    ['ACQ.BUYER_BALANCE_NOT_ENOUGH', undefined],
    ['ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH', undefined],
    ['ACQ.PULL_MOBILE_CASHIER_FAIL', undefined],
    ['ACQ.PAYMENT_FAIL', undefined],
    ['ACQ.BUYER_ENABLE_STATUS_FORBID', undefined],
    ['ACQ.INVALID_PARAMETER', undefined],
    ['ACQ.ACCESS_FORBIDDEN', true],
    ['ACQ.SELLER_BEEN_BLOCKED', true],
  ])('%s', async (code, account_fault) => {
    const { report } = await pay({ node: businessFailure(code, { out_trade_no: OUT_TRADE_NO }) });
    expect(report).toMatchObject({ outcome: 'declined', code, message: '业务失败' });
    expect('account_fault' in report ? report.account_fault : undefined).toBe(account_fault);
  });
});

describe('everything else is for a query to settle', () => {
  test.each<[string, Reply, string]>([
    [
      'the number has other parameters',
      { node: businessFailure('ACQ.CONTEXT_INCONSISTENT') },
      'acq_context_inconsistent',
    ],
    ['the number has been paid', { node: businessFailure('ACQ.TRADE_HAS_SUCCESS') }, 'acq_trade_has_success'],
    ['the number has been closed', { node: businessFailure('ACQ.TRADE_HAS_CLOSE') }, 'acq_trade_has_close'],
    [
      'the number is of another payer',
      { node: businessFailure('ACQ.TRADE_BUYER_NOT_MATCH') },
      'acq_trade_buyer_not_match',
    ],
    ['trouble at Alipay', { node: businessFailure('ACQ.SYSTEM_ERROR') }, 'system_error'],
    [
      'service unavailable',
      { node: { code: '20000', msg: 'Service Currently Unavailable', sub_code: 'isp.unknow-error' } },
      'system_error',
    ],
    ['a code new to us', { node: businessFailure('ACQ.OF_NEXT_YEAR') }, 'acq_of_next_year'],
    ['silence', { broken: 'hang' }, 'timeout'],
    ['a broken connection', { broken: 'reset' }, 'connection_lost'],
    ['a 502', { body: '', status: 502 }, 'http_502'],
    ['a forged success', { body: forged(paid) }, 'bad_signature'],
    ['a forged refusal', { body: forged(businessFailure('ACQ.PAYMENT_AUTH_CODE_INVALID')) }, 'bad_signature'],
    ['an unsigned success', { body: `{"alipay_trade_pay_response":${JSON.stringify(paid)}}` }, 'unsigned'],
    ['a success of another order', { node: { ...paid, out_trade_no: 'x' } }, 'other_order'],
    ['a success of no order', { node: { ...paid, out_trade_no: undefined } }, 'not_understood'],
    ['a success of no amount', { node: { ...paid, total_amount: undefined } }, 'not_understood'],
    ['a success without a trade', { node: { ...paid, trade_no: '' } }, 'not_understood'],
    ['a password for another order', { node: { ...paying, out_trade_no: 'x' } }, 'other_order'],
    ['a password for no order', { node: { ...paying, out_trade_no: undefined } }, 'not_understood'],
  ])('%s', async (_name, reply, reason) => {
    expect((await pay(reply)).report).toMatchObject({ outcome: 'unknown', reason });
  });
});

function forged(node: object): string {
  return `{"alipay_trade_pay_response":${JSON.stringify(node)},"sign":"${rsa2('something else')}"}`;
}

test('a payment code that Alipay quotes back stays out of message and raw answer', async () => {
  const sub_msg = `验签出错，网关生成的验签字符串为：biz_content={"auth_code":"${AUTH_CODE}"}`;
  const { report } = await pay({ node: { code: '40002', msg: 'x', sub_code: 'isv.invalid-signature', sub_msg } });
  expect(report).toMatchObject({
    outcome: 'declined',
    account_fault: true,
    message: sub_msg.replace(AUTH_CODE, '***'),
  });
  expect(JSON.stringify(report)).not.toContain(AUTH_CODE);
});

describe('asked about later', () => {
  const trade = { code: '10000', msg: 'Success', out_trade_no: OUT_TRADE_NO, trade_no: '2', total_amount: '76.22' };
  test.each<[string, object, object]>([
    ['still waits for the password', { ...trade, trade_status: 'WAIT_BUYER_PAY' }, { outcome: 'waiting' }],
    ['paid in the end', { ...trade, trade_status: 'TRADE_SUCCESS' }, { outcome: 'paid', facts: { refunded: false } }],
    ['closed unpaid', { ...trade, trade_status: 'TRADE_CLOSED' }, { outcome: 'closed' }],
    [
      'paid, and given back by our cancel',
      { ...trade, trade_status: 'TRADE_CLOSED', send_pay_date: '2026-03-01 12:00:03' },
      { outcome: 'paid', facts: { refunded: true } },
    ],
    ['never came to Alipay', businessFailure('ACQ.TRADE_NOT_EXIST'), { outcome: 'not_found' }],
  ])('%s', async (_name, node, expected) => {
    const { channel, upstream } = await openChannel();
    upstream.reply('alipay.trade.query', { node });
    expect(await channel.query({ ...reference, pay_type: 'common.micro' })).toMatchObject(expected);
  });
});

test('the pay type takes the codes of its wallet alone', () => {
  const micro = alipay.pay_types.find(({ code }) => code === 'common.micro');
  expect(micro?.payment_code).toBe(true);
  expect(micro?.takes?.({ auth_code: AUTH_CODE })).toBe(true);
  expect(micro?.takes?.({ auth_code: '136345610916464024' })).toBe(false);
});
