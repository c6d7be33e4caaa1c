/** What the resolver does about an undecided order: it asks, and ends only what its channel lets it end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CloseReport, PaymentReport } from '../../src/channels/channel.ts';
import { resolveOrder } from '../../src/operations/resolve-order.ts';
import { NOW_MS, openStore, type OpenedStore } from '../storage/opened-store.ts';
import { anAcceptedOrder, askingGateway, mattersOf } from './asking-gateway.ts';

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

describe('an order that nobody has paid', () => {
  test('is left open until its time is up', async () => {
    const order = await anAcceptedOrder(opened);
    const { gateway, calls } = askingGateway(opened, order.expires_at_ms - 1);
    expect(await resolveOrder(gateway, order, 'resolver')).toMatchObject({ state: 'undecided', ending: null });
    expect(calls).toEqual(['query']);
  });

  test('is closed at its channel, after it was asked, when its time is up', async () => {
    const order = await anAcceptedOrder(opened);
    const { gateway, calls } = askingGateway(opened, order.expires_at_ms);
    expect(await resolveOrder(gateway, order, 'resolver')).toMatchObject({ state: 'closed' });
    expect(calls).toEqual(['query', 'close']);
  });

  test.each<PaymentReport>([
    { outcome: 'unknown', reason: 'timeout' },
    { outcome: 'not_sent', reason: 'connection_refused' },
  ])('is not closed when the question was not answered (%j), however late it is', async (report) => {
    const order = await anAcceptedOrder(opened);
    const { gateway, calls } = askingGateway(opened, order.expires_at_ms + 86_400_000, { query: [report] });
    expect(await resolveOrder(gateway, order, 'resolver')).toMatchObject({ state: 'undecided' });
    expect(calls).toEqual(['query']);
  });
});

describe('an end that the channel refuses', () => {
  const REFUSED: CloseReport = { outcome: 'declined', code: 'RULE_LIMIT', message: 'not now', raw: '{}' };

  test.each(['close', 'reverse'] as const)(
    'after its merchant was promised it (%s) is put before a person, once',
    async (ending) => {
      const order = await anAcceptedOrder(opened, { ending });
      const { gateway } = askingGateway(opened, NOW_MS + 60_000, { close: [REFUSED] });
      const after = await resolveOrder(gateway, order, 'resolver');
      expect(after).toMatchObject({ state: 'undecided', ending: null });
      expect(await mattersOf(opened, order)).toMatchObject([
        { kind: 'ending_refused', detail: { wanted: ending, code: 'RULE_LIMIT', message: 'not now' }, occurrences: 1 },
      ]);
    },
  );

  test('and that nobody was promised is no matter for a person', async () => {
    const order = await anAcceptedOrder(opened);
    const { gateway, calls } = askingGateway(opened, order.expires_at_ms, { close: [REFUSED] });
    expect(await resolveOrder(gateway, order, 'resolver')).toMatchObject({ state: 'undecided' });
    expect(calls).toEqual(['query', 'close']);
    expect(await mattersOf(opened, order)).toEqual([]);
  });
});
