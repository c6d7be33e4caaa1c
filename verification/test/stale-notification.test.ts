import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shop } from '../shop.ts';
import { eventually, startWorld, type World } from '../world.ts';

let world: World;
let shop: Shop;

beforeAll(async () => {
  world = await startWorld();
  shop = new Shop(world, 'stale');
}, 60_000);

afterAll(() => world.close());

it('a repeat does not say "paid" of an order that was reversed since', async () => {
  world.notify.answer = { status: 500, body: 'busy' };
  const order = await shop.sell('alipay');
  expect((await shop.ask('reverse', order)).code).toBe(0);
  world.notify.answer = { status: 200, body: 'success' };
  await shop.due(order);
  await eventually(
    async () =>
      (await world.sql("SELECT 1 FROM notifications WHERE trade_id = $1 AND state = 'pending'", [order.trade_id]))
        .length === 0,
  );
  expect(shop.told(order)).toBe(1);
});
