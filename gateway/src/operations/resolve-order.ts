/**
 * Finds out about an undecided order by asking its channel; closes it there when its time is up. Nothing is closed in our
 * books that the channel has not confirmed.
 */
import type { Order, Source } from '../domain/order.ts';
import { applyToOrder, closeEvent, paymentEvent } from './apply-channel-result.ts';
import { counted, openAccount, orderReference } from './channel-calls.ts';
import type { Gateway } from './gateway.ts';

/** Asks the channel once and records what it said. Answers the order as it stands then. */
export async function resolveOrder(gateway: Gateway, order: Order, source: Source): Promise<Order> {
  if (order.state !== 'undecided') return order;
  const client = await openAccount(gateway, order.account_id);
  const report = counted(gateway, order.channel, 'query', await client.query(orderReference(order)));
  const event = paymentEvent(report);
  const asked = await applyToOrder(gateway, order, event, { source, raw: 'raw' in report ? report.raw : undefined });
  const may_close = event.kind === 'waiting' || event.kind === 'not_found';
  if (asked.state !== 'undecided' || !may_close || gateway.ports.clock.now_ms() < asked.expires_at_ms) return asked;
  return closeExpired(gateway, asked);
}

async function closeExpired(gateway: Gateway, order: Order): Promise<Order> {
  const client = await openAccount(gateway, order.account_id);
  const report = counted(gateway, order.channel, 'close', await client.close(orderReference(order)));
  const event = closeEvent(report);
  if (event)
    return applyToOrder(gateway, order, event, { source: 'expiry', raw: 'raw' in report ? report.raw : undefined });
  // The channel says it has been paid in the meantime: the payment itself is asked for, with its amount and number.
  const paid = counted(gateway, order.channel, 'query', await client.query(orderReference(order)));
  return applyToOrder(gateway, order, paymentEvent(paid), {
    source: 'expiry',
    raw: 'raw' in paid ? paid.raw : undefined,
  });
}
