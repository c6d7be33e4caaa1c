import { describe, expect, test } from 'vitest';
import { bench, refund, refundObject } from './support/account.ts';

const { upstream, open } = bench();
const directRefund = { ...refund, order: { ...refund.order, merchant_params: {} } };
const NOT_EXISTS = { status: 404, body: { code: 'RESOURCE_NOT_EXISTS', message: '退款单不存在' } };

describe('refunding', () => {
  test('a partner’s request is sent as documented', async () => {
    upstream.answers({ status: 200, body: refundObject({ status: 'PROCESSING' }) });
    await open().refund(refund);
    expect(upstream.paths).toEqual(['POST /v3/refund/domestic/refunds']);
    expect(upstream.last.signed).toBe(true);
    expect(JSON.parse(upstream.last.body)).toEqual({
      sub_mchid: '1900000109',
      out_trade_no: '65e1a2c0aabbccddeeff0011',
      out_refund_no: '65e1a2c1aabbccddeeff0022',
      reason: '商品已售完',
      notify_url: 'https://pay.example.com/notify/wechat/1',
      amount: { refund: 100, total: 221, currency: 'CNY' },
    });
  });

  test('a direct merchant sends no sub_mchid, and an empty reason is left out', async () => {
    upstream.answers({ status: 200, body: refundObject() });
    await open({ mode: 'direct' }).refund({ ...directRefund, reason: '' });
    const body = JSON.parse(upstream.last.body);
    expect(body).not.toHaveProperty('sub_mchid');
    expect(body).not.toHaveProperty('reason');
  });

  test('the reason is cut to 80 bytes of whole characters', async () => {
    upstream.answers({ status: 200, body: refundObject() });
    await open().refund({ ...refund, reason: '退'.repeat(27) });
    expect(JSON.parse(upstream.last.body).reason).toBe('退'.repeat(26));
    await open().refund({ ...refund, reason: `${'x'.repeat(77)}😀` });
    expect(JSON.parse(upstream.last.body).reason).toBe('x'.repeat(77));
  });

  test('a success tells WeChat Pay’s number and the amount', async () => {
    const body = refundObject();
    upstream.answers({ status: 200, body });
    expect(await open().refund(refund)).toEqual({
      outcome: 'succeeded',
      channel_refund_id: '50000000382019052709732678859',
      amount_fen: 100,
      raw: JSON.stringify(body),
    });
  });

  test.each([
    ['SUCCESS', 'succeeded'],
    ['PROCESSING', 'processing'],
    ['CLOSED', 'closed'],
    ['ABNORMAL', 'abnormal'],
    ['A_STATUS_FROM_NEXT_YEAR', 'unknown'],
    [undefined, 'unknown'],
  ])('status %s is %s, asked for and queried', async (status, outcome) => {
    upstream.answers({ status: 200, body: refundObject({ status }) });
    expect((await open().refund(refund)).outcome).toBe(outcome);
    expect((await open().queryRefund(refund)).outcome).toBe(outcome);
  });

  test.each([
    [400, 'PARAM_ERROR'],
    [401, 'SIGN_ERROR'],
    [403, 'NO_AUTH'],
    [403, 'USER_ACCOUNT_ABNORMAL'],
    [403, 'ACCOUNT_ERROR'],
    [403, 'REQUEST_BLOCKED'],
    [403, 'TRADE_OVERDUE'],
    [404, 'MCH_NOT_EXISTS'],
    [404, 'RESOURCE_NOT_EXISTS'],
    [404, 'ORDER_NOT_EXIST'],
    [400, 'APPID_MCHID_NOT_MATCH'],
    [400, 'INVALID_TRANSACTIONID'],
  ])('%i %s is declined', async (status, code) => {
    upstream.answers({ status, body: { code, message: '请检查' } });
    expect(await open().refund(refund)).toMatchObject({ outcome: 'declined', code, message: '请检查' });
    expect(upstream.requests).toHaveLength(1);
  });

  test.each([
    [500, 'SYSTEM_ERROR', 'system_error'],
    [500, 'BIZERR_NEED_RETRY', 'bizerr_need_retry'],
    [400, 'BIZERR_NEED_RETRY', 'bizerr_need_retry'],
    [429, 'FREQUENCY_LIMITED', 'frequency_limited'],
    [403, 'INVALID_REQ_TOO_MUCH', 'invalid_req_too_much'],
    [400, 'A_CODE_FROM_NEXT_YEAR', 'a_code_from_next_year'],
  ])('%i %s decides nothing', async (status, code, reason) => {
    upstream.answers({ status, body: { code, message: '?' } });
    expect(await open().refund(refund)).toMatchObject({ outcome: 'unknown', reason });
  });

  test.each(['NOT_ENOUGH', 'NOTENOUGH'])('%s keeps the refund in process, to be sent again', async (code) => {
    upstream.answers({ status: 403, body: { code, message: '余额不足' } });
    expect(await open().refund(refund)).toMatchObject({
      outcome: 'processing',
      channel_refund_id: null,
      message: '余额不足',
    });
  });

  test('INVALID_REQUEST is declined once a query says that the refund number does not exist', async () => {
    upstream.answers({ status: 400, body: { code: 'INVALID_REQUEST', message: '超过可退金额' } }, NOT_EXISTS);
    expect(await open().refund(refund)).toMatchObject({ outcome: 'declined', message: '超过可退金额' });
    expect(upstream.paths).toEqual([
      'POST /v3/refund/domestic/refunds',
      'GET /v3/refund/domestic/refunds/65e1a2c1aabbccddeeff0022?sub_mchid=1900000109',
    ]);
  });

  test('INVALID_REQUEST decides nothing while WeChat Pay has a refund of that number', async () => {
    upstream.answers(
      { status: 400, body: { code: 'INVALID_REQUEST', message: '?' } },
      { status: 200, body: refundObject() },
    );
    expect(await open().refund(refund)).toMatchObject({ outcome: 'unknown', reason: 'invalid_request' });
  });

  test.each([
    ['refund', { out_refund_no: 'another' }],
    ['order', { out_trade_no: 'another' }],
  ])('a genuine answer about another %s is not believed', async (_what, overrides) => {
    upstream.answers({ status: 200, body: refundObject(overrides) });
    expect(await open().refund(refund)).toMatchObject({ outcome: 'unknown', reason: 'other_order' });
    expect(await open().queryRefund(refund)).toMatchObject({ outcome: 'unknown', reason: 'other_order' });
  });

  test('a lost answer is unknown', async () => {
    upstream.answers('drop');
    expect(await open().refund(refund)).toEqual({ outcome: 'unknown', reason: 'connection_lost' });
  });
});

describe('asking for a refund', () => {
  test('a direct merchant asks by number alone', async () => {
    upstream.answers({ status: 200, body: refundObject() });
    await open({ mode: 'direct' }).queryRefund(directRefund);
    expect(upstream.paths).toEqual(['GET /v3/refund/domestic/refunds/65e1a2c1aabbccddeeff0022']);
  });

  test('RESOURCE_NOT_EXISTS means that WeChat Pay does not know the number', async () => {
    upstream.answers(NOT_EXISTS);
    expect(await open().queryRefund(refund)).toMatchObject({ outcome: 'not_found', message: '退款单不存在' });
  });

  test.each([
    [401, 'SIGN_ERROR'],
    [404, 'MCH_NOT_EXISTS'],
    [429, 'FREQUENCY_LIMITED'],
    [500, 'SYSTEM_ERROR'],
  ])('a refused question (%i %s) says nothing about the refund', async (status, code) => {
    upstream.answers({ status, body: { code, message: '?' } });
    expect((await open().queryRefund(refund)).outcome).toBe('unknown');
  });
});
