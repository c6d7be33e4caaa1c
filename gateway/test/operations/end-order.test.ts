/** An end that is wanted no more. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reverseAtChannel } from '../../src/operations/end-order.ts';
import { NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';
import { anAcceptedOrder, askingGateway } from './asking-gateway.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

test('a reverse that was given up while its node stood still is not carried out', async () => {
  const order = await anAcceptedOrder(opened, { pay_type: 'common.micro' });
  const reverse = [{ outcome: 'declined', code: 'REVERSE_EXPIRE', message: 'too late' }] as const;
  const { gateway, calls } = askingGateway(opened, NOW_MS, { reverse });
  const ended = await reverseAtChannel(gateway, { ...order, ending: 'reverse' });
  expect(ended).toMatchObject({ order: { state: 'undecided', ending: null }, refused: null, again: false });
  expect(calls).toEqual([]);
  expect(
    await reverseAtChannel(gateway, await anAcceptedOrder(opened, { pay_type: 'common.micro', ending: 'reverse' })),
  ).toMatchObject({
    refused: { code: 'REVERSE_EXPIRE' },
  });
});
