import { describe, expect, test } from 'vitest';
import { businessFailure, openChannel, OUT_REFUND_NO, OUT_TRADE_NO, patience, refund, type Reply } from './support.ts';

const REFUND = 'alipay.trade.refund';
const QUERY = 'alipay.trade.fastpay.refund.query';
const moved = {
  code: '10000',
  msg: 'Success',
  out_trade_no: OUT_TRADE_NO,
  trade_no: '2026030122001412341234',
  fund_change: 'Y',
  refund_fee: '50.00',
};
const found = {
  code: '10000',
  msg: 'Success',
  out_trade_no: OUT_TRADE_NO,
  out_request_no: OUT_REFUND_NO,
  refund_amount: '12.30',
  total_amount: '76.22',
  refund_status: 'REFUND_SUCCESS',
};
const nothing = { code: '10000', msg: 'Success' };

async function open(replies: Readonly<Record<string, Reply>>) {
  const { channel, upstream } = await openChannel(patience(...Object.values(replies)));
  for (const [method, reply] of Object.entries(replies)) upstream.reply(method, reply);
  return { channel, upstream };
}

test('the request carries amount, number and reason', async () => {
  const { channel, upstream } = await open({ [REFUND]: { node: moved } });
  await channel.refund({ ...refund, reason: '退'.repeat(300) });
  expect(upstream.asked[0]).toMatchObject({
    method: REFUND,
    verified: true,
    biz: {
      out_trade_no: OUT_TRADE_NO,
      refund_amount: '12.30',
      out_request_no: OUT_REFUND_NO,
      refund_reason: '退'.repeat(256),
    },
  });
});

test('fund_change Y is a success whose amount the answer does not tell: refund_fee is the sum of all refunds', async () => {
  const { channel, upstream } = await open({ [REFUND]: { node: moved } });
  expect(await channel.refund(refund)).toMatchObject({ outcome: 'succeeded', amount_fen: null });
  expect(upstream.asked).toHaveLength(1);
});

describe('anything but fund_change Y is settled by the refund query', () => {
  test.each<[string, object, Reply, object]>([
    [
      'N of a repetition, and it was done',
      { fund_change: 'N' },
      { node: found },
      { outcome: 'succeeded', amount_fen: 1230 },
    ],
    [
      'absent, and it was done',
      { fund_change: undefined },
      { node: found },
      { outcome: 'succeeded', amount_fen: 1230 },
    ],
    ['N, and nothing is known of it', { fund_change: 'N' }, { node: nothing }, { outcome: 'processing' }],
    [
      'N, and the query fails',
      { fund_change: 'N' },
      { node: businessFailure('ACQ.SYSTEM_ERROR') },
      { outcome: 'processing' },
    ],
    ['N, and the query is lost', { fund_change: 'N' }, { broken: 'hang' }, { outcome: 'processing' }],
    [
      'N, and the query tells about another refund',
      { fund_change: 'N' },
      { node: { ...found, out_request_no: 'x' } },
      { outcome: 'processing' },
    ],
  ])('%s', async (_name, change, query, expected) => {
    const { channel, upstream } = await open({ [REFUND]: { node: { ...moved, ...change } }, [QUERY]: query });
    expect(await channel.refund(refund)).toMatchObject(expected);
    expect(upstream.asked.map(({ method }) => method)).toEqual([REFUND, QUERY]);
  });
});

