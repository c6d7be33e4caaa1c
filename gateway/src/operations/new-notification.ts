/** What a merchant is told by notification, made together with the change it tells of; null where the merchant wants none. */
import { makeId } from '../domain/identifiers.ts';
import type { Order } from '../domain/order.ts';
import type { Refund } from '../domain/refund.ts';
import { paymentPayload, refundPayload } from '../notifications/payload.ts';
import type { NewNotification } from '../storage/save-orders.ts';
import type { Gateway } from './gateway.ts';

function newId(gateway: Gateway, at_ms: number): string {
  return makeId(at_ms, gateway.ports.random.bytes(8));
}

/** Tells that an order is paid. */
export function paymentNotification(gateway: Gateway, order: Order, at_ms: number): NewNotification | null {
  if (order.notify_url === null) return null;
  return {
    notification_id: newId(gateway, at_ms),
    subject: 'payment',
    refund_id: null,
    url: order.notify_url,
    payload: paymentPayload(order, newId(gateway, at_ms)),
  };
}

/** Tells what has become of a refund. */
export function refundNotification(
  gateway: Gateway,
  order: Order,
  refund: Refund,
  at_ms: number,
): NewNotification | null {
  if (refund.notify_url === null) return null;
  return {
    notification_id: newId(gateway, at_ms),
    subject: 'refund',
    refund_id: refund.refund_id,
    url: refund.notify_url,
    payload: refundPayload(order, refund, newId(gateway, at_ms)),
  };
}
