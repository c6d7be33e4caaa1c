/** What a pay type of this channel adds to the shared order: one file each under pay-types/. */
import type { BeginReport, OrderForChannel, PayType } from '../channel.ts';
import type { VerifiedAnswer, WechatClient } from './client.ts';
import type { WechatAccount } from './config.ts';
import { textAt } from '../json.ts';

export interface WechatPayType extends PayType {
  /** Last part of the order endpoint's path: `native`, `jsapi`, `h5` … */
  readonly endpoint: string;
  /** The whole request body. */
  requestBody(account: WechatAccount, order: OrderForChannel): Readonly<Record<string, unknown>>;
  /** What a verified answer says when it is no refusal; null when it does not say what this pay type waits for. */
  readAnswer(answer: VerifiedAnswer, placed: Placed): BeginReport | null | Promise<BeginReport | null>;
}

/** What there is to read an answer with. */
export interface Placed {
  readonly account: WechatAccount;
  readonly order: OrderForChannel;
  readonly sign: WechatClient['signInvocation'];
}

/** The member `name` of a success (200); null when the answer is none, or has no such text. */
export function memberOfSuccess(answer: VerifiedAnswer, name: string): string | null {
  return answer.status === 200 ? textAt(answer.json, name) : null;
}

/** The order is placed, and these are the reply fields. */
export function accepted(reply: Readonly<Record<string, string>>, answer: VerifiedAnswer): BeginReport {
  return { outcome: 'accepted', reply, message: 'success', raw: answer.text };
}
