/**
 * What the business codes (`sub_code`) of each method mean: those of the official SDK's models, alipay-sdk-php-all
 * v3/src/Model/AlipayTrade{Precreate,Create,Pay,Query,Close,Cancel,Refund,FastpayRefundQuery}ErrorResponseModel.php, read with
 * the solutions that the methods' pages give. One table a method, for the same code may be definite after one and an echo
 * after another. A code that is not in a method's table leaves the matter open: a wrong "declined" would lose a payment, a
 * needless query loses a second.
 */

/** Methods that place an order, by the last part of their name. */
export type BeginOperation = 'precreate' | 'create' | 'pay';

/** What is asked of Alipay. */
export type Operation = BeginOperation | 'query' | 'close' | 'cancel' | 'refund' | 'query_refund';

/**
 * - `ok`: 10000
 * - `paying`: 10003, the payer types a password
 * - `not_found`: the number does not exist at Alipay
 * - `declined`: definitely refused, nothing happened
 * - `ask`: refused for the state the trade is in; a query tells which
 * - `unknown`: decides nothing
 */
export type Verdict = 'ok' | 'paying' | 'not_found' | 'declined' | 'ask' | 'unknown';

type BusinessCodes = ReadonlyMap<string, Verdict>;

/** The same verdict for each of the codes, which are written without their prefix `ACQ.`. */
function all(verdict: Verdict, codes: readonly string[]): BusinessCodes {
  return new Map(codes.map((code) => [`ACQ.${code}`, verdict]));
}

/**
 * Refusals of every method that places an order. Absent from all three tables, and so open, because they speak of a trade that
 * exists under this number already: TRADE_HAS_SUCCESS (it has been paid), CONTEXT_INCONSISTENT and TRADE_BUYER_NOT_MATCH (it
 * was made with other parameters, or is being paid by somebody else: "该笔交易已经在支付宝端创建"), TRADE_HAS_CLOSE and
 * TRADE_STATUS_ERROR: the query says what it is. SYSTEM_ERROR: the vendor asks for a query.
 */
const ORDER = [
  'INVALID_PARAMETER',
  'ACCESS_FORBIDDEN',
  'EXIST_FORBIDDEN_WORD',
  'PARTNER_ERROR',
  'TOTAL_FEE_EXCEED',
  'BUYER_SELLER_EQUAL',
  'BUYER_ENABLE_STATUS_FORBID',
  'BUYER_NOT_EXIST',
  'BEYOND_PER_RECEIPT_SINGLE_RESTRICTION',
  'SELLER_BEEN_BLOCKED',
  'SELLER_NOT_EXIST',
  'ERROR_BUYER_CERTIFY_LEVEL_LIMIT',
  'INVALID_STORE_ID',
  'SECONDARY_MERCHANT_STATUS_ERROR',
  'SECONDARY_MERCHANT_ID_INVALID',
  'SECONDARY_MERCHANT_ID_BLANK',
  'SECONDARY_MERCHANT_NOT_MATCH',
  'SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT',
  'SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID',
  'INVALID_RECEIVE_ACCOUNT',
  'TRADE_SETTLE_ERROR',
  'NOW_TIME_AFTER_EXPIRE_TIME_ERROR',
  'SUB_GOODS_SIZE_MAX_COUNT',
  'MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT',
  'MERCHANT_PERM_RECEIPT_SINGLE_LIMIT',
  'MERCHANT_PERM_RECEIPT_DAY_LIMIT',
  'RISK_MERCHANT_IP_NOT_EXIST',
  'MERCHANT_STATUS_NOT_NORMAL',
] as const;

/** alipay.trade.precreate. */
const PRECREATE = all('declined', [
  ...ORDER,
  'BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR',
  'BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR',
  'BEYOND_PAY_RESTRICTION',
  'BEYOND_PER_RECEIPT_RESTRICTION',
  'BEYOND_PER_RECEIPT_DAY_RESTRICTION',
  'APPLY_PC_MERCHANT_CODE_ERROR',
  'DEFAULT_SETTLE_RULE_NOT_EXIST',
]);

/** alipay.trade.create. */
const CREATE = all('declined', [
  ...ORDER,
  'PAYER_UNMATCHED',
  'USER_LOGONID_DUP',
  'CUSTOMER_VALIDATE_ERROR',
  'NOT_SUPPORT_PAYMENT_INST',
  'ILLEGAL_ARGUMENT',
  'ERROR_SELLER_CERTIFY_LEVEL_LIMIT',
  'STORE_INFO_INVALID',
  'SUB_MERCHANT_CREATE_FAIL',
  'SUB_MERCHANT_TYPE_INVALID',
  'SECONDARY_MERCHANT_CARD_ALIAS_NO_INVALID',
  'PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID',
  'DEFAULT_SETTLE_RULE_NOT_EXIST',
  'OPEN_ID_NOT_TINY_APP',
  'BIZ_PRODUCT_NOT_ALLOWED',
  'UNBOUND_APPLICATION',
  'PRODUCT_NOT_SUPPORT_IN_TINY_APP',
]);

/**
 * alipay.trade.pay. PULL_MOBILE_CASHIER_FAIL and PAYMENT_FAIL are definite: for both the page asks to scan a fresh code and to
 * start again. Codes of what we never ask for (withholding agreements, pre-authorisations, instalments, cards) are left out.
 */
