import { describe, expect, test } from 'vitest';
import type { BeginReport } from '../../../src/channels/channel.ts';
import { bench, codeOrder, PAID, PAID_FACTS } from './account.ts';
import { refusal } from './upstream.ts';

const { upstream, open } = bench();
const { trade_state: _state, trade_state_desc: _words, ...TAKEN } = { ...PAID, trade_type: 'MICROPAY' };
const USERPAYING = refusal('USERPAYING', '需要用户输入支付密码');

async function pay(): Promise<BeginReport> {
  return (await open().prepareBegin(codeOrder)).send();
}

describe('a payment code', () => {
  test('is sent as documented, without an address for callbacks, and paid at once', async () => {
    upstream.answers(TAKEN);
    expect(await pay()).toMatchObject({ outcome: 'paid', facts: PAID_FACTS, message: 'success' });
    expect(upstream.paths).toEqual(['POST /pay/micropay']);
    const { members, signed } = upstream.last;
    expect(signed).toBe(true);
    expect(members).toMatchObject({
      appid: 'wx8888888888888888',
      mch_id: '1230000109',
      sub_mch_id: '1900000109',
      auth_code: '136345610916464024',
      out_trade_no: codeOrder.out_trade_no,
      total_fee: '221',
      spbill_create_ip: '14.23.150.211',
      time_start: '20260301120000',
      time_expire: '20260301120500',
      scene_info: '{"store_info":{"id":"0001"}}',
    });
    for (const name of ['notify_url', 'trade_type', 'product_id']) expect(members).not.toHaveProperty(name);
  });

  test('may need the payer’s password', async () => {
    upstream.answers(USERPAYING);
    expect(await pay()).toMatchObject({ outcome: 'paying', message: 'USERPAYING, 需要用户输入支付密码' });
    upstream.answers(refusal('USERPAYING', ''));
    expect(await pay()).toMatchObject({ outcome: 'paying', message: 'USERPAYING' });
  });

  test.each([
    'NOTENOUGH',
    'NOTSUPORTCARD',
    'AUTHCODEEXPIRE',
    'AUTH_CODE_ERROR',
    'AUTH_CODE_INVALID',
    'TRADE_ERROR',
    'RULELIMIT',
    'BUYER_MISMATCH',
    'PARAM_ERROR',
    'LACK_PARAMS',
  ])('%s is declined in the channel’s words', async (code) => {
    upstream.answers(refusal(code));
    expect(await pay()).toMatchObject({ outcome: 'declined', code, message: '请检查' });
    expect(upstream.requests).toHaveLength(1);
  });

  test.each(['NOAUTH', 'APPID_NOT_EXIST', 'MCHID_NOT_EXIST', 'APPID_MCHID_NOT_MATCH', 'SIGNERROR'])(
    '%s is the account’s fault',
    async (code) => {
      upstream.answers(refusal(code));
      expect(await pay()).toMatchObject({ outcome: 'declined', code, account_fault: true });
    },
  );

  test.each([
    ['SYSTEMERROR', 'system_error'],
    ['BANKERROR', 'bankerror'],
    ['FREQUENCY_LIMITED', 'frequency_limited'],
    ['A_CODE_FROM_NEXT_YEAR', 'a_code_from_next_year'],
  ])('%s has to be asked about', async (code, reason) => {
    upstream.answers(refusal(code));
    expect(await pay()).toMatchObject({ outcome: 'unknown', reason });
  });

  test('USERPAYING beside a success, or a success without words, decides nothing', async () => {
    upstream.answers({ result_code: undefined, err_code: 'USERPAYING' });
    expect(await pay()).toMatchObject({ outcome: 'unknown', reason: 'userpaying' });
    for (const name of ['transaction_id', 'total_fee']) {
      upstream.answers({ ...TAKEN, [name]: undefined });
      expect(await pay()).toMatchObject({ outcome: 'unknown', reason: 'not_understood' });
    }
  });

  test('a genuine success of another number is none', async () => {
    upstream.answers({ ...TAKEN, out_trade_no: '65e1a2c0aabbccddeeff9999' });
    expect(await pay()).toMatchObject({ outcome: 'unknown', reason: 'other_order' });
  });

  test.each(['hang', 'drop'] as const)('a lost answer (%s) is unknown', async (behaviour) => {
    upstream.answers(behaviour);
    const prepared = await open({ timeout_ms: 100 }).prepareBegin(codeOrder);
    expect((await prepared.send()).outcome).toBe('unknown');
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a code that speaks of the number', () => {
  const HISTORY = ['ORDERPAID', 'OUT_TRADE_NO_USED', 'ORDERCLOSED', 'ORDERREVERSED', 'INVALID_REQUEST'];

  test.each(HISTORY)('%s is a refusal when the number does not exist', async (code) => {
    upstream.answers(refusal(code), refusal('ORDERNOTEXIST'));
    expect(await pay()).toMatchObject({ outcome: 'declined', code });
  });

  test('ORDERPAID of an earlier try that went through is a success', async () => {
    upstream.answers(refusal('ORDERPAID'), { ...PAID, trade_type: 'MICROPAY' });
    expect(await pay()).toMatchObject({ outcome: 'paid', facts: PAID_FACTS, message: 'success' });
  });

  test.each(['USERPAYING', 'NOTPAY', 'PAYERROR', 'CLOSED', 'REVOKED'])(
    'ORDERREVERSED decides nothing when the order is %s',
    async (trade_state) => {
      upstream.answers(refusal('ORDERREVERSED'), { ...PAID, trade_state });
      expect(await pay()).toMatchObject({ outcome: 'unknown', reason: 'orderreversed' });
    },
  );
});
