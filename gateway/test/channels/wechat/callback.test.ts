import { describe, expect, test } from 'vitest';
import type { Callback } from '../../../src/channels/channel.ts';
import { makeKey } from './support/certificate.ts';
import {
  API_V3_KEY,
  bench,
  NOW_MS,
  order,
  orderObject,
  PLATFORM_SERIAL,
  refund,
  refundObject,
} from './support/account.ts';
import { encrypt, type StubAnswer } from './support/upstream.ts';

const { upstream, open } = bench();
const ID = 'EV-2018022511223320873';

function notification(event_type: string, content: unknown, overrides: object = {}): Record<string, unknown> {
  const original_type = event_type.startsWith('REFUND') ? 'refund' : 'transaction';
  const plaintext = typeof content === 'string' ? content : JSON.stringify(content);
  const resource = { original_type, ...encrypt(API_V3_KEY, plaintext, original_type) };
  return {
    id: ID,
    create_time: '2026-03-01T12:00:31+08:00',
    resource_type: 'encrypt-resource',
    event_type,
    summary: '支付成功',
    resource,
    ...overrides,
  };
}

/** Signs a body as WeChat Pay would and hands it to the channel. */
async function receive(body: unknown, how: Partial<StubAnswer> = {}): Promise<Callback> {
  return open().readCallback(upstream.sign({ body, ...how }));
}

const refundContent = {
  sp_mchid: '1230000109',
  sub_mchid: '1900000109',
  ...refundObject({ status: undefined }),
  refund_status: 'SUCCESS',
};
const paid = notification('TRANSACTION.SUCCESS', orderObject());

describe('a payment’s callback', () => {
  test('is read with the same facts as a query', async () => {
    expect(await receive(paid)).toEqual({
      kind: 'payment',
      callback_id: ID,
      out_trade_no: order.out_trade_no,
      report: {
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
        raw: JSON.stringify(orderObject()),
      },
    });
    expect(upstream.requests).toEqual([]);
  });

  test('is believed for the state inside the encryption, not for its event type', async () => {
    const callback = await receive(notification('TRANSACTION.SUCCESS', orderObject({ trade_state: 'NOTPAY' })));
    expect(callback).toMatchObject({ kind: 'payment', report: { outcome: 'waiting' } });
  });

  test('about a number that is not ours is handed on: the exceptions queue keeps it', async () => {
    const callback = await receive(notification('TRANSACTION.SUCCESS', orderObject({ out_trade_no: 'unheard-of' })));
    expect(callback).toMatchObject({ kind: 'payment', out_trade_no: 'unheard-of' });
  });
});

describe('a refund’s callback', () => {
  test.each([
    ['REFUND.SUCCESS', 'SUCCESS', 'succeeded'],
    ['REFUND.ABNORMAL', 'ABNORMAL', 'abnormal'],
    ['REFUND.CLOSED', 'CLOSED', 'closed'],
    ['REFUND.SUCCESS', 'A_STATUS_FROM_NEXT_YEAR', 'unknown'],
  ])('%s with refund_status %s is %s', async (event_type, refund_status, outcome) => {
    expect(await receive(notification(event_type, { ...refundContent, refund_status }))).toMatchObject({
      kind: 'refund',
      callback_id: ID,
      out_trade_no: order.out_trade_no,
      out_refund_no: refund.out_refund_no,
      report: { outcome },
    });
  });

  test('of a success tells WeChat Pay’s number and the amount', async () => {
    expect(await receive(notification('REFUND.SUCCESS', refundContent))).toMatchObject({
      report: { outcome: 'succeeded', channel_refund_id: '50000000382019052709732678859', amount_fen: 100 },
    });
  });

  test('whose number holds a NUL, which could not even be looked for, is refused', async () => {
    const callback = await receive(notification('REFUND.SUCCESS', { ...refundContent, out_refund_no: 'r\0' }));
    expect(callback).toEqual({ kind: 'rejected', reason: 'malformed_resource' });
  });

  test('of another merchant is not applied', async () => {
    const callback = await receive(notification('REFUND.SUCCESS', { ...refundContent, sp_mchid: '9' }));
    expect(callback).toMatchObject({ kind: 'unhandled', callback_id: ID });
  });
});

test('a verified callback of another kind is kept aside', async () => {
  expect(await receive(notification('COUPON.USE', { coupon_id: '1' }))).toEqual({
    kind: 'unhandled',
    callback_id: ID,
    reason: 'event_type COUPON.USE',
  });
});

