/** A node that stands still in a bad moment, and goes on when another has taken over. */
import { expect, it } from 'vitest';
import { violations } from '../simulation/at-rest.ts';
import type { SimulatedMerchant } from '../simulation/merchant.ts';
import type { World } from '../simulation/world.ts';
import { toldWorld } from '../told-world.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600 * SECOND_MS;

let world: World;
let merchant: SimulatedMerchant;

toldWorld({ seed: 'standstill', merchant: 'till', nodes: ['first', 'second'] }, (made, known) => {
  world = made;
  merchant = known;
});

/** Whichever node sends a statement first stands still when it has been executed. */
function standStillAfter(statement: string, for_ms: number): void {
  let stood = false;
  world.database.watch((owner, name) => {
    if (stood || name !== statement) return;
    stood = true;
    world.standStill(owner, for_ms);
  });
}

it('hears no answer, does nothing, and takes no request until it goes on', async () => {
  world.act(0, 'till', async () => {
    await merchant.call('/v2/pay/query', { mch_trade_id: 'none' });
    for (const name of world.nodes()) world.standStill(name, 10 * SECOND_MS);
    const asked_ms = world.now_ms();
    expect(await merchant.call('/v2/pay/query', { mch_trade_id: 'none' })).toMatchObject({ code: 301 });
    expect(world.now_ms() - asked_ms).toBeGreaterThan(9 * SECOND_MS);
  });
  await world.run(60 * SECOND_MS);
  expect(world.acting).toBe(0);
});

it('after recording the order of a payment code does not present the code when the till has given up', async () => {
  standStillAfter('insert_orders', 120 * SECOND_MS);
  const mch_trade_id = 'still.1';
  const auth_code = world.paymentCode('wechat', 'pay');
  world.act(0, 'till', async () => {
    await merchant.call('/v2/pay', { pay_type: 'common.micro', mch_trade_id, total_fee: 221, body: 'x', auth_code });
  });
  world.act(SECOND_MS, 'till', async () => {
    expect(await merchant.insist('/v2/pay/reverse', { mch_trade_id })).toMatchObject({ code: 0 });
    expect(world.nodes().some((name) => world.scheduler.standsStill(name))).toBe(true);
  });
  await world.run(HOUR_MS);
  expect(world.acting).toBe(0);
  expect(world.ledger.list().filter(({ kind }) => kind === 'payment')).toEqual([]);
  expect(await violations(world)).toEqual([]);
});
