/** Numbers of a pool, taken for orders as they are placed. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPool } from '../../src/channels/bank/number-pool.ts';
import type { ChannelClient, OrderForChannel } from '../../src/channels/channel.ts';
import type { NumberPool, VirtualAccounts } from '../../src/channels/virtual-accounts.ts';
import { BANK_TRANSFER_PAY_TYPE } from '../../src/domain/order.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import { withNumber } from '../../src/operations/take-number.ts';
import { insertOrder, NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

/** Places an order through a pool. Answers the number that its payer is told. */
async function numberFrom(pool: NumberPool): Promise<string | null | undefined> {
  const order = await insertOrder(opened.store, {
    pay_type: BANK_TRANSFER_PAY_TYPE,
    channel: 'bank',
    account_id: 'bank-1',
  });
  const gateway = {
    store: opened.store,
    ports: { clock: { now_ms: () => NOW_MS } },
    public_url: 'https://pay.example.com',
  } as unknown as Gateway;
  const told: OrderForChannel[] = [];
  const client = {
    prepareBegin: (placed: OrderForChannel) => {
      told.push(placed);
      return Promise.resolve({ send: () => Promise.resolve({ outcome: 'accepted', reply: {}, message: '' }) });
    },
  } as unknown as ChannelClient;
  await withNumber(gateway, order, client, { pool } as VirtualAccounts).send();
  return told[0]?.fund_acc;
}

test('a pool whose first numbers were stored under an earlier form of it goes on to those that were not', async () => {
  const common = { digits: 4, check_digit: 'none' } as const;
  expect(await numberFrom(createPool({ ...common, prefix: '990', first: 0, last: 499 }, false))).toBe('9900000');
  // The bank has assigned more: the same numbers again, and as many behind them, under a shorter prefix.
  const wider = createPool({ ...common, prefix: '99', digits: 5, first: 0, last: 999 }, false);
  expect(await numberFrom(wider)).toBe('9900500');
});
