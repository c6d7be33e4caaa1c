import { describe, expect, test } from 'vitest';
import type { OrderForChannel } from '../../../src/channels/channel.ts';
import { wechat } from '../../../src/channels/wechat/channel.ts';
import { bench, directOrder, NOW_MS, order, orderObject, PARTNER_PARAMS } from './support/account.ts';
import type { StubAnswer } from './support/upstream.ts';

const { upstream, open } = bench();
const CODE: Partial<OrderForChannel> = { pay_type: 'common.micro', fields: { auth_code: '136345610916464024' } };
const codeOrder: OrderForChannel = { ...order, ...CODE };
const NOT_EXIST: StubAnswer = { status: 404, body: { code: 'ORDER_NOT_EXIST', message: '订单不存在' } };

/** An order object of codepay. */
const paidObject = (overrides: Readonly<Record<string, unknown>> = {}) =>
  orderObject({ trade_type: 'MICROPAY', ...overrides });

async function place(placed: OrderForChannel = codeOrder, mode: 'partner' | 'direct' = 'partner') {
  return (await open({ mode }).prepareBegin(placed)).send();
}

describe('paying with the payer’s code', () => {
  test('a partner’s order is sent as documented: no notify_url, no time_expire', async () => {
    upstream.answers({ status: 200, body: paidObject() });
    await place();
    expect(upstream.paths).toEqual(['POST /v3/pay/partner/transactions/codepay']);
    expect(JSON.parse(upstream.last.body)).toEqual({
      sp_appid: 'wx8888888888888888',
      sp_mchid: '1230000109',
      sub_appid: 'wxd678efh567hg6999',
      sub_mchid: '1900000109',
      description: 'Alex Test Scan',
      out_trade_no: '65e1a2c0aabbccddeeff0011',
      attach: 'Alex attach',
      payer: { auth_code: '136345610916464024' },
      amount: { total: 221, currency: 'CNY' },
      scene_info: { device_id: 'alex device', device_ip: '14.23.150.211', store_info: { out_id: '0001' } },
    });
  });

  test('a direct merchant’s order says only what is known', async () => {
    upstream.answers({ status: 200, body: paidObject() });
    const bare = { spbill_create_ip: null, attach: null, device_info: null, store_id: null } as const;
    await place({ ...directOrder, ...CODE, ...bare }, 'direct');
    expect(upstream.paths).toEqual(['POST /v3/pay/transactions/codepay']);
    expect(JSON.parse(upstream.last.body)).toEqual({
      appid: 'wx8888888888888888',
      mchid: '1230000109',
      description: 'Alex Test Scan',
      out_trade_no: '65e1a2c0aabbccddeeff0011',
      payer: { auth_code: '136345610916464024' },
      amount: { total: 221, currency: 'CNY' },
      scene_info: { store_info: { out_id: '1230000109' } },
    });
  });

  test('a shop number that WeChat Pay does not take gives way to the merchant’s number, a device number too long to nothing', async () => {
    upstream.answers({ status: 200, body: paidObject() });
    await place({ ...codeOrder, store_id: '深圳-1', device_info: 'd'.repeat(33) });
    expect(JSON.parse(upstream.last.body).scene_info).toEqual({
      device_ip: '14.23.150.211',
      store_info: { out_id: PARTNER_PARAMS.sub_mchid },
    });
  });

  test('SUCCESS is paid, with everything that WeChat Pay told', async () => {
    const body = paidObject();
    upstream.answers({ status: 200, body });
    const report = await place();
    expect(report).toEqual({
      outcome: 'paid',
      facts: {
        transaction_id: '4200001234202603011234567890',
        amount_fen: 221,
        currency: 'CNY',
        identity: open().expectedIdentity(codeOrder),
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
      message: 'success',
      raw: JSON.stringify(body),
    });
  });

  test.each<[string, StubAnswer, string]>([
    [
      'a code',
      { status: 202, body: { code: 'USERPAYING', message: '需要用户输入支付密码' } },
      'USERPAYING, 需要用户输入支付密码',
    ],
    [
      'a state with 202',
      { status: 202, body: paidObject({ trade_state: 'USERPAYING', trade_state_desc: '用户支付中' }) },
      'USERPAYING, 用户支付中',
    ],
    [
      'a state with 200',
      { status: 200, body: paidObject({ trade_state: 'USERPAYING', trade_state_desc: '用户支付中' }) },
      'USERPAYING, 用户支付中',
    ],
    ['a code of another status', { status: 403, body: { code: 'USER_PAYING', message: '等待' } }, 'USERPAYING, 等待'],
    ['a code without words', { status: 202, body: { code: 'USERPAYING' } }, 'USERPAYING, 需要用户输入支付密码'],
  ])('the payer types a password: %s', async (_how, answer, message) => {
    upstream.answers(answer);
    expect(await place()).toEqual({ outcome: 'paying', message, raw: JSON.stringify(answer.body) });
  });
});

describe('a refusal of a payment code', () => {
  test.each([
    [400, 'PARAM_ERROR', undefined],
    [403, 'NOT_ENOUGH', undefined],
    [403, 'NOTENOUGH', undefined],
    [403, 'RULE_LIMIT', undefined],
    [403, 'TRADE_ERROR', undefined],
    [403, 'ACCOUNT_ERROR', undefined],
    [403, 'USER_ACCOUNT_ABNORMAL', undefined],
    [400, 'AUTH_CODE_EXPIRE', undefined],
    [400, 'AUTHCODEEXPIRE', undefined],
    [400, 'AUTH_CODE_ERROR', undefined],
    [400, 'NOTSUPORTCARD', undefined],
    [401, 'SIGN_ERROR', true],
    [403, 'NO_AUTH', true],
    [400, 'MCH_NOT_EXISTS', true],
    [400, 'APPID_MCHID_NOT_MATCH', true],
    [403, 'REQUEST_BLOCKED', true],
    [429, 'FREQUENCY_LIMITED', true],
  ])('%i %s is declined in WeChat Pay’s words; the account’s fault: %s', async (status, code, account_fault) => {
    upstream.answers({ status, body: { code, message: '请检查' } });
    const report = await place();
    expect(report).toMatchObject({ outcome: 'declined', code, message: '请检查' });
    expect('account_fault' in report ? report.account_fault : undefined).toBe(account_fault);
    expect(upstream.requests).toHaveLength(1);
  });

  test.each(['INVALID_REQUEST', 'OUT_TRADE_NO_USED', 'AUTH_CODE_INVALID', 'BUYER_MISMATCH'])(
    '%s is declined only once a query says that the number does not exist',
    async (code) => {
      upstream.answers({ status: 400, body: { code, message: '?' } }, NOT_EXIST);
      expect(await place()).toMatchObject({ outcome: 'declined', code });
      expect(upstream.paths[1]).toMatch(/^GET .*\/out-trade-no\/65e1a2c0aabbccddeeff0011\?/);
      upstream.answers({ status: 400, body: { code, message: '?' } }, { status: 200, body: paidObject() });
      expect(await place()).toMatchObject({ outcome: 'unknown', reason: code.toLowerCase() });
      upstream.answers({ status: 400, body: { code, message: '?' } }, 'drop');
      expect(await place()).toMatchObject({ outcome: 'unknown', reason: code.toLowerCase() });
    },
  );

  test.each([
    [400, 'ORDER_PAID', 'order_paid'],
    [400, 'ORDERPAID', 'orderpaid'],
    [400, 'ORDER_CLOSED', 'order_closed'],
    [400, 'ORDER_REVERSED', 'order_reversed'],
    [400, 'BANK_ERROR', 'bank_error'],
    [500, 'BANK_ERROR', 'bank_error'],
    [500, 'SYSTEM_ERROR', 'system_error'],
    [400, 'SYSTEM_ERROR', 'system_error'],
    [500, 'USERPAYING', 'userpaying'],
    [500, 'NOT_ENOUGH', 'not_enough'],
    [502, undefined, 'http_502'],
    [400, 'A_CODE_FROM_NEXT_YEAR', 'a_code_from_next_year'],
    [202, 'ANYTHING_ELSE', 'anything_else'],
  ])('%i %s decides nothing: %s', async (status, code, reason) => {
    upstream.answers({ status, body: { code, message: '?' } });
    expect(await place()).toMatchObject({ outcome: 'unknown', reason });
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('an order object that is no answer to this order', () => {
  test.each<[string, StubAnswer, string]>([
    [
      'of another order',
      { status: 200, body: paidObject({ out_trade_no: '65e1a2c0aabbccddeeff9999' }) },
      'other_order',
    ],
    [
      'of another order whose payer types a password',
      { status: 202, body: paidObject({ out_trade_no: '65e1a2c0aabbccddeeff9999', trade_state: 'USERPAYING' }) },
      'other_order',
    ],
    ['of no order', { status: 200, body: paidObject({ out_trade_no: undefined }) }, 'not_understood'],
    ['paid, with a status that is no success', { status: 202, body: paidObject() }, 'not_understood'],
    ['paid, without an amount', { status: 200, body: paidObject({ amount: undefined }) }, 'not_understood'],
    ['paid, without a number', { status: 200, body: paidObject({ transaction_id: undefined }) }, 'not_understood'],
    ['failed', { status: 200, body: paidObject({ trade_state: 'PAYERROR' }) }, 'payerror'],
    ['closed', { status: 200, body: paidObject({ trade_state: 'CLOSED' }) }, 'closed'],
    ['reversed', { status: 200, body: paidObject({ trade_state: 'REVOKED' }) }, 'revoked'],
    ['not paid', { status: 200, body: paidObject({ trade_state: 'NOTPAY' }) }, 'notpay'],
    ['in a state from next year', { status: 200, body: paidObject({ trade_state: 'X' }) }, 'not_understood'],
    ['a list', { status: 200, body: [paidObject()] }, 'not_understood'],
    ['unsigned', { status: 200, body: paidObject(), signed_by: null }, 'bad_signature'],
    [
      'with its amount changed on the way',
      { status: 200, body: paidObject(), tamper: (_headers, body) => ({ body: body.replace('221', '1') }) },
      'bad_signature',
    ],
    [
      'an unsigned password prompt',
      { status: 202, body: { code: 'USERPAYING', message: '?' }, signed_by: null },
      'bad_signature',
    ],
  ])('%s is unknown', async (_what, answer, reason) => {
    upstream.answers(answer);
    expect(await place()).toMatchObject({ outcome: 'unknown', reason });
  });

  test('a payment that has gone back since is told as one', async () => {
    upstream.answers({ status: 200, body: paidObject({ trade_state: 'REFUND' }) });
    expect(await place()).toMatchObject({ outcome: 'paid', facts: { refunded: true } });
  });

  test('a lost answer is unknown', async () => {
    upstream.answers('drop');
    expect(await place()).toEqual({ outcome: 'unknown', reason: 'connection_lost' });
  });
});

test('WeChat Pay takes codes that begin with 10 to 15, and no others', () => {
  const micro = wechat.pay_types.find((one) => one.code === 'common.micro');
  expect(micro?.takes?.({ auth_code: '136345610916464024' })).toBe(true);
  expect(micro?.takes?.({ auth_code: '285345610916464024' })).toBe(false);
});
