import { describe, expect, test } from 'vitest';
import { directOrder, reference } from '../wechat/support/account.ts';
import { bench, codeReference, PAID, PAID_FACTS, referenceTo } from './account.ts';
import { refusal } from './upstream.ts';

const { upstream, open } = bench();

describe('asking for an order', () => {
  test('asks by our number, and tells what was paid', async () => {
    upstream.answers(PAID);
    expect(await open().query(reference)).toMatchObject({ outcome: 'paid', facts: PAID_FACTS });
    expect(upstream.paths).toEqual(['POST /pay/orderquery']);
    const { nonce_str: _nonce, sign: _sign, ...members } = upstream.last.members;
    expect(members).toEqual({
      appid: 'wx8888888888888888',
      mch_id: '1230000109',
      sub_appid: 'wxd678efh567hg6999',
      sub_mch_id: '1900000109',
      out_trade_no: reference.out_trade_no,
      sign_type: 'HMAC-SHA256',
    });
    expect(upstream.last.signed).toBe(true);
  });

  test('a direct account’s payment carries the identity that is expected of it', async () => {
    upstream.answers(PAID);
    const client = open({ mode: 'direct' });
    const asked = referenceTo({ ...directOrder, fields: { sub_appid: 'wx069eb0cbbdd45873' } });
    const report = await client.query(asked);
    expect(report).toMatchObject({
      outcome: 'paid',
      facts: { identity: { appid: 'wx069eb0cbbdd45873', mchid: '1230000109' } },
    });
    expect(client.expectedIdentity(asked)).toEqual({ appid: 'wx069eb0cbbdd45873', mchid: '1230000109' });
    expect(client.expectedIdentity(directOrder)).toEqual({ appid: 'wx8888888888888888', mchid: '1230000109' });
  });

  test.each([
    ['SUCCESS', 'paid'],
    ['REFUND', 'paid'],
    ['NOTPAY', 'waiting'],
    ['USERPAYING', 'waiting'],
    ['ACCEPT', 'waiting'],
    ['CLOSED', 'closed'],
    ['REVOKED', 'reversed'],
    ['A_STATE_FROM_NEXT_YEAR', 'unknown'],
    [undefined, 'unknown'],
  ])('%s is %s', async (trade_state, outcome) => {
    upstream.answers({ ...PAID, trade_state });
    expect((await open().query(codeReference)).outcome).toBe(outcome);
  });

  test('PAYERROR is over for a payment code alone', async () => {
    upstream.answers({ ...PAID, trade_state: 'PAYERROR', trade_state_desc: '支付失败' });
    expect(await open().query(codeReference)).toMatchObject({ outcome: 'pay_error', message: '支付失败' });
    expect(await open().query(reference)).toMatchObject({ outcome: 'waiting', message: '支付失败' });
  });

  test('REFUND says that money has gone back since', async () => {
    upstream.answers({ ...PAID, trade_state: 'REFUND' });
    expect(await open().query(reference)).toMatchObject({ facts: { refunded: true } });
  });

  test('a message is the channel’s, or else the state', async () => {
    upstream.answers({ ...PAID, trade_state: 'NOTPAY', trade_state_desc: '订单未支付' });
    expect(await open().query(reference)).toMatchObject({ message: '订单未支付' });
    upstream.answers({ ...PAID, trade_state: 'NOTPAY', trade_state_desc: undefined });
    expect(await open().query(reference)).toMatchObject({ message: 'NOTPAY' });
  });

  test.each([
    ['without its number', { transaction_id: undefined }],
    ['without an amount', { total_fee: undefined }],
    ['with half a fen', { total_fee: '221.5' }],
    ['with a negative amount', { total_fee: '-221' }],
    ['with an amount in letters', { total_fee: '0x1' }],
  ])('a success %s is none', async (_what, change) => {
    upstream.answers({ ...PAID, ...change });
    expect(await open().query(reference)).toMatchObject({ outcome: 'unknown', reason: 'not_understood' });
  });

  test('what a success need not say may be missing', async () => {
    const without = { fee_type: undefined, time_end: 'soon', openid: undefined, sub_openid: '', bank_type: undefined };
    upstream.answers({ ...PAID, ...without });
    expect(await open().query(reference)).toMatchObject({
      outcome: 'paid',
      facts: { currency: 'CNY', paid_at_ms: null, details: { cash_fee: '201' } },
    });
  });
});

describe('a refused question', () => {
  test.each(['ORDERNOTEXIST', 'ORDER_NOT_EXIST'])('%s: the number is not known', async (code) => {
    upstream.answers(refusal(code, '订单不存在'));
    expect(await open().query(reference)).toMatchObject({ outcome: 'not_found', message: '订单不存在' });
  });

  test.each(['SYSTEMERROR', 'PARAM_ERROR', 'SIGNERROR', 'NOAUTH', 'ORDERPAID'])(
    '%s says nothing about the order',
    async (code) => {
      upstream.answers(refusal(code));
      expect((await open().query(reference)).outcome).toBe('unknown');
    },
  );

  test('ORDERNOTEXIST is no verdict without result_code FAIL', async () => {
    upstream.answers({ result_code: undefined, err_code: 'ORDERNOTEXIST' });
    expect((await open().query(reference)).outcome).toBe('unknown');
  });
});
