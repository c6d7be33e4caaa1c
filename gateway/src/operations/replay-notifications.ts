/** Sends notifications again because a person says so: one more attempt at once, with the very same bytes. */
import { ApiError } from '../domain/codes.ts';
import type { Gateway } from './gateway.ts';
import { findOrderByAnyNumber } from './show-order.ts';

type Managed = Pick<Gateway, 'ports' | 'store'>;

const PAGE = 100;

/** Plans one more attempt of one notification, whatever its state. Throws 404. */
export async function replayNotification(
  gateway: Managed,
  merchant_id: string,
  notification_id: string,
): Promise<void> {
  const planned = await gateway.store.notifications.replay(merchant_id, notification_id, gateway.ports.clock.now_ms());
  if (!planned) throw new ApiError('not_found', `merchant ${merchant_id} has no notification ${notification_id}`);
}

/** Plans one more attempt of every notification of an order; answers their ids. Throws 200, 301. */
export async function replayNotificationsOfOrder(
  gateway: Managed,
  merchant_id: string,
  number: string,
): Promise<readonly string[]> {
  const order = await findOrderByAnyNumber(gateway, merchant_id, number);
  const notifications = await gateway.store.notifications.ofOrder(merchant_id, order.trade_id);
  const ids = notifications.map((notification) => notification.notification_id);
  for (const id of ids) await replayNotification(gateway, merchant_id, id);
  return ids;
}

/** Plans one more attempt of every notification of a merchant that failed for good, page by page; yields each page's ids. */
export async function* replayFailedNotifications(
  gateway: Managed,
  merchant_id: string,
): AsyncGenerator<readonly string[], void> {
  let after_id = '';
  for (;;) {
    const page = await gateway.store.notifications.failed(merchant_id, after_id, PAGE);
    const ids = page.map((notification) => notification.notification_id);
    for (const id of ids) await replayNotification(gateway, merchant_id, id);
    if (ids.length > 0) yield ids;
    if (page.length < PAGE) return;
    after_id = ids.at(-1) ?? after_id;
  }
}
