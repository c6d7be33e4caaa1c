/**
 * What a merchant's server does with a notification, in the order of the product document (支付结果通知): verify the
 * signature, compare the amount, act once, and only then answer `success`.
 */
import { HeliuError, NotificationRefused } from './errors.ts';
import { outcomeOf } from './outcome.ts';
import { RecentNotifications, type SeenNotifications } from './seen-notifications.ts';
import { tellObserver } from './tell-observer.ts';
import type { Notification, PaidOrder, Refund, RefundedOrder } from './types.ts';

/** What names an order of yours. */
export type OrderNumber = Pick<PaidOrder, 'mch_trade_id' | 'trade_id' | 'pay_type' | 'attach'>;

interface PaymentHandling {
  /**
   * The amount in fen that your own books ask for this order; null when there is no such order. It is compared with what was
   * paid before `onPaid` runs. Never take it from the notification.
   */
  readonly expected: (order: OrderNumber) => Promise<number | null> | number | null;
  /**
   * The order is paid, and its amount is right. Do what is to be done only if it has not been done, under a lock of your
   * database: another of your processes may be told the same. When this throws, the gateway is told to come again.
   */
  readonly onPaid: (order: PaidOrder, nonce_str: string) => Promise<void> | void;
  /** Gets to know what was refused, and why. The gateway is answered without details; what this throws is ignored. */
  readonly onRefused?: (error: Error, body: string) => void;
  /** Which notifications have been handled; the last 10 000 in memory unless given. */
  readonly seen?: SeenNotifications;
}

/** Both, or neither. */
type RefundHandling =
  | {
      /** The amount in fen that you asked to be given back under this number; null when it is not yours. */
      readonly expectedRefund: (
        refund: Pick<Refund, 'mch_refund_id'> & OrderNumber,
      ) => Promise<number | null> | number | null;
      /** The refund has come to an end, or is stuck: see `refund.refunds.refund_status`. */
      readonly onRefund: (refund: RefundedOrder, nonce_str: string) => Promise<void> | void;
    }
  | { readonly expectedRefund?: undefined; readonly onRefund?: undefined };

export type NotificationHandling = PaymentHandling & RefundHandling;

/** What the gateway is answered. */
export interface NotificationAnswer {
  readonly status: 200 | 400 | 413 | 422 | 500;
  readonly body: string;
}

/** Longer ones are not the gateway's: its own limit for a request is 64 KiB. */
export const BODY_LIMIT_BYTES = 65_536;

/**
 * Makes the function that handles the body of a notification. It never throws.
 *
 * @param read verifies a body, as `Heliu.readNotification` does
 */
export function notificationHandler(
  read: (body: string) => Promise<Notification>,
  handling: NotificationHandling,
): (body: string) => Promise<NotificationAnswer> {
  const seen = handling.seen ?? new RecentNotifications();
  /** Notifications that are being handled just now, by nonce: a repeat that overtakes waits for the first. */
  const under_way = new Map<string, Promise<void>>();

  async function once(notification: Notification): Promise<void> {
    const { nonce_str } = notification;
    const first = under_way.get(nonce_str);
    if (first) return first;
    const work = (async () => {
      if (await seen.has(nonce_str)) return;
      await act(notification, handling);
      await seen.add(nonce_str);
    })();
    under_way.set(nonce_str, work);
    await work.finally(() => under_way.delete(nonce_str));
  }

  return async (body) => {
    if (body.length > BODY_LIMIT_BYTES) return { status: 413, body: 'too large' };
    try {
      await once(await read(body));
      return { status: 200, body: 'success' };
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      tellObserver(handling.onRefused, reason, body);
      if (reason instanceof NotificationRefused) return { status: 422, body: 'refused' };
      // Anything else that the SDK finds wrong is a forgery or noise; what a callback throws is a reason to come again.
      return reason instanceof HeliuError ? { status: 400, body: 'not genuine' } : { status: 500, body: 'try again' };
    }
  };
}

async function act(notification: Notification, handling: NotificationHandling): Promise<void> {
  if (notification.kind === 'refund') return actOnRefund(notification.data, notification.nonce_str, handling);
  const order = notification.data;
  requireSame(await handling.expected(numberOf(order)), order.total_fee, `order ${order.mch_trade_id}`);
  if (outcomeOf(order) !== 'paid') throw new NotificationRefused(`trade_state ${order.trade_state} is not paid`);
  await handling.onPaid(order, notification.nonce_str);
}

async function actOnRefund(refund: RefundedOrder, nonce_str: string, handling: NotificationHandling): Promise<void> {
  if (!handling.onRefund) throw new NotificationRefused('a refund, and no onRefund to tell');
  const { mch_refund_id, refund_fee } = refund.refunds;
  const expected = await handling.expectedRefund({ ...numberOf(refund), mch_refund_id });
  requireSame(expected, refund_fee, `refund ${mch_refund_id}`);
  await handling.onRefund(refund, nonce_str);
}

function numberOf(order: PaidOrder | RefundedOrder): OrderNumber {
  const { mch_trade_id, trade_id, pay_type } = order;
  return { mch_trade_id, trade_id, pay_type, ...('attach' in order && { attach: order.attach }) };
}

function requireSame(expected: number | null, told: number, what: string): void {
  if (expected === null) throw new NotificationRefused(`${what} is not one of ours`);
  if (expected !== told) throw new NotificationRefused(`${what} should be ${expected} fen, and ${told} are told`);
}
