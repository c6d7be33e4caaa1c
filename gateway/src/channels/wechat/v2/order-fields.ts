/** The part of an order request that all pay types share (vendor pages chapter=9_1 and 9_10). */
import type { OrderForChannel } from '../../channel.ts';
import { firstBytes } from '../../text.ts';
import { compactTime } from './time.ts';

/** spbill_create_ip is required. Of an order that came without an address nothing is known: the loopback address says so. */
const NO_ADDRESS = '127.0.0.1';

/**
 * What for, how much, until when and where to report to. The same order gives the same members every time, which WeChat Pay
 * demands of a repeated number. `notify_url` is for /pay/unifiedorder alone: payment codes are never reported.
 */
export function orderFields(order: OrderForChannel): Record<string, string> {
  return {
    // String(128) and String(127). Counted in bytes of UTF-8, the stricter reading: a longer one is refused as a whole.
    body: firstBytes(order.body, 128),
    attach: firstBytes(order.attach ?? '', 127),
    device_info: identifier(order.device_info),
    out_trade_no: order.out_trade_no,
    total_fee: String(order.total_fen),
    spbill_create_ip: order.spbill_create_ip ?? NO_ADDRESS,
    time_start: compactTime(order.created_at_ms),
    time_expire: compactTime(order.expires_at_ms),
  };
}

/** scene_info with the merchant's shop, JSON text; '' without one. */
export function storeScene(order: OrderForChannel): string {
  const id = identifier(order.store_id);
  return id === '' ? '' : JSON.stringify({ store_info: { id } });
}

/** An identifier cut short would name something else: one that is too long for its String(32) is left out. */
function identifier(text: string | null): string {
  return text === null || Buffer.byteLength(text) > 32 ? '' : text;
}
