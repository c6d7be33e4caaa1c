/** What a pay type of this channel adds: one file each under pay-types/. */
import type { OrderForChannel, PayType } from '../channel.ts';
import type { AlipayAccount } from './config.ts';
import type { JsonObject } from './json.ts';

export interface AlipayPayType extends PayType {
  /** The method that places the order: `alipay.trade.precreate` … */
  readonly method: string;
  bizContent(account: AlipayAccount, order: OrderForChannel): Readonly<Record<string, unknown>>;
  /** The reply fields out of a verified 10000; null when they are not there. */
  readReply(node: JsonObject): Readonly<Record<string, string>> | null;
}
