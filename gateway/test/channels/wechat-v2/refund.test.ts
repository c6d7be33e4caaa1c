import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ChannelMisconfigured } from '../../../src/channels/channel.ts';
import { order, PARTNER_PARAMS, refund } from '../wechat/support/account.ts';
import { bench, merchant } from './account.ts';
import { API_KEY, refusal, type Members } from './upstream.ts';

const { upstream, open } = bench();
const ACCEPTED = {
  transaction_id: '4200001234202603011234567890',
  out_trade_no: order.out_trade_no,
  out_refund_no: refund.out_refund_no,
  refund_id: '50000000382019052709732678859',
  refund_fee: '100',
  total_fee: '221',
  cash_fee: '201',
};

describe('asking for a refund', () => {
  test('shows the account’s certificate, is sent as documented, and is accepted, which is no success yet', async () => {
    upstream.answers(ACCEPTED);
    expect(await open().refund(refund)).toMatchObject({
      outcome: 'processing',
      channel_refund_id: '50000000382019052709732678859',
    });
    expect(upstream.paths).toEqual(['POST /secapi/pay/refund']);
    const { nonce_str: _nonce, sign: _sign, ...members } = upstream.last.members;
    expect(members).toEqual({
      appid: 'wx8888888888888888',
      mch_id: '1230000109',
      sub_appid: PARTNER_PARAMS.sub_appid,
      sub_mch_id: PARTNER_PARAMS.sub_mchid,
      sign_type: 'HMAC-SHA256',
      out_trade_no: order.out_trade_no,
      out_refund_no: refund.out_refund_no,
      total_fee: '221',
      refund_fee: '100',
      refund_desc: '商品已售完',
      notify_url: 'https://pay.example.com/notify/wechat/1',
    });
    expect(upstream.last.signed).toBe(true);
    expect(upstream.last.certificate).toBe(new X509Certificate(merchant.certificate_pem).fingerprint256);
  });

  test('a reason is cut to 80 bytes, and none is not sent', async () => {
    upstream.answers(ACCEPTED);
    await open().refund({ ...refund, reason: '商'.repeat(40) });
    expect(upstream.last.members['refund_desc']).toBe('商'.repeat(26));
    await open().refund({ ...refund, reason: '' });
    expect(upstream.last.members).not.toHaveProperty('refund_desc');
  });

  test.each([
    ['another order', { out_trade_no: '65e1a2c0aabbccddeeff9999' }],
    ['another refund', { out_refund_no: '65e1a2c1aabbccddeeff9999' }],
    ['no refund', { out_refund_no: undefined }],
  ])('a genuine acceptance of %s is none of ours', async (_what, change) => {
    upstream.answers({ ...ACCEPTED, ...change });
    expect(await open().refund(refund)).toMatchObject({ outcome: 'unknown', reason: 'other_order' });
  });

  test('NOTENOUGH is sent again later', async () => {
    upstream.answers(refusal('NOTENOUGH', '基本账户余额不足'));
    expect(await open().refund(refund)).toMatchObject({ outcome: 'processing', message: '基本账户余额不足' });
  });

  test.each([
    'PARAM_ERROR',
    'SIGNERROR',
    'NOAUTH',
    'CERT_ERROR',
    'ORDERNOTEXIST',
    'INVALID_TRANSACTIONID',
    'TRADE_OVERDUE',
    'USER_ACCOUNT_ABNORMAL',
    'APPID_NOT_EXIST',
  ])('%s is declined in the channel’s words', async (code) => {
    upstream.answers(refusal(code));
    expect(await open().refund(refund)).toMatchObject({ outcome: 'declined', code, message: '请检查' });
    expect(upstream.requests).toHaveLength(1);
  });

  test.each([
    ['SYSTEMERROR', 'system_error'],
    ['BIZERR_NEED_RETRY', 'bizerr_need_retry'],
    ['INVALID_REQ_TOO_MUCH', 'invalid_req_too_much'],
    ['FREQUENCY_LIMITED', 'frequency_limited'],
    ['REFUND_FEE_MISMATCH', 'refund_fee_mismatch'],
  ])('%s decides nothing: %s', async (code, reason) => {
    upstream.answers(refusal(code));
    expect(await open().refund(refund)).toMatchObject({ outcome: 'unknown', reason });
  });

  test.each(['INVALID_REQUEST', 'ERROR'])('%s is a refusal when the refund does not exist', async (code) => {
    upstream.answers(refusal(code), refusal('REFUNDNOTEXIST'));
    expect(await open().refund(refund)).toMatchObject({ outcome: 'declined', code });
    expect(upstream.paths).toEqual(['POST /secapi/pay/refund', 'POST /pay/refundquery']);
    upstream.answers(refusal(code), refusal('SYSTEMERROR'));
    expect(await open().refund(refund)).toMatchObject({ outcome: 'unknown', reason: code.toLowerCase() });
  });

  test('is impossible without a client certificate, and nothing is sent; asking is not', async () => {
    const client = open({}, { api_v2_key: API_KEY });
    await expect(client.refund(refund)).rejects.toThrow(ChannelMisconfigured);
    await expect(client.refund(refund)).rejects.toThrow('merchant_certificate is missing');
    expect(upstream.requests).toEqual([]);
    upstream.answers(refusal('REFUNDNOTEXIST'));
    expect((await client.queryRefund(refund)).outcome).toBe('not_found');
  });
});

