/** Every channel, one line each. Pay types, API schema, account checks and metrics labels derive from this list. */
import { alipay } from './alipay/channel.ts';
import { bank } from './bank/channel.ts';
import type { Channel, PayType } from './channel.ts';
import { wechat } from './wechat/channel.ts';

export const CHANNELS: readonly Channel[] = [wechat, alipay, bank];

const BY_CODE: ReadonlyMap<string, Channel> = new Map(CHANNELS.map((channel) => [channel.code, channel]));

/** Every pay type that `POST /v2/pay` takes, by its code, with each channel's implementation of it. */
export const PAY_TYPES: ReadonlyMap<string, readonly [PayType, ...PayType[]]> = implementations();

function implementations(): Map<string, readonly [PayType, ...PayType[]]> {
  const by_code = new Map<string, readonly [PayType, ...PayType[]]>();
  for (const pay_type of CHANNELS.flatMap((channel) => channel.pay_types)) {
    const others = by_code.get(pay_type.code);
    by_code.set(pay_type.code, others ? [...others, pay_type] : [pay_type]);
  }
  return by_code;
}

/** The channel of that code, or undefined. */
export function channelByCode(code: string): Channel | undefined {
  return BY_CODE.get(code);
}

/** A channel's implementation of a pay type. Throws when this version has none: an order of a pay type that has been taken out. */
export function implementationOf(order: { readonly pay_type: string; readonly channel: string }): PayType {
  const found = PAY_TYPES.get(order.pay_type)?.find((one) => one.channel === order.channel);
  if (!found) throw new Error(`pay type ${order.pay_type} of channel ${order.channel} is gone`);
  return found;
}
