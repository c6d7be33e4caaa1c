import { describe, expect, test } from 'vitest';
import { OutcomeUnknown } from '../src/index.ts';
import { client, HANG_UP, MERCHANT_ID, refusal, startGateway, success, type Reply } from './test-gateway.ts';

const NUMBER = 'till.1';
const MICRO = { mch_trade_id: NUMBER, total_fee: 1223, body: 'tea', auth_code: '134567890123456789' };

function order(trade_state: number): string {
  return success({ trade_id: 'a', mch_trade_id: NUMBER, merchant_id: MERCHANT_ID, trade_state, trade_info: '' });
}
const PAYING = order(6);
const PAID = order(0);
const REVERSED = order(5);

/** A gateway that answers each path by its own list, the last of a list for ever. */
async function startTill(replies: Readonly<Record<string, readonly Reply[]>>) {
  const counts: Record<string, number> = {};
  const gateway = await startGateway(() => {
    const path = gateway.sent.at(-1)?.path ?? '';
    const list = replies[path.replace('/v2/', '')] ?? [];
    const index = counts[path] ?? 0;
    counts[path] = index + 1;
    return list[Math.min(index, list.length - 1)] ?? HANG_UP;
  });
  return gateway;
}

describe('waiting for a payment', () => {
  test('asks after 5 s, then every 10 s, and ends as soon as the payer has paid', async () => {
    const till = await startTill({ 'pay/query': [PAYING, PAYING, PAID] });
    const { heliu, clock } = client(till.url);
    expect(await heliu.waitForPayment(NUMBER)).toMatchObject({ outcome: 'paid', order: { trade_state: 0 } });
    expect(clock.slept).toEqual([5_000, 10_000, 10_000]);
    expect(till.sent.map(({ claims }) => claims['mch_trade_id'])).toEqual([NUMBER, NUMBER, NUMBER]);
  });

  test.each([
    [0, 'paid'],
    [1, 'paid'],
    [4, 'paid'],
    [3, 'not_paid'],
    [5, 'not_paid'],
  ])('takes trade_state %i for %s', async (trade_state, outcome) => {
    const till = await startTill({ 'pay/query': [order(trade_state)] });
    expect(await client(till.url).heliu.waitForPayment(NUMBER)).toMatchObject({ outcome });
  });

  test.each([2, 6, 9])('takes trade_state %i for undecided, and gives up after 30 s', async (trade_state) => {
    const till = await startTill({ 'pay/query': [order(trade_state)] });
    const { heliu, clock } = client(till.url);
    expect(await heliu.waitForPayment(NUMBER)).toMatchObject({ outcome: 'undecided', order: { trade_state } });
    expect(clock.elapsed_ms).toBe(30_000);
    expect(till.sent.map(({ path }) => path)).toEqual(Array(4).fill('/v2/pay/query'));
  });

  test('waits as long as a page does', async () => {
    const till = await startTill({ 'pay/query': [PAYING] });
    const { heliu, clock } = client(till.url);
    await heliu.waitForPayment(NUMBER, { first_ms: 1_000, every_ms: 2_000, patience_ms: 60_000 });
    expect(clock.elapsed_ms).toBe(60_000);
    expect(till.sent).toHaveLength(31);
  });

  test('goes on when a question has no answer', async () => {
    const till = await startTill({ 'pay/query': [HANG_UP, refusal(500, ''), PAID] });
    expect(await client(till.url).heliu.waitForPayment(NUMBER)).toMatchObject({ outcome: 'paid' });
    const silent = await startTill({});
    expect(await client(silent.url).heliu.waitForPayment(NUMBER)).toEqual({ outcome: 'undecided', order: null });
  });

  test('ends at once when it is ended, with what is known', async () => {
    const till = await startTill({ 'pay/query': [PAYING] });
    const { heliu, clock } = client(till.url);
    const ending = new AbortController();
    const waiting = heliu.waitForPayment(NUMBER, { signal: ending.signal });
    await till.arrived(1);
    ending.abort();
    expect(await waiting).toMatchObject({ outcome: 'undecided' });
    expect(clock.elapsed_ms).toBeLessThan(30_000);
  });

  test('of an order that does not exist is refused', async () => {
    const till = await startTill({ 'pay/query': [refusal(301, 'no such order')] });
    await expect(client(till.url).heliu.waitForPayment(NUMBER)).rejects.toMatchObject({ reason: 'no_order' });
    expect(till.sent).toHaveLength(1);
  });
});

