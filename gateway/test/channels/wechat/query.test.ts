import { describe, expect, test } from 'vitest';
import { bench, NOW_MS, orderObject, reference } from './support/account.ts';

const { upstream, open } = bench();
const DIRECT = { mode: 'direct' } as const;
const directReference = { ...reference, merchant_params: {} };

describe('asking for an order', () => {
  test('a partner names itself and the sub-merchant', async () => {
    upstream.answers({ status: 200, body: orderObject() });
    await open().query(reference);
    expect(upstream.paths).toEqual([
      'GET /v3/pay/partner/transactions/out-trade-no/65e1a2c0aabbccddeeff0011?sp_mchid=1230000109&sub_mchid=1900000109',
    ]);
    expect(upstream.last).toMatchObject({ signed: true, body: '' });
    expect(upstream.last.headers['content-type']).toBeUndefined();
  });

  test('a direct merchant names itself', async () => {
    upstream.answers({ status: 404, body: { code: 'ORDER_NOT_EXIST', message: '订单不存在' } });
    await open(DIRECT).query(directReference);
    expect(upstream.paths).toEqual(['GET /v3/pay/transactions/out-trade-no/65e1a2c0aabbccddeeff0011?mchid=1230000109']);
  });

  test('a paid partner order is reported with everything that WeChat Pay told', async () => {
    const body = orderObject();
    upstream.answers({ status: 200, body });
    expect(await open().query(reference)).toEqual({
      outcome: 'paid',
      facts: {
        transaction_id: '4200001234202603011234567890',
        amount_fen: 221,
        currency: 'CNY',
        identity: {
          sp_appid: 'wx8888888888888888',
          sp_mchid: '1230000109',
          sub_appid: 'wxd678efh567hg6999',
          sub_mchid: '1900000109',
        },
        paid_at_ms: NOW_MS + 30_000,
        details: {
          bank_type: 'CMC',
          cash_fee: '201',
          fee_type: 'CNY',
          openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
          sub_openid: 'oSub8uMuAJO_M2pxb1Q9zNjWeS6o',
        },
        refunded: false,
      },
      raw: JSON.stringify(body),
    });
  });

  test('a paid direct order carries appid, mchid and openid, and only what was told', async () => {
    upstream.answers({
      status: 200,
      body: {
        appid: 'wx8888888888888888',
        mchid: '1230000109',
        out_trade_no: reference.out_trade_no,
        transaction_id: '42000012342026030112345',
        trade_state: 'SUCCESS',
        payer: { openid: 'oUpF8' },
        amount: { total: 221, currency: 'CNY' },
      },
    });
    expect(await open(DIRECT).query(directReference)).toMatchObject({
      outcome: 'paid',
      facts: {
        identity: { appid: 'wx8888888888888888', mchid: '1230000109' },
        paid_at_ms: null,
        details: { openid: 'oUpF8' },
      },
    });
  });

  test('the identity of a paid order is what the account and the route expect', async () => {
    upstream.answers({ status: 200, body: orderObject() });
    const client = open();
    const report = await client.query(reference);
    const facts = report.outcome === 'paid' ? report.facts : null;
    expect(facts?.identity).toEqual(client.expectedIdentity(reference));
  });

  test.each([
    ['SUCCESS', 'paid'],
    ['REFUND', 'paid'],
    ['NOTPAY', 'waiting'],
    ['USERPAYING', 'waiting'],
    ['ACCEPT', 'waiting'],
    ['PAYERROR', 'waiting'],
    ['CLOSED', 'closed'],
    ['REVOKED', 'reversed'],
    ['A_STATE_FROM_NEXT_YEAR', 'unknown'],
    ['', 'unknown'],
    [undefined, 'unknown'],
  ])('trade_state %s is %s', async (trade_state, outcome) => {
    upstream.answers({ status: 200, body: orderObject({ trade_state }) });
    expect((await open().query(reference)).outcome).toBe(outcome);
  });

  test('a failed payment is over only with a payment code: who pays otherwise may try again', async () => {
    const body = orderObject({ trade_type: 'MICROPAY', trade_state: 'PAYERROR', trade_state_desc: '支付失败' });
    upstream.answers({ status: 200, body });
    const report = await open().query({ ...reference, pay_type: 'common.micro' });
    expect(report).toEqual({ outcome: 'pay_error', message: '支付失败', raw: JSON.stringify(body) });
    expect((await open().query(reference)).outcome).toBe('waiting');
  });

  test('an order in REFUND was paid and has gone back since', async () => {
    upstream.answers({ status: 200, body: orderObject({ trade_state: 'REFUND' }) });
    expect(await open().query(reference)).toMatchObject({ outcome: 'paid', facts: { refunded: true } });
  });

  test.each([
    ['without a number', { transaction_id: undefined }],
    ['without an amount', { amount: undefined }],
    ['with a negative amount', { amount: { total: -1 } }],
    ['with a fractional amount', { amount: { total: 2.21 } }],
    ['with an amount in words', { amount: { total: '221' } }],
  ])('a success %s is not a success', async (_what, overrides) => {
    upstream.answers({ status: 200, body: orderObject(overrides) });
    expect(await open().query(reference)).toMatchObject({ outcome: 'unknown', reason: 'not_understood' });
  });

  test('a genuine answer about another order is not believed', async () => {
    upstream.answers({ status: 200, body: orderObject({ out_trade_no: '65e1a2c0aabbccddeeff9999' }) });
    expect(await open().query(reference)).toMatchObject({ outcome: 'unknown', reason: 'other_order' });
  });

  test.each([
    [404, 'ORDER_NOT_EXIST'],
    [404, 'ORDERNOTEXIST'],
    [400, 'ORDER_NOT_EXIST'],
  ])('%i %s means that WeChat Pay does not know the number', async (status, code) => {
    upstream.answers({ status, body: { code, message: '订单不存在' } });
    expect(await open().query(reference)).toMatchObject({ outcome: 'not_found', message: '订单不存在' });
  });

  test.each([
    [401, 'SIGN_ERROR', 'sign_error'],
    [400, 'PARAM_ERROR', 'param_error'],
    [403, 'NO_AUTH', 'no_auth'],
    [404, 'RESOURCE_NOT_EXISTS', 'resource_not_exists'],
    [429, 'FREQUENCY_LIMITED', 'frequency_limited'],
    [500, 'SYSTEM_ERROR', 'system_error'],
  ])('a refused question (%i %s) says nothing about the payment', async (status, code, reason) => {
    upstream.answers({ status, body: { code, message: '?' } });
    expect(await open().query(reference)).toMatchObject({ outcome: 'unknown', reason });
  });

  test('an unsigned ORDER_NOT_EXIST is not believed', async () => {
    upstream.answers({ status: 404, body: { code: 'ORDER_NOT_EXIST', message: '' }, signed_by: null });
    expect(await open().query(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });
});
