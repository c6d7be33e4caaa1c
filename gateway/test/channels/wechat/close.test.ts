import { describe, expect, test } from 'vitest';
import { bench, reference } from './support/account.ts';

const { upstream, open } = bench();

describe('closing an order', () => {
  test('a partner’s signed 204 closes it', async () => {
    upstream.answers({ status: 204 });
    expect(await open().close(reference)).toEqual({ outcome: 'closed', message: '', raw: '' });
    expect(upstream.paths).toEqual(['POST /v3/pay/partner/transactions/out-trade-no/65e1a2c0aabbccddeeff0011/close']);
    expect(JSON.parse(upstream.last.body)).toEqual({ sp_mchid: '1230000109', sub_mchid: '1900000109' });
    expect(upstream.last.signed).toBe(true);
  });

  test('a direct merchant names itself', async () => {
    upstream.answers({ status: 204 });
    await open({ mode: 'direct' }).close({ ...reference, merchant_params: {} });
    expect(upstream.paths).toEqual(['POST /v3/pay/transactions/out-trade-no/65e1a2c0aabbccddeeff0011/close']);
    expect(JSON.parse(upstream.last.body)).toEqual({ mchid: '1230000109' });
  });

  test('an unsigned 204 closes nothing', async () => {
    upstream.answers({ status: 204, signed_by: null });
    expect(await open().close(reference)).toMatchObject({ outcome: 'unknown', reason: 'bad_signature' });
  });

  test.each([
    [400, 'ORDER_PAID', 'already_paid'],
    [400, 'ORDERPAID', 'already_paid'],
    [403, 'ORDERPAID', 'already_paid'],
    [400, 'ORDER_CLOSED', 'closed'],
    [400, 'ORDERCLOSED', 'closed'],
    [404, 'ORDER_NOT_EXIST', 'not_found'],
    [404, 'ORDERNOTEXIST', 'not_found'],
    [400, 'PARAM_ERROR', 'declined'],
    [400, 'INVALID_REQUEST', 'declined'],
    [400, 'MCH_NOT_EXISTS', 'declined'],
    [400, 'APPID_MCHID_NOT_MATCH', 'declined'],
    [401, 'SIGN_ERROR', 'declined'],
    [403, 'NO_AUTH', 'declined'],
    [403, 'RULE_LIMIT', 'declined'],
    [403, 'TRADE_ERROR', 'declined'],
    [202, 'USERPAYING', 'unknown'],
    [403, 'OUT_TRADE_NO_USED', 'unknown'],
    [429, 'FREQUENCY_LIMITED', 'unknown'],
    [500, 'SYSTEM_ERROR', 'unknown'],
    [500, 'BANK_ERROR', 'unknown'],
    [400, 'A_CODE_FROM_NEXT_YEAR', 'unknown'],
    [200, undefined, 'unknown'],
  ])('%i %s is %s', async (status, code, outcome) => {
    upstream.answers({ status, body: { code, message: '订单状态' } });
    expect((await open().close(reference)).outcome).toBe(outcome);
  });

  test('a lost answer leaves the order as it was', async () => {
    upstream.answers('drop');
    expect(await open().close(reference)).toEqual({ outcome: 'unknown', reason: 'connection_lost' });
  });
});
