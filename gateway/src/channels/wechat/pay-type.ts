/** What a pay type of this channel adds to the shared order: one file each under pay-types/. */
import type { OrderForChannel, PayType } from '../channel.ts';
import type { WechatAccount } from './config.ts';
import type { JsonObject } from './json.ts';

export interface WechatPayType extends PayType {
  /** Last part of the order endpoint's path: `native`, `jsapi`, `h5` … */
  readonly endpoint: string;
  /** The whole request body. */
  requestBody(account: WechatAccount, order: OrderForChannel): Readonly<Record<string, unknown>>;
  /** The reply fields out of a verified 200; null when they are not there. */
  readReply(answer: JsonObject): Readonly<Record<string, string>> | null;
}
