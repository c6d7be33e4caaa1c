/** What the resolver does about a refund of which nothing is known. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RefundReport } from '../../src/channels/channel.ts';
import { refundEvent } from '../../src/operations/apply-refund-result.ts';
import { resolveRefund, submitRefund } from '../../src/operations/resolve-refund.ts';
import { fen } from '../../src/domain/money.ts';
import { NOW_MS, openStore, readOrder, type OpenedStore } from '../storage/opened-store.ts';
import { anUnansweredRefund, askingGateway, mattersOf } from './asking-gateway.ts';

const NOT_FOUND: RefundReport = { outcome: 'not_found', message: 'no such refund', raw: '' };
const REFUSED: RefundReport = { outcome: 'declined', code: 'TRADE_OVERDUE', message: 'too late', raw: '' };
const DONE: RefundReport = { outcome: 'succeeded', channel_refund_id: 'r.1', amount_fen: fen(40), raw: '' };

let opened: OpenedStore;

beforeAll(async () => {
  opened = await openStore();
}, 60_000);

afterAll(() => opened.close());

describe('a refund', () => {
  test('that its channel knows is not sent again', async () => {
    const { order, refund } = await anUnansweredRefund(opened);
    const { gateway, calls } = askingGateway(opened, NOW_MS + 60_000, { query_refund: [DONE] });
    expect(await resolveRefund(gateway, order, refund, 'resolver')).toMatchObject({ state: 'succeeded' });
    expect(calls).toEqual(['query_refund']);
    expect(await readOrder(opened.store, order.trade_id)).toMatchObject({ refunded_fen: 40, refund_reserved_fen: 0 });
  });

  test('that is refused when it is sent again is refused once the channel says once more that it knows none', async () => {
    const { order, refund } = await anUnansweredRefund(opened);
    const { gateway, calls } = askingGateway(opened, NOW_MS + 60_000, { query_refund: [NOT_FOUND], refund: [REFUSED] });
    expect(await resolveRefund(gateway, order, refund, 'resolver')).toMatchObject({ state: 'refused' });
    expect(calls).toEqual(['query_refund', 'refund', 'query_refund']);
    expect(await readOrder(opened.store, order.trade_id)).toMatchObject({ refunded_fen: 0, refund_reserved_fen: 0 });
  });

  test('whose earlier attempt went through after all is not refused by the refusal of its repeat', async () => {
    const { order, refund } = await anUnansweredRefund(opened);
    const answers = { query_refund: [NOT_FOUND, DONE], refund: [REFUSED] };
    const { gateway } = askingGateway(opened, NOW_MS + 60_000, answers);
    expect(await resolveRefund(gateway, order, refund, 'resolver')).toMatchObject({ state: 'succeeded' });
    expect(await readOrder(opened.store, order.trade_id)).toMatchObject({ refunded_fen: 40, refund_reserved_fen: 0 });
  });

  test('of another amount than was asked for is put before a person, and its amount stays reserved', async () => {
    const { order, refund } = await anUnansweredRefund(opened);
    const { gateway } = askingGateway(opened, NOW_MS + 60_000, { query_refund: [{ ...DONE, amount_fen: fen(39) }] });
    expect(await resolveRefund(gateway, order, refund, 'resolver')).toMatchObject({ state: 'undecided' });
    expect(await readOrder(opened.store, order.trade_id)).toMatchObject({ refunded_fen: 0, refund_reserved_fen: 40 });
    expect(await mattersOf(opened, order)).toMatchObject([
      { kind: 'refund_mismatch', detail: { refund_id: refund.refund_id, ours: 40, theirs: 39 } },
    ]);
  });
});

test('a refund is not sent by a node that stood still until others may have sent it, or given it up', async () => {
  const { order, refund } = await anUnansweredRefund(opened);
  const { gateway, calls } = askingGateway(opened, NOW_MS, { refund: [DONE] });
  const late = { ...refund, calling_until_ms: NOW_MS + 24_999 };
  expect(await submitRefund(gateway, order, late, 'refund')).toEqual(late);
  expect(calls).toEqual([]);
  const in_time = { ...refund, calling_until_ms: NOW_MS + 25_000 };
  expect(await submitRefund(gateway, order, in_time, 'refund')).toMatchObject({ state: 'succeeded' });
});

test('a refused question about a refund says nothing about the refund', () => {
  expect(refundEvent(REFUSED, true)).toEqual({ kind: 'unknown', reason: 'TRADE_OVERDUE' });
  expect(refundEvent(REFUSED, false)).toMatchObject({ kind: 'refused', code: 'TRADE_OVERDUE' });
});
