/** The parts of an order request that V3 pay types share (direct: doc 4012525171; partner: doc 4012523551). */
import type { OrderForChannel } from '../channel.ts';
import { firstCharacters } from '../text.ts';
import type { WechatAccount } from './config.ts';
import { partyOf } from './party.ts';

const EIGHT_HOURS_MS = 28_800_000;

/**
 * The members common to every order: who trades, what for and how much. The same order gives the same members every time,
 * which WeChat Pay demands of a repeated number.
 */
export function tradeBody(account: WechatAccount, order: OrderForChannel): Record<string, unknown> {
  return {
    ...partyOf(account, order),
    // string(127) and string(128), counted in characters.
    description: firstCharacters(order.body, 127),
    out_trade_no: order.out_trade_no,
    amount: { total: order.total_fen, currency: 'CNY' },
    ...(order.attach && { attach: firstCharacters(order.attach, 128) }),
  };
}

/** The members common to orders that the payer pays later: `tradeBody`, until when, where to report to and where it happens. */
export function orderBody(account: WechatAccount, order: OrderForChannel): Record<string, unknown> {
  const scene_info = sceneInfo(order);
  return {
    ...tradeBody(account, order),
    time_expire: chinaTime(order.expires_at_ms),
    notify_url: order.notify_url,
    ...(scene_info && { scene_info }),
  };
}

/** Where the payment happens. Null without the payer's address, for payer_client_ip is required as soon as scene_info is sent. */
export function sceneInfo(order: OrderForChannel): Record<string, unknown> | null {
  if (!order.spbill_create_ip) return null;
  const scene: Record<string, unknown> = { payer_client_ip: order.spbill_create_ip };
  const device_id = deviceId(order);
  if (device_id) scene['device_id'] = device_id;
  // For these pay types `id` is the merchant's own number of the shop; only codepay has WeChat's `id` beside ours, `out_id`.
  if (order.store_id && order.store_id.length <= 32) scene['store_info'] = { id: order.store_id };
  return scene;
}

/** An identifier cut short would name something else: one that is too long for its string(32) is left out. */
export function deviceId(order: OrderForChannel): string | null {
  return order.device_info && order.device_info.length <= 32 ? order.device_info : null;
}

/** RFC 3339 in Beijing time: 2018-06-08T10:34:56+08:00. Fractions of a second are cut. */
export function chinaTime(time_ms: number): string {
  return `${new Date(time_ms + EIGHT_HOURS_MS).toISOString().slice(0, 19)}+08:00`;
}
