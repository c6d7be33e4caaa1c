/**
 * What the codes of verified answers mean. Public codes: opendocs.alipay.com/common/02km9f. Business codes (`sub_code`) are
 * those of the official SDK's models, alipay-sdk-php-all v3/src/Model/AlipayTrade{Precreate,Query,Close,Refund,
 * FastpayRefundQuery}ErrorResponseModel.php. Whatever is not listed here leaves the matter open: a wrong "declined" would
 * lose a payment, a needless query loses a second.
 */

/** What is asked of Alipay. */
export type Operation = 'begin' | 'query' | 'close' | 'refund' | 'query_refund';

/**
 * - `ok`: 10000
 * - `not_found`: the number does not exist at Alipay
 * - `declined`: definitely refused, nothing happened
 * - `ask`: refused for the state the trade is in; a query tells which
 * - `unknown`: decides nothing
 */
export type Verdict = 'ok' | 'not_found' | 'declined' | 'ask' | 'unknown';

/**
 * Codes of the gateway in front of the business: token, permission, missing and invalid parameters, no right. It turned the
 * request away before anything saw it. 20000 (服务不可用) is not among them, and neither is any code with an `isp.` sub
 * code: those are troubles behind the gateway, after which anything may have happened.
 */
const TURNED_AWAY: ReadonlySet<string> = new Set(['20001', '40001', '40002', '40006']);

type BusinessCodes = ReadonlyMap<string, Verdict>;

/** The same verdict for each of the codes, which are written without their prefix `ACQ.`. */
function all(verdict: Verdict, codes: readonly string[]): BusinessCodes {
  return new Map(codes.map((code) => [`ACQ.${code}`, verdict]));
}

/**
 * alipay.trade.precreate. Absent, and so open, because they speak of a trade that exists under this number already:
 * TRADE_HAS_SUCCESS (it has been paid), CONTEXT_INCONSISTENT and TRADE_BUYER_NOT_MATCH (it was made with other parameters or
 * is being paid by somebody else), TRADE_HAS_CLOSE (it has been closed): the query says what it is. SYSTEM_ERROR: the
 * vendor asks for a query.
 */
const PRECREATE = all('declined', [
  'INVALID_PARAMETER',
  'ACCESS_FORBIDDEN',
  'EXIST_FORBIDDEN_WORD',
  'PARTNER_ERROR',
  'TOTAL_FEE_EXCEED',
  'BUYER_SELLER_EQUAL',
  'BUYER_ENABLE_STATUS_FORBID',
  'BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR',
  'BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR',
  'BEYOND_PAY_RESTRICTION',
  'BEYOND_PER_RECEIPT_RESTRICTION',
  'BEYOND_PER_RECEIPT_DAY_RESTRICTION',
  'BEYOND_PER_RECEIPT_SINGLE_RESTRICTION',
  'SELLER_BEEN_BLOCKED',
  'SELLER_NOT_EXIST',
  'ERROR_BUYER_CERTIFY_LEVEL_LIMIT',
  'INVALID_STORE_ID',
  'APPLY_PC_MERCHANT_CODE_ERROR',
  'SECONDARY_MERCHANT_STATUS_ERROR',
  'SECONDARY_MERCHANT_ID_INVALID',
  'SECONDARY_MERCHANT_ID_BLANK',
  'SECONDARY_MERCHANT_NOT_MATCH',
  'SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT',
  'SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID',
  'INVALID_RECEIVE_ACCOUNT',
  'TRADE_SETTLE_ERROR',
  'NOW_TIME_AFTER_EXPIRE_TIME_ERROR',
  'BUYER_NOT_EXIST',
  'SUB_GOODS_SIZE_MAX_COUNT',
  'DEFAULT_SETTLE_RULE_NOT_EXIST',
  'MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT',
  'MERCHANT_PERM_RECEIPT_SINGLE_LIMIT',
  'MERCHANT_PERM_RECEIPT_DAY_LIMIT',
  'RISK_MERCHANT_IP_NOT_EXIST',
  'MERCHANT_STATUS_NOT_NORMAL',
]);

