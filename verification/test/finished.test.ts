/** trade_state 4 (已完结): nothing can be refunded any more, because the channel says so or a year has passed. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Json, type MerchantAnswer } from '../merchant.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let numbers = 0;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

async function paid(pay_type: string): Promise<{ mch_trade_id: string; trade_id: string }> {
  numbers += 1;
  const mch_trade_id = `finished.${numbers}`;
  const notify_url = world.notify.url(`/${mch_trade_id}`);
  const fields = { pay_type, mch_trade_id, total_fee: 100, body: 'x', spbill_create_ip: '127.0.0.1', notify_url };
  const { data } = await world.merchant.call('/v2/pay', fields);
  await world.control('POST', '/control/scan', { code: data['code_url'], action: 'pay' });
  await world.notify.waitFor(`/${mch_trade_id}`);
  return { mch_trade_id, trade_id: String(data['trade_id']) };
}

const query = async (mch_trade_id: string): Promise<Json> =>
  (await world.merchant.call('/v2/pay/query', { mch_trade_id })).data;

const refund = (mch_trade_id: string, part: string): Promise<MerchantAnswer> =>
  world.merchant.call('/v2/pay/refund', {
    mch_trade_id,
    mch_refund_id: `${mch_trade_id}.${part}`,
    refund_fee: 1,
    refund_desc: 'x',
  });

it('an order whose trade has finished at Alipay is refused by it, and no amount stays reserved', async () => {
  const order = await paid('alipay.scan');
  const finished = await world.control('POST', '/control/finish', { out_trade_no: order.trade_id });
  expect(finished).toMatchObject({ status: 200, body: { state: 'TRADE_FINISHED' } });
  // Face-to-face trades finish without a callback: the refund is what finds out.
  expect(await refund(order.mch_trade_id, 'r')).toMatchObject({
    code: 600,
    msg: expect.stringContaining('ACQ.TRADE_HAS_FINISHED'),
  });
  const [row] = await world.sql('SELECT refund_reserved_fen, refunded_fen FROM orders WHERE trade_id = $1', [
    order.trade_id,
  ]);
  expect(row).toEqual({ refund_reserved_fen: '0', refunded_fen: '0' });
});

it('an order that the channel says is finished shows 4, and refunds and reverses answer 302', async () => {
  const order = await paid('alipay.scan');
  await world.sql('UPDATE orders SET finished = true WHERE trade_id = $1', [order.trade_id]);
  expect(await query(order.mch_trade_id)).toMatchObject({ trade_state: 4, trade_info: '已完结, ' });
  expect((await refund(order.mch_trade_id, 'r')).code).toBe(302);
  expect((await world.merchant.call('/v2/pay/reverse', { mch_trade_id: order.mch_trade_id })).code).toBe(302);
});

it.each(['wechat.scan', 'alipay.scan'])(
  '%s: a payment older than a year shows 4, and its refund answers 306',
  async (pay_type) => {
    const order = await paid(pay_type);
    expect((await refund(order.mch_trade_id, 'in-time')).code).toBe(0);
    await eventually(async () => Number((await query(order.mch_trade_id))['refunded_fee']) === 1);
    const year_and_a_second = String(365 * 86_400_000 + 1_000);
    await world.sql(
      `UPDATE orders SET facts = jsonb_set(facts, '{paid_at_ms}', to_jsonb((facts->>'paid_at_ms')::bigint - $2::bigint)) WHERE trade_id = $1`,
      [order.trade_id, year_and_a_second],
    );
    expect(await query(order.mch_trade_id)).toMatchObject({ trade_state: 4, refunded_fee: 1 });
    expect((await refund(order.mch_trade_id, 'late')).code).toBe(306);
  },
);
