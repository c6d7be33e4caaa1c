import { describe, expect, it } from 'vitest';
import { violations } from '../simulation/at-rest.ts';
import type { SimulatedMerchant } from '../simulation/merchant.ts';
import type { World } from '../simulation/world.ts';
import { toldWorld } from '../told-world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let world: World;
let merchant: SimulatedMerchant;

toldWorld({ seed: 'crashes', merchant: 'shop', nodes: ['first'] }, (made, known) => {
  world = made;
  merchant = known;
});

const order = { pay_type: 'wechat.scan', mch_trade_id: 'crash.1', total_fee: 221, body: 'crash' };

/** The first node dies as soon as it has committed a statement; a second one starts a minute later. */
function crashAfter(statement: string): void {
  let crashed = false;
  world.database.watch((owner, name) => {
    if (crashed || name !== statement || owner !== 'first') return;
    crashed = true;
    world.crashNode('first');
    world.act(MINUTE_MS, 'operator', () => world.bootNode('second'));
  });
}

function state(number: string): Promise<{ state: string }[]> {
  return world.raw_database.query(
    { name: 'state_of_order', text: 'SELECT state FROM orders WHERE mch_trade_id = $1' },
    [number],
  );
}

describe.each(['wechat.scan', 'alipay.scan'])('a node that dies, %s', (pay_type) => {
  it('between recording an order and calling the channel leaves an order that ends with its time', async () => {
    crashAfter('insert_orders');
    world.act(0, 'shop', async () => {
      expect(await merchant.call('/v2/pay', { ...order, pay_type })).toEqual({ kind: 'no_answer', reason: 'timeout' });
    });
    await world.run(4 * HOUR_MS);
    expect(await state('crash.1')).toEqual([{ state: 'closed' }]);
    expect(await violations(world)).toEqual([]);
  });

  it('between recording an order and calling the channel leaves an order that can be sent again', async () => {
    crashAfter('insert_orders');
    world.act(0, 'shop', async () => {
      const placed = await merchant.insist('/v2/pay', { ...order, pay_type, notify_url: merchant.notifyUrl('/paid') });
      world.scan(String(placed.data['code_url']), 'pay');
    });
    await world.run(4 * HOUR_MS);
    expect(await state('crash.1')).toEqual([{ state: 'paid' }]);
    expect(merchant.heard.map((heard) => heard.path)).toEqual(['/paid']);
    expect(await violations(world)).toEqual([]);
  });

  it('after recording that an order is paid still tells the merchant', async () => {
    world.act(0, 'shop', async () => {
      const placed = await merchant.insist('/v2/pay', { ...order, pay_type, notify_url: merchant.notifyUrl('/paid') });
      crashAfter('save_orders');
      world.scan(String(placed.data['code_url']), 'pay');
    });
    await world.run(4 * HOUR_MS);
    expect(await state('crash.1')).toEqual([{ state: 'paid' }]);
    expect(new Set(merchant.heard.map((heard) => heard.nonce_str)).size).toBe(1);
    expect(await violations(world)).toEqual([]);
  });
});

it('a request that is sent again within its last minute is answered what the first was answered', async () => {
  const fields = { ...order, time_expire: Math.floor(world.now_ms() / 1000) + 70 };
  world.network.befall({ when: ({ target }) => target.startsWith('/v2/pay?'), fate: 'answer_lost', times: 1 });
  world.act(0, 'shop', async () => {
    expect(await merchant.call('/v2/pay', fields)).toMatchObject({ kind: 'no_answer' });
    const again = await merchant.call('/v2/pay', fields);
    expect(again).toMatchObject({ kind: 'answered', code: 0, data: { mch_trade_id: 'crash.1' } });
    const other = await merchant.call('/v2/pay', { ...fields, mch_trade_id: 'crash.2' });
    expect(other).toMatchObject({ kind: 'answered', code: 102 });
  });
  await world.run(HOUR_MS);
  expect(await violations(world)).toEqual([]);
});
