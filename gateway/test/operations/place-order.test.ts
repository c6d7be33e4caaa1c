/** A new order and an account that does not answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { place, prepare } from '../../src/operations/place-order.ts';
import { insertOrder, NOW_MS, openStore, readOrder, saveOf, type OpenedStore } from '../storage/opened-store.ts';
import { askingGateway } from './asking-gateway.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

test('an account whose circuit is open is not called: its merchant hears that nothing was placed', async () => {
  const asking = askingGateway(opened, NOW_MS, { begin: [{ outcome: 'accepted', reply: {}, message: 'success' }] });
  asking.admits = false;
  const order = await insertOrder(opened.store);
  const prepared = await prepare(asking.gateway, order);
  await expect(place(asking.gateway, order, prepared, [])).rejects.toMatchObject({
    code_name: 'channel_refused',
    message: expect.stringContaining('circuit_open'),
  });
  expect(asking.calls).toEqual([]);
  expect(await readOrder(opened.store, order.trade_id)).toMatchObject({ state: 'undecided', placement: 'never' });
});

describe('a node that stood still between recording an order and calling its channel', () => {
  const ACCEPTED = { outcome: 'accepted', reply: { code_url: 'weixin://1' }, message: 'success' } as const;

  test('goes on with it when nobody has touched it, and holds it alone meanwhile', async () => {
    const asking = askingGateway(opened, NOW_MS, { begin: [ACCEPTED] });
    const order = await insertOrder(opened.store, { placing_until_ms: NOW_MS + 30_000 });
    const prepared = await prepare(asking.gateway, order);
    asking.now_ms = NOW_MS + 300_000;
    const { committed } = await place(asking.gateway, order, prepared, []);
    expect((await committed).data).toMatchObject({ code_url: 'weixin://1' });
    const timeline = await opened.store.orders.timeline(order.merchant_id, order.trade_id, 0, 10);
    expect(timeline.map(({ kind }) => kind)).toEqual(['created', 'placed_again', 'accepted']);
  });

  test('does not call when somebody has taken it over', async () => {
    const asking = askingGateway(opened, NOW_MS, { begin: [ACCEPTED] });
    const order = await insertOrder(opened.store, { placing_until_ms: NOW_MS + 30_000 });
    const prepared = await prepare(asking.gateway, order);
    asking.now_ms = NOW_MS + 5_001;
    await opened.store.orders.save(saveOf(order, { ending: 'close' }));
    await expect(place(asking.gateway, order, prepared, [])).rejects.toMatchObject({ code_name: 'channel_timeout' });
    expect(asking.calls).toEqual([]);
  });

  test('never presents a payment code so late', async () => {
    const asking = askingGateway(opened, NOW_MS, { begin: [ACCEPTED] });
    const code = { pay_type: 'common.micro', placing_until_ms: NOW_MS + 30_000 };
    const order = await insertOrder(opened.store, code);
    const prepared = await prepare(asking.gateway, order);
    asking.now_ms = NOW_MS + 5_001;
    await expect(place(asking.gateway, order, prepared, [])).rejects.toMatchObject({ code_name: 'channel_timeout' });
    expect(asking.calls).toEqual([]);
    asking.now_ms = NOW_MS + 5_000;
    await (
      await place(asking.gateway, order, prepared, [])
    ).committed;
    expect(asking.calls).toEqual(['begin']);
  });
});
