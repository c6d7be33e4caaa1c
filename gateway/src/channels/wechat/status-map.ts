/**
 * What WeChat Pay's error codes mean to us. The vendor's pages spell one code in several ways (ORDERPAID and ORDER_PAID,
 * SYSTEMERROR and SYSTEM_ERROR) and give it different statuses, so codes are compared without underscores and in upper case.
 * Only a code listed here as definite is ever reported as a refusal; everything else leaves the matter open.
 */
import type { Declined, Unknown } from '../channel.ts';
import type { VerifiedAnswer } from './client.ts';
import { textAt } from '../json.ts';

/** Operations that may be refused. A refused *question* tells nothing about the payment, so that queries are not among them. */
export type Operation = 'begin' | 'codepay' | 'close' | 'reverse' | 'refund';

/** Wrong for what we sent or who we are: WeChat Pay turned the request away before it did anything. */
const REQUEST_REFUSED = ['PARAMERROR', 'SIGNERROR', 'NOAUTH', 'MCHNOTEXISTS', 'APPIDMCHIDNOTMATCH', 'REQUESTBLOCKED'];

/**
 * FREQUENCYLIMITED is definite for an order: it was turned away at the door, nobody was given its code_url, and a merchant told
 * "601, query" would add to the very load that WeChat Pay complains of. Doc 4012525171.
 */
const ORDER_REFUSED = [
  ...REQUEST_REFUSED,
  'RULELIMIT',
  'TRADEERROR',
  'ACCOUNTERROR',
  'USERACCOUNTABNORMAL',
  'NOTENOUGH',
  'FREQUENCYLIMITED',
];

const DEFINITE: Readonly<Record<Operation, ReadonlySet<string>>> = {
  begin: new Set(ORDER_REFUSED),
  // The payer's code is old or no code at all, or the card behind it cannot be used: no payment comes
  // of it. As doc/v2/merchant/4011937125 spells them.
  codepay: new Set([...ORDER_REFUSED, 'AUTHCODEEXPIRE', 'AUTHCODEERROR', 'NOTSUPORTCARD']),
  // Not closed, and nothing else happened: the order stays as it is. Doc 4012556398.
  close: new Set([...REQUEST_REFUSED, 'INVALIDREQUEST', 'RULELIMIT', 'TRADEERROR']),
  // "HTTP 请求不符合接口规则" is INVALIDREQUEST here; REVERSEEXPIRE: more than seven days old. A refused reverse leaves the order as
  // it is; whether it may be tried again soon (FREQUENCYLIMITED, TRADEERROR) is for the next call to tell.
  reverse: new Set([...REQUEST_REFUSED, 'INVALIDREQUEST', 'REVERSEEXPIRE']),
  // FREQUENCYLIMITED is not definite here: the same refund number is simply sent again. Doc 4012552567.
  refund: new Set([
    ...REQUEST_REFUSED,
    'RESOURCENOTEXISTS',
    'ORDERNOTEXIST',
    'INVALIDTRANSACTIONID',
    'TRADEOVERDUE',
    'USERACCOUNTABNORMAL',
    'ACCOUNTERROR',
  ]),
};

/**
 * Refusals that may speak of an earlier request with the same number instead of this one: INVALID_REQUEST is also the answer
 * to a repeat with other parameters, OUT_TRADE_NO_USED to a number that has an order. They count as refusals only once a
 * query says that the number does not exist.
 */
const DOUBTFUL: Readonly<Record<Operation, ReadonlySet<string>>> = {
  begin: new Set(['INVALIDREQUEST', 'OUTTRADENOUSED']),
  // AUTHCODEINVALID, "每个二维码仅限使用一次": this very order may have used the code. BUYERMISMATCH, "暂不支持同一笔订单更换支付方":
  // somebody has tried to pay it before.
  codepay: new Set(['INVALIDREQUEST', 'OUTTRADENOUSED', 'AUTHCODEINVALID', 'BUYERMISMATCH']),
  close: new Set(),
  reverse: new Set(),
  refund: new Set(['INVALIDREQUEST']),
};

/**
 * Refusals of an order that speak of the account and came before anything was accepted, so that another account may be asked:
 * SIGNERROR (our key or serial), NOAUTH ("商户无权限"), MCHNOTEXISTS, APPIDMCHIDNOTMATCH (the application is not bound to this
 * merchant number; it may be to another), REQUESTBLOCKED (WeChat Pay has restricted the merchant), FREQUENCYLIMITED (the limit is
 * counted per merchant number). Not among them: ACCOUNTERROR and USERACCOUNTABNORMAL ("用户账号异常"), NOTENOUGH, RULELIMIT and
 * TRADEERROR, which speak of the payer or the trade, and PARAMERROR, which any account would answer. Doc 4012525171.
 */
const ACCOUNT_AT_FAULT: ReadonlySet<string> = new Set([
  'SIGNERROR',
  'NOAUTH',
  'MCHNOTEXISTS',
  'APPIDMCHIDNOTMATCH',
  'REQUESTBLOCKED',
  'FREQUENCYLIMITED',
]);

/** `ORDER_PAID` → `ORDERPAID`: the spelling all comparisons use. */
export function normalCode(code: string): string {
  return code.replaceAll('_', '').toUpperCase();
}

/** The error code of an answer in `normalCode`'s spelling, '' when it carries none. */
export function codeOf(answer: VerifiedAnswer): string {
  return normalCode(textAt(answer.json, 'code') ?? '');
}

/** `refused`: definitely; `doubtful`: if a query does not know the number; `open`: nothing is known. */
export function classify(operation: Operation, answer: VerifiedAnswer): 'refused' | 'doubtful' | 'open' {
  // A 5xx may be sent by a machine that has already passed the request on, whatever its body says.
  if (answer.status < 400 || answer.status >= 500) return 'open';
  const code = codeOf(answer);
  if (DEFINITE[operation].has(code)) return 'refused';
  return DOUBTFUL[operation].has(code) ? 'doubtful' : 'open';
}

/** A verified refusal in the channel's own words. */
export function declined(answer: VerifiedAnswer): Declined {
  const code = textAt(answer.json, 'code') ?? `HTTP_${answer.status}`;
  return { outcome: 'declined', code, message: messageOf(answer), raw: answer.text };
}

/** `declined` for an order, which another account may be asked for when this one is at fault. */
export function refusedOrder(answer: VerifiedAnswer): Declined {
  return ACCOUNT_AT_FAULT.has(codeOf(answer)) ? { ...declined(answer), account_fault: true } : declined(answer);
}

/** An answer that decides nothing; the reason is the code in lower case, or the status of a 5xx without one. */
export function unknown(answer: VerifiedAnswer): Unknown {
  return { outcome: 'unknown', reason: reasonOf(answer), raw: answer.text };
}

/** What the channel says in words, '' when it says nothing. */
export function messageOf(answer: VerifiedAnswer): string {
  return textAt(answer.json, 'message') ?? '';
}

function reasonOf(answer: VerifiedAnswer): string {
  const code = textAt(answer.json, 'code');
  if (!code) return answer.status >= 500 ? `http_${answer.status}` : 'not_understood';
  if (normalCode(code) === 'SYSTEMERROR') return 'system_error';
  // A stable word for metrics: whatever else the peer may put there is not passed on.
  return /^[A-Za-z_]{1,40}$/.test(code) ? code.toLowerCase() : 'not_understood';
}
