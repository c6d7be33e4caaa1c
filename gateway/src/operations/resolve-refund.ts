/**
 * Finds out about a refund that is not decided: the channel is asked by its number, and only when it does not know the number
 * is the refund sent (again) under the same number, which the channel takes for the same refund.
 */
import type { RefundReport } from '../channels/channel.ts';
import type { Order, Source } from '../domain/order.ts';
import { PLACING_LEASE_MS } from '../domain/order.ts';
import { isOpen, type Refund } from '../domain/refund.ts';
import { applyToRefund, refundEvent } from './apply-refund-result.ts';
import { counted, inTime, openAccount, refundForChannel } from './channel-calls.ts';
import { rawOf } from './channel-events.ts';
import type { Gateway } from './gateway.ts';
import { aboutOrder, raiseException } from './raise-exception.ts';

/** Sends a refund to its channel for the first time and records the answer. One that waited too long is left to the resolver. */
export async function submitRefund(
  gateway: Gateway,
  order: Order,
  refund: Refund,
  source: Source | 'refund',
): Promise<Refund> {
  if (!inTime(gateway, refund.calling_until_ms)) return refund;
  const report = await send(gateway, order, refund);
  return record(gateway, order, refund, report, { source, from_query: false });
}

/** Asks about a refund once; sends it when the channel does not know it. Answers the refund as it stands then. */
export async function resolveRefund(gateway: Gateway, order: Order, refund: Refund, source: Source): Promise<Refund> {
  if (!isOpen(refund) || refund.calling_until_ms > gateway.ports.clock.now_ms()) return refund;
  const known = await ask(gateway, order, refund);
  if (known.outcome !== 'not_found') return record(gateway, order, refund, known, { source, from_query: true });
  const leased = await takeLease(gateway, refund);
  if (!leased || !inTime(gateway, leased.calling_until_ms)) return refund;
  const sent = await send(gateway, order, leased);
  if (sent.outcome !== 'declined') return record(gateway, order, leased, sent, { source, from_query: false });
  // The refusal may be of this repeat alone, while an earlier attempt went through: the amount is released only when the
  // channel says once more that it knows no such refund.
  const asked_again = await ask(gateway, order, leased);
  const refused = asked_again.outcome === 'not_found';
  return record(gateway, order, leased, refused ? sent : asked_again, { source, from_query: !refused });
}

/** Whoever sends a refund again does so alone: a merchant's question and the resolver may meet here. */
async function takeLease(gateway: Gateway, refund: Refund): Promise<Refund | null> {
  const at_ms = gateway.ports.clock.now_ms();
  const leased: Refund = { ...refund, calling_until_ms: at_ms + PLACING_LEASE_MS };
  const saved = await gateway.store.refunds.save({
    refund: leased,
    at_ms,
    money: 'keep',
    order_paid_again: false,
    event: null,
    job: null,
    notification: null,
  });
  return saved ? { ...leased, version: leased.version + 1 } : null;
}

async function send(gateway: Gateway, order: Order, refund: Refund): Promise<RefundReport> {
  const client = await openAccount(gateway, order.account_id);
  return counted(gateway, order, 'refund', await client.refund(refundForChannel(gateway, order, refund)));
}

async function ask(gateway: Gateway, order: Order, refund: Refund): Promise<RefundReport> {
  const client = await openAccount(gateway, order.account_id);
  return counted(gateway, order, 'refund_query', await client.queryRefund(refundForChannel(gateway, order, refund)));
}

async function record(
  gateway: Gateway,
  order: Order,
  refund: Refund,
  report: RefundReport,
  how: { readonly source: Source | 'refund'; readonly from_query: boolean },
): Promise<Refund> {
  if (report.outcome === 'succeeded' && report.amount_fen !== null && report.amount_fen !== refund.refund_fen) {
    await raiseRefundMismatch(gateway, order, refund, report.amount_fen, how.source);
    return applyToRefund(
      gateway,
      order,
      refund,
      { kind: 'unknown', reason: 'amount_differs' },
      { source: how.source, raw: report.raw },
    );
  }
  const event =
    report.outcome === 'not_found'
      ? ({ kind: 'unknown', reason: 'not_found' } as const)
      : refundEvent(report, how.from_query);
  return applyToRefund(gateway, order, refund, event, {
    source: how.source,
    raw: rawOf(report),
  });
}

/** The channel says it refunded another amount than ours under this number: nobody but a person can tell what is right. */
async function raiseRefundMismatch(
  gateway: Gateway,
  order: Order,
  refund: Refund,
  theirs: number,
  source: string,
): Promise<void> {
  await raiseException(gateway, {
    kind: 'refund_mismatch',
    dedupe_key: `refund_mismatch ${refund.refund_id}`,
    ...aboutOrder(order),
    detail: { refund_id: refund.refund_id, ours: refund.refund_fen, theirs, source },
  });
}
