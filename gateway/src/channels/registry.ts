/** Every channel, one line each. Pay types, API schema, account checks and metrics labels derive from this list. */
import { alipay } from './alipay/channel.ts';
import type { Channel, PayType } from './channel.ts';
import { wechat } from './wechat/channel.ts';

export const CHANNELS: readonly Channel[] = [wechat, alipay];

const BY_CODE: ReadonlyMap<string, Channel> = new Map(CHANNELS.map((channel) => [channel.code, channel]));

/** Every pay type that `POST /v2/pay` takes, by its code. */
export const PAY_TYPES: ReadonlyMap<string, PayType> = new Map(
  CHANNELS.flatMap((channel) => channel.pay_types).map((pay_type) => [pay_type.code, pay_type]),
);

/** The channel of that code, or undefined. */
export function channelByCode(code: string): Channel | undefined {
  return BY_CODE.get(code);
}
