/** What a pay type is in APIv2: one file each under pay-types/, named like the pay type's own file in ../pay-types/. */
import type { OrderForChannel } from '../../channel.ts';
import type { WechatV2Account } from './config.ts';
import type { Party } from './party.ts';
import type { Fields } from './xml.ts';

/** What a reply is made with, beside the answer. */
export interface ReplyContext {
  readonly account: WechatV2Account;
  readonly party: Party;
  readonly nonce: string;
  /** Unix seconds as decimal text. */
  readonly timestamp_s: string;
}

/** Placed by /pay/unifiedorder (统一下单, vendor page chapter=9_1) and paid by the payer afterwards. */
export interface OrderedPayType {
  readonly code: string;
  readonly trade_type: 'NATIVE' | 'JSAPI' | 'APP' | 'MWEB';
  /** Members of the request beside the shared ones; empty ones are not sent. */
  requestFields(party: Party, order: OrderForChannel): Readonly<Record<string, string>>;
  /** The reply fields out of a verified success; null when they are not there. */
  readReply(answer: Fields, context: ReplyContext): Readonly<Record<string, string>> | null;
}

/** Placed by /pay/micropay (付款码支付, vendor page chapter=9_10), which takes the money at once. */
export interface CodePayType {
  readonly code: string;
  readonly trade_type: 'MICROPAY';
  requestFields(party: Party, order: OrderForChannel): Readonly<Record<string, string>>;
}

export type V2PayType = OrderedPayType | CodePayType;
