import { AlipaySdk } from 'alipay-sdk';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  alipayKeys,
  app,
  APP_ID,
  openChannel,
  OUT_REFUND_NO,
  OUT_TRADE_NO,
  privatePem,
  publicPem,
  rsa2,
} from './support.ts';

type Form = Readonly<Record<string, string>>;

const notice: Form = {
  gmt_create: '2026-03-01 12:04:50',
  charset: 'utf-8',
  gmt_payment: '2026-03-01 12:05:09',
  notify_time: '2026-03-01 12:05:10',
  subject: '50% off + more 测试',
  buyer_id: '2088101117955611',
  version: '1.0',
  notify_id: '2026030100222120509088101',
  fund_bill_list: '[{"amount":"76.22","fundChannel":"ALIPAYACCOUNT"}]',
  notify_type: 'trade_status_sync',
  out_trade_no: OUT_TRADE_NO,
  total_amount: '76.22',
  trade_status: 'TRADE_SUCCESS',
  trade_no: '2026030122001412341234',
  auth_app_id: APP_ID,
  receipt_amount: '76.22',
  buyer_pay_amount: '70.00',
  app_id: APP_ID,
  seller_id: '2088102146225135',
};

/** Signs by the vendor's rule: everything but sign and sign_type, sorted, values as they are before encoding. */
function signed(form: Form, key: KeyObject = alipayKeys.privateKey): Form {
  const content = Object.keys(form)
    .sort()
    .map((name) => `${name}=${form[name]}`)
    .join('&');
  return { ...form, sign: rsa2(content, key), sign_type: 'RSA2' };
}

const bodyOf = (form: Form) => new URLSearchParams(form).toString();

async function receive(body: string, headers: Readonly<Record<string, string>> = {}) {
  const { channel } = await openChannel();
  return channel.readCallback({ headers, body });
}

const receiveForm = (more: Form = {}) => receive(bodyOf(signed({ ...notice, ...more })));

/** The notice without some of its parameters. */
function without(...names: readonly string[]): Form {
  return Object.fromEntries(Object.entries(notice).filter(([name]) => !names.includes(name)));
}

test('a payment is read with everything that must be ours', async () => {
  expect(await receiveForm()).toMatchObject({
    kind: 'payment',
    callback_id: '2026030100222120509088101',
    out_trade_no: OUT_TRADE_NO,
    report: {
      outcome: 'paid',
      facts: {
        transaction_id: '2026030122001412341234',
        amount_fen: 7622,
        currency: 'CNY',
        identity: { app_id: APP_ID, seller_id: '2088102146225135' },
        paid_at_ms: Date.UTC(2026, 2, 1, 4, 5, 9),
        details: { bank_type: 'ALIPAYACCOUNT', cash_fee: '7000', fee_type: 'CNY', openid: '2088101117955611' },
        refunded: false,
      },
    },
  });
});

test('the official SDK agrees with what we accept and what we refuse', async () => {
  const sdk = new AlipaySdk({
    appId: APP_ID,
    privateKey: privatePem(app.privateKey),
    keyType: 'PKCS8',
    alipayPublicKey: publicPem(alipayKeys.publicKey),
  });
  const good = signed({ ...notice, body: '' });
  expect(sdk.checkNotifySignV2(good)).toBe(true);
  expect(await receive(bodyOf(good))).toMatchObject({ kind: 'payment' });
  for (const bad of [
    { ...good, total_amount: '0.01' },
    { ...good, added: 'x' },
    { ...good, added: '' },
  ]) {
    expect(sdk.checkNotifySignV2(bad)).toBe(false);
    expect(await receive(bodyOf(bad))).toEqual({ kind: 'rejected', reason: 'bad_signature' });
  }
});

test('a parameter with a NUL, which could not be stored, makes it no form of Alipay’s', async () => {
  expect(await receiveForm({ notify_id: 'n\0' })).toEqual({ kind: 'rejected', reason: 'malformed' });
});

test('another amount, app or seller is passed on for the funnel to compare', async () => {
  expect(await receiveForm({ total_amount: '0.01', app_id: '2021000000000002', seller_id: '2088' })).toMatchObject({
    report: { outcome: 'paid', facts: { amount_fen: 1, identity: { app_id: '2021000000000002', seller_id: '2088' } } },
  });
});