describe('refusals', () => {
  test.each<[string, Reply, object]>([
    [
      'funds too low',
      { node: businessFailure('ACQ.SELLER_BALANCE_NOT_ENOUGH') },
      { outcome: 'declined', code: 'ACQ.SELLER_BALANCE_NOT_ENOUGH' },
    ],
    [
      'turned away by the gateway',
      { node: { code: '40002', msg: 'Invalid Arguments', sub_code: 'isv.invalid-signature' } },
      { outcome: 'declined', code: 'isv.invalid-signature' },
    ],
    [
      'same number, other amount',
      { node: businessFailure('ACQ.DISCORDANT_REPEAT_REQUEST') },
      { outcome: 'unknown', reason: 'acq_discordant_repeat_request' },
    ],
    [
      'trouble at Alipay',
      { node: businessFailure('ACQ.SYSTEM_ERROR') },
      { outcome: 'unknown', reason: 'system_error' },
    ],
    [
      'service unavailable',
      { node: { code: '20000', msg: 'Service Currently Unavailable' } },
      { outcome: 'unknown', reason: 'system_error' },
    ],
    ['silence', { broken: 'hang' }, { outcome: 'unknown', reason: 'timeout' }],
    [
      'a forged success',
      { body: `{"alipay_trade_refund_response":${JSON.stringify(moved)},"sign":"x"}` },
      { outcome: 'unknown', reason: 'bad_signature' },
    ],
    [
      'a success of another order',
      { node: { ...moved, out_trade_no: 'x' } },
      { outcome: 'unknown', reason: 'other_order' },
    ],
    [
      'a success of no order',
      { node: { ...moved, out_trade_no: undefined } },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
  ])('%s', async (_name, reply, expected) => {
    const { channel, upstream } = await open({ [REFUND]: reply });
    expect(await channel.refund(refund)).toMatchObject(expected);
    expect(upstream.asked).toHaveLength(1);
  });

  test.each<[string, Reply, object]>([
    ['the echo of its own success', { node: found }, { outcome: 'succeeded', amount_fen: 1230 }],
    ['a refusal', { node: nothing }, { outcome: 'declined', code: 'ACQ.TRADE_HAS_CLOSE' }],
    ['open while the query is not answered', { broken: 'hang' }, { outcome: 'unknown', reason: 'acq_trade_has_close' }],
  ])('a trade closed by refunds may be %s', async (_name, query, expected) => {
    const { channel } = await open({ [REFUND]: { node: businessFailure('ACQ.TRADE_HAS_CLOSE') }, [QUERY]: query });
    expect(await channel.refund(refund)).toMatchObject(expected);
  });
});

describe('queryRefund', () => {
  test('asks by both numbers', async () => {
    const { channel, upstream } = await open({ [QUERY]: { node: found } });
    await channel.queryRefund(refund);
    expect(upstream.asked[0]).toMatchObject({
      method: QUERY,
      verified: true,
      biz: { out_trade_no: OUT_TRADE_NO, out_request_no: OUT_REFUND_NO },
    });
  });

  test.each<[string, unknown, object]>([
    ['done', found, { outcome: 'succeeded', amount_fen: 1230, channel_refund_id: null }],
    [
      'done, with another amount than ours',
      { ...found, refund_amount: '99.00' },
      { outcome: 'succeeded', amount_fen: 9900 },
    ],
    ['done, without an amount', { ...found, refund_amount: undefined }, { outcome: 'succeeded', amount_fen: null }],
    ['no status: not received, or failed', { ...found, refund_status: undefined }, { outcome: 'not_found' }],
    ['an empty status', { ...found, refund_status: '' }, { outcome: 'not_found' }],
    ['nothing but a code', nothing, { outcome: 'not_found' }],
    ['no such trade', businessFailure('ACQ.TRADE_NOT_EXIST'), { outcome: 'not_found' }],
    ['no such trade, spelt shortly', businessFailure('TRADE_NOT_EXIST'), { outcome: 'not_found' }],
    ['under way', { ...found, refund_status: 'REFUND_PROCESSING' }, { outcome: 'processing' }],
    [
      'a status new to us',
      { ...found, refund_status: 'REFUND_FAIL' },
      { outcome: 'unknown', reason: 'not_understood' },
    ],
    ['another refund done', { ...found, out_request_no: 'x' }, { outcome: 'unknown', reason: 'other_order' }],
    [
      'another refund not done',
      { ...found, refund_status: '', out_request_no: 'x' },
      { outcome: 'unknown', reason: 'other_order' },
    ],
    ['another order', { ...found, out_trade_no: 'x' }, { outcome: 'unknown', reason: 'other_order' }],
    ['done, of no order', { ...found, out_trade_no: undefined }, { outcome: 'unknown', reason: 'other_order' }],
    ['trouble at Alipay', businessFailure('ACQ.SYSTEM_ERROR'), { outcome: 'unknown', reason: 'system_error' }],
  ])('%s', async (_name, node, expected) => {
    const { channel } = await open({ [QUERY]: { node } });
    expect(await channel.queryRefund(refund)).toMatchObject(expected);
  });
});
