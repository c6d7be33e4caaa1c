/** What a pay type of this channel adds: one file each under pay-types/. */
import type { BeginReport, OrderForChannel, PayType } from '../channel.ts';
import type { BeginOperation } from './business-codes.ts';
import type { VerifiedAnswer } from './client.ts';
import type { AlipayAccount } from './config.ts';

interface AnyPayType extends PayType {
  /** The method that places the order: `alipay.trade.precreate` … */
  readonly method: string;
  bizContent(account: AlipayAccount, order: OrderForChannel): Readonly<Record<string, unknown>>;
}

/** Placed by a call of ours. */
export interface CalledPayType extends AnyPayType {
  readonly operation: BeginOperation;
  /** What a verified 10000 about our number reports; null when it does not hold what it must. */
  readSuccess(account: AlipayAccount, answer: VerifiedAnswer): BeginReport | null;
}

/** Signed by us and carried to Alipay by the payer, whose opening of it makes the trade: nothing is sent from here. */
export interface CarriedPayType extends AnyPayType {
  /** Where the payer's browser goes afterwards. */
  returnUrl?(order: OrderForChannel): string | undefined;
  /** The reply fields out of the signed parameters. */
  replyOf(account: AlipayAccount, signed: ReadonlyMap<string, string>): Readonly<Record<string, string>>;
}

export type AlipayPayType = CalledPayType | CarriedPayType;

/** An accepted order and its reply fields; null when one of them did not come. */
export function accepted(answer: VerifiedAnswer, reply: Readonly<Record<string, string | null>>): BeginReport | null {
  const told: Record<string, string> = {};
  for (const [name, value] of Object.entries(reply)) {
    if (value === null) return null;
    told[name] = value;
  }
  return { outcome: 'accepted', reply: told, message: `${answer.code},${answer.msg}`, raw: answer.raw };
}

/**
 * Signed parameters as the vendor's SDKs write them for pages and apps: `name=value` joined with `&`, values percent-encoded
 * in UTF-8 ("对所有一级 value 做 encode", opendocs.alipay.com/open/204/105465). Blanks become %20, never +, and the quote and the
 * parentheses are encoded too: the text is put into pages and links by people.
 */
export function encodeSigned(signed: ReadonlyMap<string, string>): string {
  return [...signed].map(([name, value]) => `${name}=${encode(value)}`).join('&');
}

function encode(value: string): string {
  return encodeURIComponent(value).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