/** alipay.trade.close. The states it refuses are "paid", "closed already" and "finished" alike. */
const CLOSE: BusinessCodes = new Map([
  ...all('not_found', ['TRADE_NOT_EXIST']),
  ...all('ask', ['REASON_TRADE_STATUS_INVALID', 'TRADE_STATUS_ERROR', 'REASON_ILLEGAL_STATUS']),
  ...all('declined', ['INVALID_PARAMETER']),
]);

/**
 * alipay.trade.refund. The codes of `ask` may be the echo of this very refund, sent before and executed: it closed the trade
 * or used up what was left to refund. DISCORDANT_REPEAT_REQUEST is open: the refund number exists with another amount.
 */
const REFUND: BusinessCodes = new Map([
  ...all('ask', [
    'TRADE_HAS_CLOSE',
    'TRADE_STATUS_ERROR',
    'REASON_TRADE_STATUS_INVALID',
    'REFUND_AMT_NOT_EQUAL_TOTAL',
    'REASON_TRADE_REFUND_FEE_ERR',
    'REFUND_FEE_ERROR',
  ]),
  ...all('declined', [
    'INVALID_PARAMETER',
    'SELLER_BALANCE_NOT_ENOUGH',
    'REASON_TRADE_BEEN_FREEZEN',
    'TRADE_NOT_EXIST',
    'TRADE_HAS_FINISHED',
    'TRADE_NOT_ALLOW_REFUND',
    'NOT_ALLOW_PARTIAL_REFUND',
    'ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND',
    'BUYER_NOT_EXIST',
    'BUYER_ENABLE_STATUS_FORBID',
    'BUYER_ERROR',
    'CURRENCY_NOT_SUPPORT',
    'ALLOC_AMOUNT_VALIDATE_ERROR',
    'USER_NOT_MATCH_ERR',
    'TRADE_SETTLE_ERROR',
    'REFUND_CHARGE_ERROR',
    'ENTERPRISE_PAY_BIZ_ERROR',
    'OVERDRAFT_ASSIGN_ACCOUNT_INVALID',
    'OVERDRAFT_AGREEMENT_NOT_MATCH',
    'REFUND_ACCOUNT_NOT_EXIST',
    'CUSTOMER_VALIDATE_ERROR',
    'REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST',
  ]),
]);

const BUSINESS: Readonly<Record<Operation, BusinessCodes>> = {
  begin: PRECREATE,
  query: all('not_found', ['TRADE_NOT_EXIST']),
  close: CLOSE,
  refund: REFUND,
  // The model lists the code with and without its prefix.
  query_refund: new Map([...all('not_found', ['TRADE_NOT_EXIST']), ['TRADE_NOT_EXIST', 'not_found']]),
};

/**
 * What a verified answer says about an operation.
 * @param code the public code
 * @param sub_code the business code, '' when there is none
 */
export function verdictOf(operation: Operation, code: string, sub_code: string): Verdict {
  if (code === '10000') return 'ok';
  if (sub_code.startsWith('isp.')) return 'unknown';
  // A refused question says nothing about the payment or the refund that was asked about.
  if (TURNED_AWAY.has(code)) return operation === 'query' || operation === 'query_refund' ? 'unknown' : 'declined';
  // 10003 (waiting for the payer) belongs to payment codes alone and is never a refusal.
  if (code !== '40004') return 'unknown';
  return BUSINESS[operation].get(sub_code) ?? 'unknown';
}

/** A stable word for an answer that decides nothing: `system_error`, `acq_context_inconsistent`, `isv_invalid_signature`, `code_20000` … */
export function unknownReason(code: string, sub_code: string): string {
  if (sub_code === 'ACQ.SYSTEM_ERROR' || sub_code === 'AQC.SYSTEM_ERROR' || code === '20000') return 'system_error';
  if (/^[A-Za-z_.-]{1,60}$/.test(sub_code)) return sub_code.toLowerCase().replaceAll(/[.-]/g, '_');
  return /^\d{5}$/.test(code) ? `code_${code}` : 'not_understood';
}