const PAY = all('declined', [
  ...ORDER,
  'PAYMENT_AUTH_CODE_INVALID',
  'BUYER_BALANCE_NOT_ENOUGH',
  'BUYER_BANKCARD_BALANCE_NOT_ENOUGH',
  'ERROR_BALANCE_PAYMENT_DISABLE',
  'PULL_MOBILE_CASHIER_FAIL',
  'MOBILE_PAYMENT_SWITCH_OFF',
  'USER_FACE_PAYMENT_SWITCH_OFF',
  'PAYMENT_FAIL',
  'PAYMENT_REQUEST_HAS_RISK',
  'NO_PAYMENT_INSTRUMENTS_AVAILABLE',
  'NOT_SUPPORT_PAYMENT_INST',
  'BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR',
  'BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR',
  'BUYER_NOT_MAINLAND_CERT',
  'NOT_CERTIFIED_USER',
  'PAYER_UNMATCHED',
  'USER_LOGONID_DUP',
  'BEYOND_PAY_RESTRICTION',
  'BEYOND_PER_RECEIPT_RESTRICTION',
  'BEYOND_PER_RECEIPT_DAY_RESTRICTION',
  'REQUEST_AMOUNT_EXCEED',
  'PRODUCT_AMOUNT_LIMIT_ERROR',
  'AMOUNT_OR_CURRENCY_ERROR',
  'CURRENCY_NOT_SUPPORT',
  'SUB_MERCHANT_CREATE_FAIL',
  'SUB_MERCHANT_TYPE_INVALID',
  'MERCHANT_AGREEMENT_NOT_EXIST',
  'MERCHANT_AGREEMENT_INVALID',
  'PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID',
  'RESTRICTED_MERCHANT_INDUSTRY',
  'UN_SUPPORT_TRADE_SCENE',
]);

/** alipay.trade.close. The states it refuses are "paid", "closed already" and "finished" alike. */
const CLOSE: BusinessCodes = new Map([
  ...all('not_found', ['TRADE_NOT_EXIST']),
  ...all('ask', ['REASON_TRADE_STATUS_INVALID', 'TRADE_STATUS_ERROR', 'REASON_ILLEGAL_STATUS']),
  ...all('declined', ['INVALID_PARAMETER']),
]);

/**
 * alipay.trade.cancel. REASON_TRADE_REFUND_FEE_ERR ("请确认交易是否已经发起过退款") may be the echo of this very cancel, sent before
 * and executed: then the money has gone back already.
 */
const CANCEL: BusinessCodes = new Map([
  ...all('ask', ['REASON_TRADE_REFUND_FEE_ERR']),
  ...all('declined', [
    'INVALID_PARAMETER',
    'SELLER_BALANCE_NOT_ENOUGH',
    'REASON_TRADE_BEEN_FREEZEN',
    'TRADE_HAS_FINISHED',
    'TRADE_CANCEL_TIME_OUT',
    'CANCEL_NOT_ALLOWED',
  ]),
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

/** The tables by operation. */
export const BUSINESS_CODES: Readonly<Record<Operation, BusinessCodes>> = {
  precreate: PRECREATE,
  create: CREATE,
  pay: PAY,
  query: all('not_found', ['TRADE_NOT_EXIST']),
  close: CLOSE,
  cancel: CANCEL,
  refund: REFUND,
  // The model lists the code with and without its prefix.
  query_refund: new Map([...all('not_found', ['TRADE_NOT_EXIST']), ['TRADE_NOT_EXIST', 'not_found']]),
};

/**
 * Refusals of an order that are about whose account it is: not signed up for the product, frozen, wrongly set up, or at the
 * limit of what it may receive. Another account may take the same order. Codes about the payer, the amount as such, the shop
 * or the words of the order are not among them; neither are UNBOUND_APPLICATION and its like, which speak of the mini program
 * that the order itself names.
 */
export const ACCOUNT_FAULTS: ReadonlySet<string> = new Set(
  [
    'ACCESS_FORBIDDEN',
    'PARTNER_ERROR',
    'SELLER_NOT_EXIST',
    'SELLER_BEEN_BLOCKED',
    'ERROR_SELLER_CERTIFY_LEVEL_LIMIT',
    'INVALID_RECEIVE_ACCOUNT',
    'DEFAULT_SETTLE_RULE_NOT_EXIST',
    'MERCHANT_STATUS_NOT_NORMAL',
    'MERCHANT_AGREEMENT_NOT_EXIST',
    'MERCHANT_AGREEMENT_INVALID',
    'RESTRICTED_MERCHANT_INDUSTRY',
    'BIZ_PRODUCT_NOT_ALLOWED',
    'BEYOND_PAY_RESTRICTION',
    'BEYOND_PER_RECEIPT_RESTRICTION',
    'BEYOND_PER_RECEIPT_DAY_RESTRICTION',
    'BEYOND_PER_RECEIPT_SINGLE_RESTRICTION',
    'MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT',
    'MERCHANT_PERM_RECEIPT_SINGLE_LIMIT',
    'MERCHANT_PERM_RECEIPT_DAY_LIMIT',
    'PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID',
    'SUB_MERCHANT_CREATE_FAIL',
    'SUB_MERCHANT_TYPE_INVALID',
    'SECONDARY_MERCHANT_STATUS_ERROR',
    'SECONDARY_MERCHANT_ID_INVALID',
    'SECONDARY_MERCHANT_ID_BLANK',
    'SECONDARY_MERCHANT_NOT_MATCH',
    'SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT',
    'SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID',
    'SECONDARY_MERCHANT_CARD_ALIAS_NO_INVALID',
  ].map((code) => `ACQ.${code}`),
);
