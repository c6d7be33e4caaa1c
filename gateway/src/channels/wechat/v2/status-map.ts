/**
 * What APIv2's error codes mean to us (err_code; vendor pages wiki/doc/api, chapters 9_1 to 9_11). They are compared without
 * underscores: the pages spell one code in several ways. Only what is listed as definite here is reported as a refusal.
 */
import type { Declined, Unknown } from '../../channel.ts';
import type { VerifiedAnswer } from './client.ts';

export type Operation = 'order' | 'micropay' | 'close' | 'reverse' | 'refund';

/** The account is at fault, not what it asked for: another account may be asked instead. */
const ACCOUNT_FAULT = new Set(['NOAUTH', 'APPIDNOTEXIST', 'MCHIDNOTEXIST', 'APPIDMCHIDNOTMATCH', 'SIGNERROR']);

/** Wrong for what we sent or who we are: turned away before anything was done. */
const REQUEST_REFUSED = [
  ...ACCOUNT_FAULT,
  'PARAMERROR',
  'LACKPARAMS',
  'XMLFORMATERROR',
  'REQUIREPOSTMETHOD',
  'POSTDATAEMPTY',
  'NOTUTF8',
];

const DEFINITE: Readonly<Record<Operation, ReadonlySet<string>>> = {
  // FREQUENCYLIMITED, as in V3: nobody was given the code of an order that was turned away at the door. No fault of the account,
  // as it is there: the pages name it for refunds alone (chapter=9_4) and do not say whose requests it counts.
  order: new Set([...REQUEST_REFUSED, 'NOTENOUGH', 'RULELIMIT', 'TRADEERROR', 'FREQUENCYLIMITED']),
  // "明确失败" (chapter=9_10); SYSTEMERROR, BANKERROR and USERPAYING are the ones to be asked about.
  micropay: new Set([
    ...REQUEST_REFUSED,
    'NOTENOUGH',
    'NOTSUPORTCARD',
    'NOTSUPPORTCARD',
    'AUTHCODEEXPIRE',
    'AUTHCODEERROR',
    'AUTHCODEINVALID',
    'BUYERMISMATCH',
    'RULELIMIT',
    'TRADEERROR',
  ]),
  // Not closed, and nothing else happened: the order stays as it is (chapter=9_3).
  close: new Set([...REQUEST_REFUSED, 'INVALIDREQUEST', 'RULELIMIT', 'TRADEERROR']),
  // Not reversed: the order, or the account, does not allow it (chapter=9_11). TRADEERROR: the payer's account is at fault;
  // REVERSEEXPIRE: older than seven days; CERTERROR: our certificate.
  reverse: new Set([...REQUEST_REFUSED, 'INVALIDTRANSACTIONID', 'TRADEERROR', 'REVERSEEXPIRE', 'CERTERROR']),
  // INVALIDREQTOOMUCH and FREQUENCYLIMITED are not definite: the same number is simply sent again (chapter=9_4).
  refund: new Set([
    ...REQUEST_REFUSED,
    'CERTERROR',
    'ORDERNOTEXIST',
    'INVALIDTRANSACTIONID',
    'TRADEOVERDUE',
    'USERACCOUNTABNORMAL',
  ]),
};

/**
 * These speak of the number, and so perhaps of an earlier request of ours with it: refusals only once a query says that the
 * number does not exist. ERROR ("业务错误") is any fault of a refund's, a repetition with another amount among them.
 */
const HISTORY = ['ORDERPAID', 'OUTTRADENOUSED', 'ORDERCLOSED', 'ORDERREVERSED', 'INVALIDREQUEST'];
const NONE: ReadonlySet<string> = new Set();
const DOUBTFUL: Readonly<Record<Operation, ReadonlySet<string>>> = {
  order: new Set(HISTORY),
  micropay: new Set(HISTORY),
  close: NONE,
  reverse: NONE,
  refund: new Set(['INVALIDREQUEST', 'ERROR']),
};

/** `ORDER_PAID` → `ORDERPAID`: the spelling all comparisons use. */
export function normalCode(code: string): string {
  return code.replaceAll('_', '').toUpperCase();
}

/** The error code of an answer in `normalCode`'s spelling, '' when it carries none. */
export function codeOf({ fields }: VerifiedAnswer): string {
  return normalCode(fields.get('err_code') ?? '');
}

/** `refused`: definitely; `doubtful`: if a query does not know the number; `open`: nothing is known. */
export function classify(operation: Operation, answer: VerifiedAnswer): 'refused' | 'doubtful' | 'open' {
  const code = codeOf(answer);
  // A success is never read as a refusal, whatever code it carries along.
  if (answer.fields.get('result_code') !== 'FAIL') return 'open';
  if (DEFINITE[operation].has(code)) return 'refused';
  return DOUBTFUL[operation].has(code) ? 'doubtful' : 'open';
}

/** A verified refusal in the channel's own words. */
export function declined(answer: VerifiedAnswer): Declined {
  const code = answer.fields.get('err_code') ?? '';
  const account_fault = ACCOUNT_FAULT.has(normalCode(code));
  const refusal = { outcome: 'declined', code, message: messageOf(answer), raw: answer.raw } as const;
  return account_fault ? { ...refusal, account_fault } : refusal;
}

/** An answer that decides nothing; the reason is its error code in lower case. */
export function unknown(answer: VerifiedAnswer): Unknown {
  const code = answer.fields.get('err_code') ?? '';
  const named = normalCode(code) === 'SYSTEMERROR' ? 'system_error' : code.toLowerCase();
  // A stable word for metrics: whatever else the peer may put there is not passed on.
  return { outcome: 'unknown', reason: /^[a-z_]{1,40}$/.test(named) ? named : 'not_understood', raw: answer.raw };
}

/** What the channel says in words, '' when it says nothing. */
export function messageOf({ fields }: VerifiedAnswer): string {
  return fields.get('err_code_des') ?? '';
}