describe('what a trade_status means depends on the refund beside it', () => {
  const refund = { refund_fee: '12.30', out_biz_no: OUT_REFUND_NO, gmt_refund: '2026-03-01 12:30:00.123' };
  const refunded = {
    kind: 'refund',
    out_trade_no: OUT_TRADE_NO,
    out_refund_no: OUT_REFUND_NO,
    report: { outcome: 'succeeded', amount_fen: null },
  };
  test.each<[string, Form, object]>([
    ['partial refund', { ...notice, ...refund }, refunded],
    ['full refund', { ...notice, ...refund, trade_status: 'TRADE_CLOSED' }, refunded],
    [
      'refund without a number',
      { ...notice, refund_fee: '12.30' },
      { kind: 'payment', report: { outcome: 'paid', facts: { refunded: true } } },
    ],
    [
      'full refund without a number',
      { ...notice, refund_fee: '76.22', trade_status: 'TRADE_CLOSED' },
      { kind: 'payment', report: { outcome: 'paid', facts: { refunded: true } } },
    ],
    [
      'full refund by a cancel, under the number of the trade',
      { ...notice, refund_fee: '76.22', out_biz_no: '2026030122001412341234', trade_status: 'TRADE_CLOSED' },
      { kind: 'payment', report: { outcome: 'paid', facts: { refunded: true } } },
    ],
    [
      'partial refund in the console, under our number of the trade',
      { ...notice, refund_fee: '12.30', out_biz_no: OUT_TRADE_NO },
      { kind: 'payment', report: { outcome: 'paid', facts: { refunded: true } } },
    ],
    [
      'a refund of nothing is none',
      { ...notice, ...refund, refund_fee: '0.00' },
      { kind: 'payment', report: { outcome: 'paid', facts: { refunded: false } } },
    ],
    [
      'closed unpaid',
      { ...without('gmt_payment'), trade_status: 'TRADE_CLOSED' },
      { kind: 'payment', report: { outcome: 'closed' } },
    ],
    [
      'closed unpaid, with a refund of nothing',
      { ...without('gmt_payment'), refund_fee: '0.00', trade_status: 'TRADE_CLOSED' },
      { kind: 'payment', report: { outcome: 'closed' } },
    ],
    [
      'closed after a payment',
      { ...notice, trade_status: 'TRADE_CLOSED' },
      { kind: 'payment', report: { outcome: 'paid', facts: { refunded: true } } },
    ],
    [
      'finished',
      { ...notice, trade_status: 'TRADE_FINISHED' },
      { kind: 'payment', report: { outcome: 'finished', facts: { refunded: false } } },
    ],
    [
      'finished after a partial refund',
      { ...notice, ...refund, trade_status: 'TRADE_FINISHED' },
      { kind: 'payment', report: { outcome: 'finished', facts: { refunded: true } } },
    ],
    [
      'waiting',
      { ...without('gmt_payment'), trade_status: 'WAIT_BUYER_PAY' },
      { kind: 'payment', report: { outcome: 'waiting' } },
    ],
    ['a status new to us', { ...notice, trade_status: 'TRADE_PENDING' }, { kind: 'unhandled', reason: 'trade_status' }],
    ['a refund_fee that is no amount', { ...notice, refund_fee: 'all' }, { kind: 'unhandled', reason: 'refund_fee' }],
    ['paid without an amount', without('total_amount'), { kind: 'unhandled', reason: 'not_understood' }],
    ['no order number', without('out_trade_no'), { kind: 'unhandled', reason: 'no_out_trade_no' }],
    [
      'another kind of notice',
      { ...notice, notify_type: 'open_app_auth_notify' },
      { kind: 'unhandled', reason: 'notify_type' },
    ],
    [
      'a refund of another app',
      { ...notice, ...refund, app_id: '2021000000000002' },
      { kind: 'unhandled', reason: 'other_app' },
    ],
    [
      'a close of another app',
      { ...without('gmt_payment'), trade_status: 'TRADE_CLOSED', app_id: '2' },
      { kind: 'unhandled', reason: 'other_app' },
    ],
  ])('%s', async (_name, form, expected) => {
    expect(await receive(bodyOf(signed(form)))).toMatchObject(expected);
  });
});

