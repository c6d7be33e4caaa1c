/** alipay.jsapi: a trade is made and its number opens the cashier inside Alipay. */
import { describe, expect, test } from 'vitest';
import { alipay } from '../../../src/channels/alipay/channel.ts';
import {
  businessFailure,
  openChannel,
  order as scanOrder,
  OUT_TRADE_NO,
  patience,
  rsa2,
  type Reply,
} from './support.ts';

const CREATE = 'alipay.trade.create';
const order = { ...scanOrder, pay_type: 'alipay.jsapi', fields: { buyer_id: '2088102146225135' } };
const created = { code: '10000', msg: 'Success', out_trade_no: OUT_TRADE_NO, trade_no: '2026030122001412341234' };

async function create(reply: Reply, overrides: Partial<typeof scanOrder> = {}) {
  const { channel, upstream } = await openChannel(patience(reply));
  upstream.reply(CREATE, reply);
  const report = await (await channel.prepareBegin({ ...order, ...overrides })).send();
  return { report, asked: upstream.asked[0] };
}

test('an accepted order carries the trade and what opens the cashier', async () => {
  const { report, asked } = await create({ node: created });
  expect(report).toMatchObject({
    outcome: 'accepted',
    message: '10000,Success',
    reply: { trade_no: '2026030122001412341234', pay_info: '{"tradeNO":"2026030122001412341234"}' },
  });
  expect(asked).toMatchObject({ method: CREATE, verified: true });
  expect(asked?.params.get('notify_url')).toBe('https://pay.example.com/notify/alipay/a1');
});

describe('biz_content', () => {
  const common = {
    out_trade_no: OUT_TRADE_NO,
    total_amount: '76.22',
    subject: "This's Subjects Alex test",
    time_expire: '2026-03-01 12:30:00',
  };
  test.each<[string, Readonly<Record<string, string>>, object]>([
    [
      'by user number, the product is 当面付',
      { buyer_id: '2088102146225135' },
      { product_code: 'FACE_TO_FACE_PAYMENT', buyer_id: '2088102146225135' },
    ],
    [
      'by open id',
      { buyer_open_id: '01501o8f93I3nJAGB1jG4ONtRicSYj' },
      { product_code: 'FACE_TO_FACE_PAYMENT', buyer_open_id: '01501o8f93I3nJAGB1jG4ONtRicSYj' },
    ],
    [
      'in a mini program, the product is JSAPI_PAY',
      { buyer_open_id: '01501o8f93I3nJAGB1jG4ONtRicSYj', op_app_id: '2014072300007148' },
      {
        product_code: 'JSAPI_PAY',
        buyer_open_id: '01501o8f93I3nJAGB1jG4ONtRicSYj',
        op_app_id: '2014072300007148',
      },
    ],
  ])('%s', async (_name, fields, own) => {
    const { asked } = await create({ node: created }, { fields });
    expect(asked?.biz).toEqual({ ...common, ...own });
  });
});

describe('fields', () => {
  const fields = alipay.pay_types.find(({ code }) => code === 'alipay.jsapi')?.fields ?? {};
  test.each([
    ['buyer_id', '2088102146225135', true],
    ['buyer_id', '2099102146225135', false],
    ['buyer_id', '208810214622513', false],
    ['buyer_id', '20881021462251355', false],
    ['buyer_open_id', '01501o8f93I3nJAGB1jG4ONtRicSYj', true],
    ['buyer_open_id', 'a b', false],
    ['op_app_id', '2014072300007148', true],
    ['op_app_id', 'wx069eb0cbbdd45873', false],
  ])('%s %s: %s', (name, value, good) => {
    expect(fields[name]?.required).toBe(false);
    expect((fields[name]?.check?.(value) ?? null) === null).toBe(good);
  });

  test('one of the two that name the payer must be sent', () => {
    const jsapi = alipay.pay_types.find(({ code }) => code === 'alipay.jsapi');
    expect(jsapi?.one_of).toEqual([['buyer_id', 'buyer_open_id']]);
  });
});

describe('answers that do not accept', () => {
  test.each<[string, Reply, object]>([
    [
      'no such payer',
      { node: businessFailure('ACQ.BUYER_NOT_EXIST') },
      { outcome: 'declined', code: 'ACQ.BUYER_NOT_EXIST' },
    ],
    [
      'an application that is not bound',
      { node: businessFailure('ACQ.UNBOUND_APPLICATION') },
      { outcome: 'declined', code: 'ACQ.UNBOUND_APPLICATION' },
    ],
    [
      'no right',
      { node: businessFailure('ACQ.ACCESS_FORBIDDEN') },
      { outcome: 'declined', code: 'ACQ.ACCESS_FORBIDDEN', account_fault: true },
    ],
    [
      'the number exists',
      { node: businessFailure('ACQ.CONTEXT_INCONSISTENT') },
      { outcome: 'unknown', reason: 'acq_context_inconsistent' },
    ],
    [
      'trouble at Alipay',
      { node: businessFailure('ACQ.SYSTEM_ERROR') },
      { outcome: 'unknown', reason: 'system_error' },
    ],
    ['a code of payment codes', { node: { ...created, code: '10003' } }, { outcome: 'unknown', reason: 'code_10003' }],
    ['silence', { broken: 'hang' }, { outcome: 'unknown', reason: 'timeout' }],
    [
      'forged',
      { body: `{"alipay_trade_create_response":${JSON.stringify(created)},"sign":"${rsa2('x')}"}` },
      { outcome: 'unknown', reason: 'bad_signature' },
    ],
    ['another order', { node: { ...created, out_trade_no: 'x' } }, { outcome: 'unknown', reason: 'other_order' }],
    ['no order', { node: { ...created, out_trade_no: undefined } }, { outcome: 'unknown', reason: 'not_understood' }],
    ['no trade', { node: { ...created, trade_no: '' } }, { outcome: 'unknown', reason: 'not_understood' }],
  ])('%s', async (_name, reply, expected) => {
    expect((await create(reply)).report).toMatchObject(expected);
  });
});
