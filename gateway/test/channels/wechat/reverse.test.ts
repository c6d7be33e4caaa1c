import { describe, expect, test } from 'vitest';
import type { OrderReference } from '../../../src/channels/channel.ts';
import { bench, reference } from './support/account.ts';
import { makeKey } from './support/certificate.ts';

const { upstream, open } = bench();
const paid: OrderReference = { ...reference, pay_type: 'common.micro', fields: { auth_code: '136345610916464024' } };
const ECHO = { sp_mchid: '1230000109', sub_mchid: '1900000109', out_trade_no: paid.out_trade_no };

describe('reversing an order of a payment code', () => {
  test('a partner names itself, the sub-merchant and both applications', async () => {
    upstream.answers({ status: 200, body: ECHO });
    expect(await open().reverse(paid)).toEqual({
      outcome: 'reversed',
      refunded: null,
      message: '',
      raw: JSON.stringify(ECHO),
    });
    expect(upstream.paths).toEqual(['POST /v3/pay/partner/transactions/out-trade-no/65e1a2c0aabbccddeeff0011/reverse']);
    expect(JSON.parse(upstream.last.body)).toEqual({
      sp_appid: 'wx8888888888888888',
      sp_mchid: '1230000109',
      sub_appid: 'wxd678efh567hg6999',
      sub_mchid: '1900000109',
    });
    expect(upstream.last.signed).toBe(true);
  });

  test('a route without sub_appid sends none', async () => {
    upstream.answers({ status: 200, body: ECHO });
    await open().reverse({ ...paid, merchant_params: { sub_mchid: '1900000109' } });
    expect(JSON.parse(upstream.last.body)).not.toHaveProperty('sub_appid');
  });

  test('a direct merchant names its appid and itself', async () => {
    upstream.answers({ status: 200, body: ECHO });
    const report = await open({ mode: 'direct' }).reverse({ ...paid, merchant_params: {} });
    expect(report.outcome).toBe('reversed');
    expect(upstream.paths).toEqual(['POST /v3/pay/transactions/out-trade-no/65e1a2c0aabbccddeeff0011/reverse']);
    expect(JSON.parse(upstream.last.body)).toEqual({ appid: 'wx8888888888888888', mchid: '1230000109' });
  });

  test('it may be repeated: the same request gets the same report', async () => {
    upstream.answers({ status: 200, body: ECHO });
    const client = open();
    expect(await client.reverse(paid)).toEqual(await client.reverse(paid));
    expect(upstream.requests[0]?.body).toBe(upstream.requests[1]?.body);
  });

  test.each([
    [400, 'ORDER_REVERSED', { outcome: 'reversed', refunded: null }],
    [400, 'ORDER_CLOSED', { outcome: 'reversed', refunded: false }],
    [404, 'ORDER_NOT_EXIST', { outcome: 'not_found', message: '订单状态' }],
    [404, 'ORDERNOTEXIST', { outcome: 'not_found' }],
    [400, 'PARAM_ERROR', { outcome: 'declined', code: 'PARAM_ERROR', message: '订单状态' }],
    [400, 'INVALID_REQUEST', { outcome: 'declined' }],
    [400, 'MCH_NOT_EXISTS', { outcome: 'declined' }],
    [400, 'APPID_MCHID_NOT_MATCH', { outcome: 'declined' }],
    [401, 'SIGN_ERROR', { outcome: 'declined' }],
    [403, 'NO_AUTH', { outcome: 'declined' }],
    [403, 'REQUEST_BLOCKED', { outcome: 'declined' }],
    [403, 'REVERSE_EXPIRE', { outcome: 'declined' }],
    [202, 'USERPAYING', { outcome: 'unknown', reason: 'userpaying' }],
    [400, 'ORDER_PAID', { outcome: 'unknown', reason: 'order_paid' }],
    [403, 'TRADE_ERROR', { outcome: 'unknown', reason: 'trade_error' }],
    [429, 'FREQUENCY_LIMITED', { outcome: 'unknown', reason: 'frequency_limited' }],
    [500, 'SYSTEM_ERROR', { outcome: 'unknown', reason: 'system_error' }],
    [500, 'PARAM_ERROR', { outcome: 'unknown', reason: 'param_error' }],
    [503, undefined, { outcome: 'unknown', reason: 'http_503' }],
    [400, 'A_CODE_FROM_NEXT_YEAR', { outcome: 'unknown', reason: 'a_code_from_next_year' }],
    [204, undefined, { outcome: 'unknown', reason: 'not_understood' }],
  ])('%i %s', async (status, code, report) => {
    upstream.answers(status === 204 ? { status } : { status, body: { code, message: '订单状态' } });
    const said = await open().reverse(paid);
    expect(said).toMatchObject(report);
    // Which account holds an order is settled: a refused reverse sends nobody to another one.
    expect(said).not.toHaveProperty('account_fault');
  });

  test.each([
    ['of another order', { status: 200, body: { ...ECHO, out_trade_no: '65e1a2c0aabbccddeeff9999' } }, 'other_order'],
    ['of no order', { status: 200, body: { sp_mchid: '1230000109' } }, 'other_order'],
    ['that is no JSON', { status: 200, body: 'ok' }, 'not_understood'],
    ['without a signature', { status: 200, body: ECHO, signed_by: null }, 'bad_signature'],
    [
      'signed by a stranger',
      { status: 200, body: ECHO, signed_by: { key: makeKey(), serial: '5157F09EFDC096DE15EBE81A47057A7232F1B8E1' } },
      'bad_signature',
    ],
    [
      'an unsigned ORDER_NOT_EXIST',
      { status: 404, body: { code: 'ORDER_NOT_EXIST' }, signed_by: null },
      'bad_signature',
    ],
  ])('an answer %s reverses nothing', async (_what, answer, reason) => {
    upstream.answers(answer);
    expect(await open().reverse(paid)).toMatchObject({ outcome: 'unknown', reason });
  });

  test('a lost answer leaves the order as it was', async () => {
    upstream.answers('drop');
    expect(await open().reverse(paid)).toEqual({ outcome: 'unknown', reason: 'connection_lost' });
  });
});
