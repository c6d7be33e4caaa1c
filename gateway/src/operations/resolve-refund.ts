/**
 * Finds out about a refund that is not decided: the channel is asked by its number, and only when it does not know the number
 * is the refund sent (again) under the same number, which the channel takes for the same refund.
 */
import type { Order, Source } from '../domain/order.ts';
import type { Refund } from '../domain/refund.ts';
import { applyToRefund, refundEvent } from './apply-refund-result.ts';
import { counted, openAccount, refundForChannel } from './channel-calls.ts';
import type { Gateway } from './gateway.ts';

/** Sends a refund to its channel and records the answer. */
export async function submitRefund(gateway: Gateway, order: Order, refund: Refund, source: Source | 'refund'): Promise<Refund> {
  const client = await openAccount(gateway, order.account_id);
  const report = counted(gateway, order.channel, 'refund', await client.refund(refundForChannel(gateway, order, refund)));
  const event = report.outcome === 'not_found' ? ({ kind: 'unknown', reason: 'not_found' } as const) : refundEvent(report, false);
  return applyToRefund(gateway, order, refund, event, { source, raw: 'raw' in report ? report.raw : undefined });
}

/** Asks about a refund once; sends it when the channel does not know it. Answers the refund as it stands then. */
export async function resolveRefund(gateway: Gateway, order: Order, refund: Refund, source: Source): Promise<Refund> {
  if (refund.state !== 'undecided' && refund.state !== 'processing' && refund.state !== 'abnormal') return refund;
  if (refund.calling_until_ms > gateway.ports.clock.now_ms()) return refund;
  const client = await openAccount(gateway, order.account_id);
  const report = counted(gateway, order.channel, 'refund_query', await client.queryRefund(refundForChannel(gateway, order, refund)));
  if (report.outcome === 'not_found') return submitRefund(gateway, order, refund, source);
  return applyToRefund(gateway, order, refund, refundEvent(report, true), { source, raw: 'raw' in report ? report.raw : undefined });
}
