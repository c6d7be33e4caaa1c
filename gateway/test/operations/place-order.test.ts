/** A new order and an account that does not answer. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { place, prepare } from '../../src/operations/place-order.ts';
import { insertOrder, NOW_MS, openStore, readOrder, type OpenedStore } from '../storage/opened-store.ts';
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