describe('a callback that is refused', () => {
  const stranger = makeKey();
  const header =
    (name: string, value: string) =>
    (headers: Record<string, string>): { headers: Record<string, string> } => ({
      headers: { ...headers, [name]: value },
    });
  const without =
    (name: string) =>
    (headers: Record<string, string>): { headers: Record<string, string> } => ({
      headers: Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name)),
    });

  test.each<[string, Partial<StubAnswer>, string]>([
    ['unsigned', { signed_by: null }, 'missing_signature'],
    ['without a timestamp', { tamper: without('wechatpay-timestamp') }, 'missing_signature'],
    ['without a nonce', { tamper: without('wechatpay-nonce') }, 'missing_signature'],
    ['without a serial', { tamper: without('wechatpay-serial') }, 'missing_signature'],
    ['without a signature', { tamper: without('wechatpay-signature') }, 'missing_signature'],
    ['a probe', { tamper: header('wechatpay-signature', 'WECHATPAY/SIGNTEST/xyz') }, 'sign_test'],
    ['too old', { timestamp_s: NOW_MS / 1000 - 301 }, 'stale_timestamp'],
    ['from the future', { timestamp_s: NOW_MS / 1000 + 301 }, 'stale_timestamp'],
    ['with a timestamp in words', { tamper: header('wechatpay-timestamp', 'now') }, 'stale_timestamp'],
    ['of an unknown key', { signed_by: { key: stranger, serial: 'PUB_KEY_ID_0000' } }, 'unknown_serial'],
    ['signed by a stranger', { signed_by: { key: stranger, serial: PLATFORM_SERIAL } }, 'bad_signature'],
    ['with another nonce', { tamper: header('wechatpay-nonce', 'abc') }, 'bad_signature'],
    ['changed', { tamper: (_headers, body) => ({ body: body.replace('EV-2018', 'EV-2019') }) }, 'bad_signature'],
    ['cut short', { tamper: (_headers, body) => ({ body: body.slice(0, -1) }) }, 'bad_signature'],
    // Re-serialised with other white space: the signature covers the bytes as sent.
    ['reformatted', { tamper: (_headers, body) => ({ body: `${body} ` }) }, 'bad_signature'],
  ])('%s', async (_what, how, reason) => {
    expect(await receive(paid, how)).toEqual({ kind: 'rejected', reason });
  });

  test.each([
    ['not JSON', 'hello', 'malformed_body'],
    ['empty', '', 'malformed_body'],
    ['a list', [paid], 'malformed_body'],
    ['without an id', { ...paid, id: undefined }, 'malformed_body'],
    ['without an event type', { ...paid, event_type: undefined }, 'malformed_body'],
    ['without a resource', { ...paid, resource: undefined }, 'malformed_body'],
    ['of an empty resource', { ...paid, resource: {} }, 'bad_ciphertext'],
    ['not encrypted by our key', { ...paid, resource: encrypt('x'.repeat(32), '{}', 'transaction') }, 'bad_ciphertext'],
    ['encrypted without JSON', notification('TRANSACTION.SUCCESS', 'hello'), 'malformed_resource'],
    ['without a number', notification('TRANSACTION.SUCCESS', { trade_state: 'SUCCESS' }), 'malformed_resource'],
    [
      'of a refund without a number',
      notification('REFUND.SUCCESS', { ...refundContent, out_refund_no: undefined }),
      'malformed_resource',
    ],
  ])('signed, but %s', async (_what, body, reason) => {
    expect(await receive(body)).toEqual({ kind: 'rejected', reason });
  });

  test('signed, but with a flipped bit in its authentication tag', async () => {
    const resource = encrypt(API_V3_KEY, JSON.stringify(orderObject()), 'transaction');
    const sealed = Buffer.from(resource['ciphertext'] ?? '', 'base64');
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    const body = { ...paid, resource: { ...resource, ciphertext: sealed.toString('base64') } };
    expect(await receive(body)).toEqual({ kind: 'rejected', reason: 'bad_ciphertext' });
  });
});

describe('the answer to a callback', () => {
  test('is 204 without a body when it was taken', () => {
    expect(open().acknowledge(true, '')).toMatchObject({ status: 204, body: '' });
  });

  test('is a 5xx with FAIL when it is to be sent again', () => {
    const answer = open().acknowledge(false, 'bad_signature');
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(answer.body)).toEqual({ code: 'FAIL', message: 'bad_signature' });
  });
});
