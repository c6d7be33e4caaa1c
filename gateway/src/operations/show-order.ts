/** Everything there is to know of one order, for an operator: the order, its timeline, refunds and notifications. */
import { ApiError } from '../domain/codes.ts';
import { isId } from '../domain/identifiers.ts';
import type { Order } from '../domain/order.ts';
import type { Refund } from '../domain/refund.ts';
import type { Attempt, Notification } from '../storage/notifications.ts';
import type { TimelineEvent } from '../storage/orders.ts';
import type { Gateway } from './gateway.ts';

type Reading = Pick<Gateway, 'store'>;

export interface NotificationRecord {
  readonly notification: Notification;
  readonly attempts: readonly Attempt[];
}

export interface OrderRecord {
  readonly order: Order;
  readonly timeline: readonly TimelineEvent[];
  /** False when there are more events than an answer holds. */
  readonly timeline_is_whole: boolean;
  readonly refunds: readonly Refund[];
  readonly notifications: readonly NotificationRecord[];
}

/** An order that is asked about for months gathers events: the first thousand tell what happened. */
const MAX_EVENTS = 1_000;

/** Reads an order by our trade_id or the merchant's mch_trade_id, with all that belongs to it. Throws 200, 301. */
export async function showOrder(gateway: Reading, merchant_id: string, number: string): Promise<OrderRecord> {
  const order = await findOrderByAnyNumber(gateway, merchant_id, number);
  const { orders, refunds, notifications } = gateway.store;
  const [timeline, order_refunds, order_notifications] = await Promise.all([
    orders.timeline(merchant_id, order.trade_id, 0, MAX_EVENTS + 1),
    refunds.ofOrder(merchant_id, order.trade_id),
    notifications.ofOrder(merchant_id, order.trade_id),
  ]);
  return {
    order,
    timeline: timeline.slice(0, MAX_EVENTS),
    timeline_is_whole: timeline.length <= MAX_EVENTS,
    refunds: order_refunds,
    notifications: await Promise.all(
      order_notifications.map(async (notification) => ({
        notification,
        attempts: await notifications.attempts(merchant_id, notification.notification_id),
      })),
    ),
  };
}

/** The order of that trade_id, else of that mch_trade_id: a merchant may choose numbers that look like ours. Throws 200, 301. */
export async function findOrderByAnyNumber(gateway: Reading, merchant_id: string, number: string): Promise<Order> {
  const { orders, configuration } = gateway.store;
  const by_trade_id = isId(number) ? await orders.byTradeId(merchant_id, number) : null;
  const order = by_trade_id ?? (await orders.byNumber(merchant_id, number));
  if (order) return order;
  if (!(await configuration.merchant(merchant_id))) {
    throw new ApiError('no_merchant', `merchant_id ${merchant_id} does not exist`);
  }
  throw new ApiError('no_order', `merchant ${merchant_id} has no order with trade_id or mch_trade_id ${number}`);
}
