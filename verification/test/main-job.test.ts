import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJwt } from '../merchant.ts';
import { startWorld, type World } from '../world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 60_000);

afterAll(() => world.close());

describe.each(['wechat.scan', 'alipay.scan'])('the main job with %s', (pay_type) => {
  const number = `main.${pay_type}.1`;

  it('goes from code to paid to notified to refunded, and the merchant is told each outcome once', async () => {
    const placed = await world.merchant.call('/v2/pay', {
      pay_type,
      mch_trade_id: number,
      total_fee: '221',
      body: 'Alex Test Scan',
      spbill_create_ip: '127.0.0.1',
      notify_url: world.notify.url(`/paid/${pay_type}`),
      attach: 'Alex attach',
      device_info: 'alex device',
      op_user_id: '301',
      store_id: '9527',
    });
    expect(placed).toMatchObject({
      code: 0,
      signed: true,
      data: { mch_trade_id: number, merchant_id: world.merchant.merchant.merchant_id },
    });
    const trade_id = String(placed.data['trade_id']);
    expect(trade_id).toMatch(/^[0-9a-f]{24}$/);

    const scanned = await world.control('POST', '/control/scan', { code: placed.data['code_url'], action: 'pay' });
    expect(scanned).toMatchObject({ status: 200, body: { out_trade_no: trade_id } });

    const [paid] = await world.notify.waitFor(`/paid/${pay_type}`);
    expect(openJwt(paid?.token ?? '', world.platform_public_key)).toMatchObject({
      code: 0,
      data: {
        trade_id,
        attach: 'Alex attach',
        mch_trade_id: number,
        pay_type,
        total_fee: 221,
        trade_state: 0,
        trade_info: '支付成功, ',
      },
    });

    const query = await world.merchant.call('/v2/pay/query', { mch_trade_id: number });
    expect(query.data).toMatchObject({
      trade_state: 0,
      total_fee: 221,
      attach: 'Alex attach',
      device_info: 'alex device',
      op_user_id: '301',
    });

    const refunded = await world.merchant.call('/v2/pay/refund', {
      mch_trade_id: number,
      mch_refund_id: `${number}.r1`,
      refund_fee: 21,
      refund_desc: 'Alex Test',
      notify_url: world.notify.url(`/refunded/${pay_type}`),
    });
    expect(refunded).toMatchObject({ code: 0, signed: true });
    const [told] = await world.notify.waitFor(`/refunded/${pay_type}`);
    expect(openJwt(told?.token ?? '', world.platform_public_key)).toMatchObject({
      data: {
        trade_id,
        refunds: { mch_refund_id: `${number}.r1`, refund_fee: 21, refund_status: 0, refund_desc: 'Alex Test' },
      },
    });

    const asked = await world.merchant.call('/v2/pay/refund_query', { mch_refund_id: `${number}.r1` });
    expect(asked.data).toMatchObject({
      total_fee: 221,
      trade_state: 1,
      trade_info: '转入退款, ',
      refunds: { refund_fee: 21, refund_status: 0 },
    });
    const listed = await world.merchant.call('/v2/pay/refund_query', { mch_trade_id: number });
    expect(listed.data['refunds']).toHaveLength(1);
    expect(world.notify.received.filter((one) => one.path.endsWith(pay_type))).toHaveLength(2);
  });
});
