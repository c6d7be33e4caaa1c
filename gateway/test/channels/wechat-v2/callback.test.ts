import { createCipheriv, createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { order, PARTNER_PARAMS, refund } from '../wechat/support/account.ts';
import { bench, PAID, PAID_FACTS } from './account.ts';
import { API_KEY, signed, xml, type Members } from './upstream.ts';

const { open, upstream } = bench();
const { trade_state: _state, trade_state_desc: _words, ...RESULT } = PAID;
const PAYMENT = { ...RESULT, sub_appid: PARTNER_PARAMS.sub_appid };

const read = (body: string) => open().readCallback({ headers: {}, body });

describe('a payment callback', () => {
  test('tells what was paid, and everything that is expected of it', async () => {
    const body = signed(PAYMENT);
    expect(await read(body)).toEqual({
      kind: 'payment',
      callback_id: '4200001234202603011234567890',
      out_trade_no: order.out_trade_no,
      report: { outcome: 'paid', facts: PAID_FACTS, raw: body },
    });
    expect(PAID_FACTS.identity).toEqual(open().expectedIdentity(order));
  });

  test.each(['MD5', 'HMAC-SHA256'])('may be signed by %s, named or not', async (type) => {
    for (const sign_type of [type, undefined])
      expect(await read(signed({ ...PAYMENT, sign_type }, API_KEY, type))).toMatchObject({
        kind: 'payment',
        report: { outcome: 'paid' },
      });
  });

  test('tells of another merchant what it says, for the funnel to compare', async () => {
    const callback = await read(signed({ ...PAYMENT, mch_id: '1230000110', sub_mch_id: undefined }));
    expect(callback).toMatchObject({ report: { facts: { identity: { sp_mchid: '1230000110' } } } });
    expect(callback).not.toHaveProperty('report.facts.identity.sub_mchid');
  });

  test.each([
    ['unsigned', xml(PAYMENT), 'bad_signature'],
    ['signed with another key', signed(PAYMENT, 'x'.repeat(32)), 'bad_signature'],
    ['with another amount', signed(PAYMENT).replace('[221]', '[1]'), 'bad_signature'],
    ['with a member more', signed(PAYMENT).replace('</xml>', '<a>1</a></xml>'), 'bad_signature'],
    ['of an unknown algorithm', signed({ ...PAYMENT, sign_type: 'NONE' }), 'bad_signature'],
    ['without a number', signed({ ...PAYMENT, out_trade_no: undefined }), 'malformed_body'],
    ['with a document type', `<!DOCTYPE xml>${signed(PAYMENT)}`, 'malformed_body'],
    [
      'with entities that grow',
      `<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>${signed(PAYMENT)}`,
      'malformed_body',
    ],
    ['cut short', signed(PAYMENT).slice(0, -10), 'malformed_body'],
    ['empty', '', 'malformed_body'],
    ['in JSON', '{"id":"1"}', 'malformed_body'],
    ['huge', signed({ ...PAYMENT, attach: 'x'.repeat(262_144) }), 'malformed_body'],
  ])('%s is refused', async (_what, body, reason) => {
    expect(await read(body)).toEqual({ kind: 'rejected', reason });
  });

  test.each([
    ['a failure', { result_code: 'FAIL', err_code: 'NOTENOUGH' }],
    ['no verdict', { result_code: undefined }],
    ['no amount', { total_fee: undefined }],
    ['no transaction', { transaction_id: undefined }],
  ])('%s decides nothing', async (_what, change) => {
    expect(await read(signed({ ...PAYMENT, ...change }))).toMatchObject({
      kind: 'payment',
      out_trade_no: order.out_trade_no,
      report: { outcome: 'unknown' },
    });
  });
});

describe('a refund callback', () => {
  const CONTENT = {
    out_refund_no: refund.out_refund_no,
    out_trade_no: order.out_trade_no,
    refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
    refund_fee: '100',
    refund_id: '50000000382019052709732678859',
    refund_recv_accout: '支付用户零钱',
    refund_request_source: 'API',
    refund_status: 'SUCCESS',
    settlement_refund_fee: '100',
    settlement_total_fee: '221',
    success_time: '2026-03-01 12:10:00',
    total_fee: '221',
    transaction_id: '4200001234202603011234567890',
  };

  function encrypted(text: string, key = API_KEY): string {
    const cipher = createCipheriv('aes-256-ecb', createHash('md5').update(key).digest('hex'), null);
    return Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
  }

  const envelope = (req_info: string, outside: Members = {}): string =>
    xml({
      return_code: 'SUCCESS',
      appid: 'wx8888888888888888',
      mch_id: '1230000109',
      sub_mch_id: '1900000109',
      nonce_str: 'TeqClE3i0mvn3DrK',
      req_info,
      ...outside,
    });

  const about = (change: Members, outside: Members = {}) =>
    read(envelope(encrypted(xml({ ...CONTENT, ...change }, 'root')), outside));

  test('tells how the refund went', async () => {
    expect(await about({})).toEqual({
      kind: 'refund',
      callback_id: `${refund.out_refund_no} SUCCESS`,
      out_trade_no: order.out_trade_no,
      out_refund_no: refund.out_refund_no,
      report: {
        outcome: 'succeeded',
        channel_refund_id: '50000000382019052709732678859',
        amount_fen: 100,
        raw: xml(CONTENT, 'root'),
      },
    });
  });

  test.each([
    ['CHANGE', 'abnormal'],
    ['REFUNDCLOSE', 'closed'],
    ['A_STATE_FROM_NEXT_YEAR', 'unknown'],
    [undefined, 'unknown'],
  ])('%s is %s', async (refund_status, outcome) => {
    expect(await about({ refund_status })).toMatchObject({ kind: 'refund', report: { outcome } });
  });

  test('of another merchant is kept for a person', async () => {
    for (const mch_id of ['1230000110', undefined])
      expect(await about({}, { mch_id })).toMatchObject({
        kind: 'unhandled',
        reason: 'refund of another merchant',
      });
  });

  test.each([
    ['encrypted with another key', envelope(encrypted(xml(CONTENT, 'root'), 'x'.repeat(32))), 'bad_ciphertext'],
    ['not encrypted', envelope(xml(CONTENT, 'root').replaceAll(/[<>]/g, '')), 'bad_ciphertext'],
    ['of something else', envelope(encrypted('{"refund_status":"SUCCESS"}')), 'bad_ciphertext'],
    ['with a document type inside', envelope(encrypted(`<!DOCTYPE root>${xml(CONTENT, 'root')}`)), 'bad_ciphertext'],
    [
      'without a refund number',
      envelope(encrypted(xml({ ...CONTENT, out_refund_no: undefined }, 'root'))),
      'malformed_resource',
    ],
    [
      'without an order number',
      envelope(encrypted(xml({ ...CONTENT, out_trade_no: undefined }, 'root'))),
      'malformed_resource',
    ],
    ['without its content', envelope(''), 'bad_signature'],
  ])('%s is refused', async (_what, body, reason) => {
    expect(await read(body)).toEqual({ kind: 'rejected', reason });
  });

  test('has no clear text that counts: what is outside is not looked at', async () => {
    const callback = await about({ refund_status: 'CHANGE' }, { refund_status: 'SUCCESS', out_refund_no: 'other' });
    expect(callback).toMatchObject({ out_refund_no: refund.out_refund_no, report: { outcome: 'abnormal' } });
  });
});

describe('the answer to a callback', () => {
  test('acknowledges in XML', () => {
    expect(open().acknowledge(true, 'success')).toEqual({
      status: 200,
      content_type: 'text/xml; charset=utf-8',
      body: '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>',
    });
  });

  test('refuses in words that nobody takes for success', () => {
    const answer = open().acknowledge(false, 'bad_signature ]]></return_msg><return_code>SUCCESS');
    expect(answer.status).toBe(500);
    expect(answer.body).toMatch(
      /^<xml><return_code><!\[CDATA\[FAIL\]\]><\/return_code><return_msg><!\[CDATA\[bad_signature/,
    );
    expect(answer.body).not.toContain(' ]]></return_msg><return_code>');
  });
});

test('callbacks ask nobody', () => {
  expect(upstream.requests).toEqual([]);
});