describe('asking for a refund’s state', () => {
  const other = {
    out_refund_no_0: '65e1a2c1aabbccddeeff3333',
    refund_id_0: '50000000382019052709732670000',
    refund_fee_0: '50',
    refund_status_0: 'REFUNDCLOSE',
    coupon_refund_fee_0_0: '1',
  };
  const listed = (refund_status_1: string | undefined): Members => ({
    transaction_id: '4200001234202603011234567890',
    out_trade_no: order.out_trade_no,
    total_fee: '221',
    cash_fee: '201',
    refund_count: '2',
    ...other,
    out_refund_no_1: refund.out_refund_no,
    refund_id_1: '50000000382019052709732678859',
    refund_fee_1: '100',
    refund_status_1,
    refund_recv_accout_1: '招商银行信用卡0403',
  });

  test('asks by its number and finds it among the order’s refunds', async () => {
    upstream.answers(listed('SUCCESS'));
    expect(await open().queryRefund(refund)).toMatchObject({
      outcome: 'succeeded',
      channel_refund_id: '50000000382019052709732678859',
      amount_fen: 100,
    });
    expect(upstream.paths).toEqual(['POST /pay/refundquery']);
    expect(upstream.last.members['out_refund_no']).toBe(refund.out_refund_no);
    expect(upstream.last.certificate).toBeNull();
  });

  test.each([
    ['PROCESSING', 'processing'],
    ['REFUNDCLOSE', 'closed'],
    ['CHANGE', 'abnormal'],
    ['A_STATE_FROM_NEXT_YEAR', 'unknown'],
    [undefined, 'unknown'],
  ])('%s is %s', async (status, outcome) => {
    upstream.answers(listed(status));
    expect((await open().queryRefund(refund)).outcome).toBe(outcome);
  });

  test.each([
    ['another order', { ...listed('SUCCESS'), out_trade_no: '65e1a2c0aabbccddeeff9999' }],
    ['no order', { ...listed('SUCCESS'), out_trade_no: undefined }],
    ['other refunds alone', { ...listed('SUCCESS'), out_refund_no_1: '65e1a2c1aabbccddeeff4444' }],
  ])('a genuine list of %s tells nothing', async (_what, answer) => {
    upstream.answers(answer);
    expect(await open().queryRefund(refund)).toMatchObject({ outcome: 'unknown', reason: 'other_order' });
  });

  test.each([
    ['REFUNDNOTEXIST', 'not_found'],
    ['SYSTEMERROR', 'unknown'],
    ['INVALID_TRANSACTIONID', 'unknown'],
    ['PARAM_ERROR', 'unknown'],
  ])('%s: %s', async (code, outcome) => {
    upstream.answers(refusal(code));
    expect((await open().queryRefund(refund)).outcome).toBe(outcome);
  });
});