describe('a payment by payment code', () => {
  test('is done when the channel takes it at once', async () => {
    const till = await startTill({ pay: [PAID] });
    const { heliu, clock } = client(till.url);
    expect(await heliu.payByAuthCode(MICRO)).toMatchObject({ outcome: 'paid', order: { trade_id: 'a' } });
    expect(till.sent).toMatchObject([{ path: '/v2/pay', claims: { ...MICRO, pay_type: 'common.micro' } }]);
    expect(clock.elapsed_ms).toBe(0);
  });

  test('waits while the payer types the password', async () => {
    const till = await startTill({ pay: [PAYING], 'pay/query': [PAYING, PAID] });
    const { heliu, clock } = client(till.url);
    expect(await heliu.payByAuthCode(MICRO)).toMatchObject({ outcome: 'paid' });
    expect(clock.elapsed_ms).toBe(15_000);
  });

  test('that is still undecided after 30 s is reversed', async () => {
    const till = await startTill({ pay: [PAYING], 'pay/query': [PAYING], 'pay/reverse': [REVERSED] });
    const { heliu, clock } = client(till.url);
    expect(await heliu.payByAuthCode(MICRO)).toMatchObject({ outcome: 'not_paid', order: { trade_state: 5 } });
    expect(clock.elapsed_ms).toBe(30_000);
    expect(till.sent.at(-1)).toMatchObject({ path: '/v2/pay/reverse', claims: { mch_trade_id: NUMBER } });
  });

  test('whose answer was lost is asked for, not sent again', async () => {
    const till = await startTill({ pay: [HANG_UP], 'pay/query': [refusal(301, 'not yet'), PAID] });
    expect(await client(till.url).heliu.payByAuthCode(MICRO)).toMatchObject({ outcome: 'paid' });
    expect(till.sent.filter(({ path }) => path === '/v2/pay')).toHaveLength(1);
  });

  test('is not taken for refused when its question or its reversal was one call too many', async () => {
    const limited = refusal(429, 'too many requests');
    const till = await startTill({ pay: [PAYING], 'pay/query': [limited, PAID] });
    expect(await client(till.url).heliu.payByAuthCode(MICRO)).toMatchObject({ outcome: 'paid' });
    const busy = await startTill({ pay: [PAYING], 'pay/query': [limited], 'pay/reverse': [limited, REVERSED] });
    expect(await client(busy.url).heliu.payByAuthCode(MICRO)).toMatchObject({ outcome: 'not_paid' });
    expect(busy.sent.filter(({ path }) => path === '/v2/pay/reverse')).toHaveLength(2);
  });

  test('is not taken for refused when the merchant is suspended while the payer types', async () => {
    const suspended = refusal(201, 'the merchant is suspended');
    const till = await startTill({ pay: [PAYING], 'pay/query': [suspended], 'pay/reverse': [suspended] });
    const error: unknown = await client(till.url)
      .heliu.payByAuthCode(MICRO)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_HELIU_OUTCOME_UNKNOWN', reason: 'undecided', cause: { api_code: 201 } });
  });

  test('that never arrived ends as an order that does not exist', async () => {
    const lost = refusal(301, 'no such order');
    const till = await startTill({ pay: [HANG_UP], 'pay/query': [lost], 'pay/reverse': [lost] });
    await expect(client(till.url).heliu.payByAuthCode(MICRO)).rejects.toMatchObject({ reason: 'no_order' });
  });

  test('is never reversed within 15 s, however short the patience', async () => {
    const till = await startTill({ pay: [PAYING], 'pay/query': [PAYING], 'pay/reverse': [REVERSED] });
    const { heliu, clock } = client(till.url);
    await heliu.payByAuthCode(MICRO, { first_ms: 1_000, every_ms: 1_000, patience_ms: 2_000 });
    expect(clock.slept).toEqual([1_000, 1_000, 13_000]);
    expect(till.sent.at(-1)?.path).toBe('/v2/pay/reverse');
  });

  test('is reversed again and again until it is certain', async () => {
    const till = await startTill({
      pay: [PAYING],
      'pay/query': [PAYING],
      'pay/reverse': [HANG_UP, refusal(601, 'timeout'), refusal(600, 'SYSTEMERROR: 请重试'), PAYING, REVERSED],
    });
    const { heliu, clock } = client(till.url);
    expect(await heliu.payByAuthCode(MICRO)).toMatchObject({ outcome: 'not_paid' });
    expect(till.sent.filter(({ path }) => path === '/v2/pay/reverse')).toHaveLength(5);
    expect(clock.slept.slice(-4)).toEqual([5_000, 5_000, 5_000, 5_000]);
  });

  test('that nobody can reverse stays unknown, and says so', async () => {
    const till = await startTill({ pay: [PAYING], 'pay/query': [PAYING], 'pay/reverse': [HANG_UP] });
    const { heliu, clock } = client(till.url);
    const error: unknown = await heliu
      .payByAuthCode(MICRO, { reverse_patience_ms: 20_000 })
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OutcomeUnknown);
    expect(error).toMatchObject({ reason: 'undecided', cause: { reason: 'network' } });
    expect(clock.elapsed_ms).toBe(50_000);
  });

  test('that was decided in the last moment is not taken for reversed', async () => {
    const till = await startTill({
      pay: [PAYING],
      'pay/query': [PAYING, PAYING, PAYING, PAYING, PAID],
      'pay/reverse': [refusal(302, 'the order is paid')],
    });
    expect(await client(till.url).heliu.payByAuthCode(MICRO)).toMatchObject({ outcome: 'paid' });
  });

  test('that is too old to be reversed stays undecided', async () => {
    const late = refusal(306, 'seven days are over');
    const till = await startTill({ 'pay/query': [PAYING], 'pay/reverse': [late] });
    const { heliu } = client(till.url);
    expect(await heliu.waitForPayment(NUMBER, { reverse: true })).toMatchObject({ outcome: 'undecided' });
    expect(till.sent.filter(({ path }) => path === '/v2/pay/reverse')).toHaveLength(1);
  });

  test('that the channel refuses is refused at once', async () => {
    const till = await startTill({ pay: [refusal(600, 'AUTH_CODE_INVALID: 付款码无效')] });
    await expect(client(till.url).heliu.payByAuthCode(MICRO)).rejects.toMatchObject({ err_code: 'AUTH_CODE_INVALID' });
  });

  test('can be left to a person instead', async () => {
    const till = await startTill({ pay: [PAYING], 'pay/query': [PAYING] });
    expect(await client(till.url).heliu.payByAuthCode(MICRO, { reverse: false })).toMatchObject({
      outcome: 'undecided',
    });
    expect(till.sent.map(({ path }) => path)).not.toContain('/v2/pay/reverse');
  });
});