describe('rejected', () => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const good = signed(notice);
  const { sign, sign_type: _type, ...unsigned } = good;
  test.each<[string, string, string]>([
    ['a changed amount', bodyOf({ ...good, total_amount: '0.01' }), 'bad_signature'],
    [
      'a parameter taken away',
      bodyOf(Object.fromEntries(Object.entries(good).filter(([name]) => name !== 'seller_id'))),
      'bad_signature',
    ],
    ['a parameter added', bodyOf({ ...good, passback_params: 'x' }), 'bad_signature'],
    ["a stranger's signature", bodyOf(signed(notice, stranger)), 'bad_signature'],
    ['our own signature', bodyOf(signed(notice, app.privateKey)), 'bad_signature'],
    ['garbage for a signature', bodyOf({ ...good, sign: 'garbage' }), 'bad_signature'],
    ['no signature', bodyOf({ ...unsigned, sign_type: 'RSA2' }), 'unsigned'],
    ['an empty signature', bodyOf({ ...good, sign: '' }), 'unsigned'],
    ['the old RSA with SHA-1', bodyOf({ ...good, sign_type: 'RSA' }), 'sign_type'],
    ['no sign_type', bodyOf({ ...unsigned, sign: sign ?? '' }), 'sign_type'],
    ['another charset', bodyOf(signed({ ...notice, charset: 'gbk' })), 'charset'],
    ['a parameter twice', `${bodyOf(good)}&total_amount=76.22`, 'duplicate_parameter'],
    ['a parameter twice, its name encoded', `${bodyOf(good)}&%74otal_amount=76.22`, 'duplicate_parameter'],
    ['two signatures', `sign=x&${bodyOf(good)}`, 'duplicate_parameter'],
    ['bytes that are not UTF-8', `${bodyOf(good)}&x=%B2%E2`, 'malformed'],
    ['a stray percent sign', `${bodyOf(good)}&x=100%`, 'malformed'],
    ['a parameter without a value', `${bodyOf(good)}&x`, 'malformed'],
    [
      'values decoded twice',
      bodyOf(Object.fromEntries(Object.entries(good).map(([name, value]) => [name, encodeURIComponent(value)]))),
      'bad_signature',
    ],
    ['JSON', JSON.stringify(good), 'malformed'],
    ['nothing', '', 'malformed'],
  ])('%s', async (_name, body, reason) => {
    expect(await receive(body)).toEqual({ kind: 'rejected', reason });
  });

  test('a header with another charset', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=GBK' };
    expect(await receive(bodyOf(good), headers)).toEqual({ kind: 'rejected', reason: 'charset' });
    const utf8 = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    expect(await receive(bodyOf(good), utf8)).toMatchObject({ kind: 'payment' });
  });
});

test('without a notify_id repetitions still share one id, and different notices do not', async () => {
  const anonymous = without('notify_id');
  const first = await receive(bodyOf(signed(anonymous)));
  const again = await receive(bodyOf(signed({ ...anonymous, notify_time: '2026-03-01 12:09:10' })));
  const other = await receive(bodyOf(signed({ ...anonymous, out_trade_no: 'x' })));
  if (first.kind === 'rejected' || again.kind === 'rejected' || other.kind === 'rejected') throw new Error('rejected');
  expect(again.callback_id).toBe(first.callback_id);
  expect(other.callback_id).not.toBe(first.callback_id);
});

test('Alipay is answered success for what was accepted and nothing like it for what was not', async () => {
  const { channel } = await openChannel();
  const content_type = 'text/plain; charset=utf-8';
  expect(channel.acknowledge(true, '')).toEqual({ status: 200, content_type, body: 'success' });
  expect(channel.acknowledge(false, 'success')).toEqual({ status: 200, content_type, body: 'fail' });
});

test('the identity expected of an order names the seller only where one is configured', async () => {
  const { channel } = await openChannel();
  expect(channel.expectedIdentity({ merchant_params: {}, fields: {} })).toEqual({ app_id: APP_ID });
  expect(channel.expectedIdentity({ merchant_params: { seller_id: '2088102146225135' }, fields: {} })).toEqual({
    app_id: APP_ID,
    seller_id: '2088102146225135',
  });
  const { channel: with_seller } = await openChannel({ seller_id: '2088000000000000' });
  expect(with_seller.expectedIdentity({ merchant_params: {}, fields: {} })).toEqual({
    app_id: APP_ID,
    seller_id: '2088000000000000',
  });
});
