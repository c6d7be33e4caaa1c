import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { reference } from '../wechat/support/account.ts';
import { bench, codeReference, merchant } from './account.ts';
import { API_KEY, refusal } from './upstream.ts';

const { upstream, open } = bench();

function sent(): Record<string, string> {
  const { nonce_str: _nonce, sign: _sign, ...members } = upstream.last.members;
  return members;
}

const OUR_NUMBERS = {
  appid: 'wx8888888888888888',
  mch_id: '1230000109',
  sub_appid: 'wxd678efh567hg6999',
  sub_mch_id: '1900000109',
  out_trade_no: reference.out_trade_no,
  sign_type: 'HMAC-SHA256',
};

describe('closing', () => {
  test('names the order and is confirmed', async () => {
    upstream.answers({ result_msg: 'OK' });
    expect(await open().close(reference)).toMatchObject({ outcome: 'closed', message: '' });
    expect(upstream.paths).toEqual(['POST /pay/closeorder']);
    expect(sent()).toEqual(OUR_NUMBERS);
    expect(upstream.last.signed).toBe(true);
  });

  test.each([
    ['ORDERPAID', 'already_paid'],
    ['ORDERCLOSED', 'closed'],
    ['ORDER_CLOSED', 'closed'],
    ['ORDERNOTEXIST', 'not_found'],
    ['PARAM_ERROR', 'declined'],
    ['NOAUTH', 'declined'],
    ['INVALID_REQUEST', 'declined'],
    ['TRADE_ERROR', 'declined'],
    ['SYSTEMERROR', 'unknown'],
    ['USERPAYING', 'unknown'],
    ['ORDERREVERSED', 'unknown'],
    ['A_CODE_FROM_NEXT_YEAR', 'unknown'],
  ])('%s: %s', async (code, outcome) => {
    upstream.answers(refusal(code));
    expect((await open().close(reference)).outcome).toBe(outcome);
  });

  test('no verdict is no close', async () => {
    upstream.answers({ result_code: undefined, err_code: 'ORDERCLOSED' });
    expect((await open().close(reference)).outcome).toBe('unknown');
    upstream.answers('drop');
    expect((await open().close(reference)).outcome).toBe('unknown');
  });
});

describe('reversing', () => {
  test('shows the account’s certificate, names the order and is confirmed', async () => {
    upstream.answers({ recall: 'N' });
    expect(await open().reverse(codeReference)).toMatchObject({ outcome: 'reversed', refunded: null });
    expect(upstream.paths).toEqual(['POST /secapi/pay/reverse']);
    expect(sent()).toEqual(OUR_NUMBERS);
    expect(upstream.last.certificate).toBe(new X509Certificate(merchant.certificate_pem).fingerprint256);
  });

  test.each([
    ['a success', { recall: 'Y' }],
    ['a refusal', { ...refusal('SYSTEMERROR'), recall: 'Y' }],
    ['a definite refusal', { ...refusal('TRADE_ERROR'), recall: 'Y' }],
  ])('%s with recall=Y is to be asked for again', async (_what, answer) => {
    upstream.answers(answer);
    expect((await open().reverse(codeReference)).outcome).toBe('again');
  });

  test.each([
    ['USERPAYING', 'again'],
    ['ORDERREVERSED', 'reversed'],
    ['ORDERCLOSED', 'reversed'],
    ['ORDERNOTEXIST', 'not_found'],
    ['TRADE_ERROR', 'declined'],
    ['INVALID_TRANSACTIONID', 'declined'],
    ['REVERSE_EXPIRE', 'declined'],
    ['CERT_ERROR', 'declined'],
    ['PARAM_ERROR', 'declined'],
    ['NOAUTH', 'declined'],
    ['SYSTEMERROR', 'unknown'],
    ['BANKERROR', 'unknown'],
    ['INVALID_REQUEST', 'unknown'],
    ['ORDERPAID', 'unknown'],
    ['A_CODE_FROM_NEXT_YEAR', 'unknown'],
  ])('%s: %s', async (code, outcome) => {
    upstream.answers({ ...refusal(code), recall: 'N' });
    expect((await open().reverse(codeReference)).outcome).toBe(outcome);
  });

  test('no verdict, and no answer, is no reverse', async () => {
    upstream.answers({ result_code: undefined, recall: 'N' });
    expect((await open().reverse(codeReference)).outcome).toBe('unknown');
    upstream.answers('drop');
    expect((await open().reverse(codeReference)).outcome).toBe('unknown');
    upstream.answers('hang');
    expect(await open({ timeout_ms: 100 }).reverse(codeReference)).toEqual({ outcome: 'unknown', reason: 'timeout' });
  });

  test.each([
    ['merchant_certificate', { api_v2_key: API_KEY }],
    ['merchant_certificate', { api_v2_key: API_KEY, merchant_private_key: merchant.key_pem }],
    ['merchant_private_key', { api_v2_key: API_KEY, merchant_certificate: merchant.certificate_pem }],
  ])('is impossible without %s, and nothing is sent', async (field, secrets) => {
    await expect(open({}, secrets).reverse(codeReference)).rejects.toThrow(`${field} is missing`);
    expect(upstream.requests).toEqual([]);
  });
});
