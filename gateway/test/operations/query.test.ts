/** When a merchant's query asks the channel. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshOrder } from '../../src/operations/query.ts';
import { insertOrder, NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';
import { anAcceptedOrder, askingGateway } from './asking-gateway.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

test('a merchant who asks all the time has the channel asked once in two seconds', async () => {
  const asking = askingGateway(opened, NOW_MS + 60_000);
  const { gateway, calls } = asking;
  let order = await anAcceptedOrder(opened);
  order = await freshOrder(gateway, order);
  asking.now_ms += 1_999;
  order = await freshOrder(gateway, order);
  expect(calls).toEqual(['query']);
  asking.now_ms += 1;
  await freshOrder(gateway, order);
  expect(calls).toEqual(['query', 'query']);
});

test('an order that is being placed just now is not asked about', async () => {
  const { gateway, calls } = askingGateway(opened, NOW_MS + 1_000);
  const order = await insertOrder(opened.store);
  expect(await freshOrder(gateway, order)).toBe(order);
  expect(calls).toEqual([]);
});

test('an account that does not answer is left to the resolver: the merchant hears what is known', async () => {
  const asking = askingGateway(opened, NOW_MS + 60_000);
  asking.admits = false;
  const order = await anAcceptedOrder(opened);
  expect(await freshOrder(asking.gateway, order)).toBe(order);
  expect(asking.calls).toEqual([]);
});
