/** Notifications of the gateway: verified, and told apart. */
import { InvalidToken, NotificationRefused } from './errors.ts';
import { openToken, type Json } from './json-web-token.ts';
import type { LazyKey } from './keys.ts';
import type { Notification, PaidOrder, RefundedOrder } from './types.ts';

/**
 * Reads the body of a notification.
 *
 * @param body what was posted to the notify_url, as it came
 * @param merchant_id whose orders are ours; a genuine notification to somebody else is refused
 * @throws InvalidToken or SignatureInvalid when the platform did not sign it: then nothing in it is true
 * @throws NotificationRefused when it is for another merchant
 */
export async function readNotification(
  body: string,
  platform_public_key: LazyKey,
  merchant_id: string,
): Promise<Notification> {
  const { code, data, nonce_str, time_elapsed } = await openToken(body, platform_public_key);
  // The gateway signs answers with the same key: one that somebody kept must not pass for a notification.
  if (time_elapsed !== undefined) throw new InvalidToken('this is an answer to a call, not a notification');
  if (code !== 0 || typeof data !== 'object' || data === null || typeof nonce_str !== 'string') {
    throw new InvalidToken('the payload is no notification');
  }
  const about = data as Json;
  const is_refund = 'refunds' in about;
  if (typeof about['mch_trade_id'] !== 'string' || (!is_refund && typeof about['total_fee'] !== 'number')) {
    throw new InvalidToken('the payload is no notification');
  }
  if (about['merchant_id'] !== merchant_id) throw new NotificationRefused('the notification is for another merchant');
  if (!is_refund) return { kind: 'payment', nonce_str, data: about as unknown as PaidOrder };
  const { refunds } = about;
  if (typeof refunds !== 'object' || refunds === null || typeof Reflect.get(refunds, 'refund_fee') !== 'number') {
    throw new InvalidToken('the payload is no notification');
  }
  return { kind: 'refund', nonce_str, data: about as unknown as RefundedOrder };
}
