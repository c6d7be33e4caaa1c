/** The same order again after its answer was lost: it must never be placed twice, nor fail because of its repeat. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BeginReport, PaymentReport } from '../../src/channels/channel.ts';
import type { Order } from '../../src/domain/order.ts';
import { applyToOrder } from '../../src/operations/apply-channel-result.ts';
import { routeOf } from '../../src/operations/choose-route.ts';
import { repeatPay } from '../../src/operations/repeat-pay.ts';
import { facts } from '../domain/samples.ts';
import { NOW_MS, openStore, readOrder, saveOf, type OpenedStore } from '../storage/opened-store.ts';
import { anAcceptedOrder, askingGateway, WAITING, type Answers } from './asking-gateway.ts';

const ACCEPTED: BeginReport = { outcome: 'accepted', reply: { code_url: 'weixin://1' }, message: 'success' };
const REFUSED: BeginReport = { outcome: 'declined', code: 'OUT_TRADE_NO_USED', message: 'used', raw: '' };

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

function anOrderWithoutAnswer(): Promise<Order> {
  return anAcceptedOrder(opened, { placement: 'unknown' });
}

/** The same request once more. */
async function again(order: Order, answers: Answers) {
  const { gateway, calls } = askingGateway(opened, NOW_MS + 60_000, answers);
  const outcome = await repeatPay(gateway, order, [routeOf(order)]).then(
    async ({ committed }) => (await committed).data,
    (error: unknown) => error,
  );
  return { outcome, calls, order: await readOrder(opened.store, order.trade_id) };
}

describe('an order whose answer was lost', () => {
  test('is asked about first, and sent again under its number when it waits for its payer', async () => {
    const after = await again(await anOrderWithoutAnswer(), { begin: [ACCEPTED] });
    expect(after.calls).toEqual(['query', 'begin']);
    expect(after.outcome).toMatchObject({ code_url: 'weixin://1' });
    expect(after.order).toMatchObject({ state: 'undecided', placement: 'accepted' });
  });

  test('is not sent again when it has been paid meanwhile', async () => {
    const paid: PaymentReport = { outcome: 'paid', facts: facts(), raw: '' };
    const after = await again(await anOrderWithoutAnswer(), { query: [paid] });
    expect(after.calls).toEqual(['query']);
    expect(after.outcome).toMatchObject({ code_name: 'number_repeated' });
    expect(after.order).toMatchObject({ state: 'paid' });
  });

  test('is not sent again while nobody can say how it stands', async () => {
    const after = await again(await anOrderWithoutAnswer(), { query: [{ outcome: 'unknown', reason: 'timeout' }] });
    expect(after.calls).toEqual(['query']);
    expect(after.outcome).toMatchObject({ code_name: 'channel_timeout' });
    expect(after.order).toMatchObject({ state: 'undecided' });
  });

  test('stays undecided when its repeat is refused: the refusal may speak of the first', async () => {
    const after = await again(await anOrderWithoutAnswer(), { query: [WAITING], begin: [REFUSED] });
    expect(after.outcome).toMatchObject({ code_name: 'channel_timeout' });
    expect(after.order).toMatchObject({ state: 'undecided' });
  });

  test('that comes twice at the same moment is sent again by one of the two', async () => {
    const order = await anOrderWithoutAnswer();
    const { gateway, calls } = askingGateway(opened, NOW_MS + 60_000, { begin: [ACCEPTED] });
    const read = {
      ...gateway,
      store: { ...gateway.store, orders: { ...gateway.store.orders, byNumber: async () => order } },
    };
    const both = await Promise.allSettled([1, 2].map(() => repeatPay(read, order, [routeOf(order)])));
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(calls).toEqual(['query', 'begin']);
  });
});

test('a refusal of the first attempt that comes after the order was sent again decides nothing', async () => {
  const read = await anOrderWithoutAnswer();
  await opened.store.orders.save(saveOf(read, { placement: 'calling', placing_until_ms: NOW_MS + 90_000 }));
  const { gateway } = askingGateway(opened, NOW_MS + 60_000);
  const event = { kind: 'declined', code: 'NOTENOUGH', message: 'no money' } as const;
  expect(await applyToOrder(gateway, read, event, { source: 'pay' })).toMatchObject({ state: 'undecided' });
  expect(await readOrder(opened.store, read.trade_id)).toMatchObject({ state: 'undecided' });
});
