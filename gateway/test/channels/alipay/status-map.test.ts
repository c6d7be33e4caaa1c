import { describe, expect, test } from 'vitest';
import { ACCOUNT_FAULTS, type Operation, type Verdict } from '../../../src/channels/alipay/business-codes.ts';
import { isAccountFault, unknownReason, verdictOf } from '../../../src/channels/alipay/status-map.ts';

const BEGINS = ['precreate', 'create', 'pay'] as const;
const OPERATIONS: readonly Operation[] = [...BEGINS, 'query', 'close', 'cancel', 'refund', 'query_refund'];

const PUBLIC: readonly (readonly [string, string, Record<Operation, Verdict>])[] = [
  ['10000', '', same('ok')],
  ['10003', '', { ...same('unknown'), pay: 'paying' }],
  ['20000', '', same('unknown')],
  ['20000', 'isp.unknow-error', same('unknown')],
  ['20000', 'ACQ.SYSTEM_ERROR', same('unknown')],
  ['20001', 'aop.invalid-app-auth-token', turnedAway()],
  ['40001', 'isv.missing-method', turnedAway()],
  ['40002', 'isv.invalid-signature', turnedAway()],
  ['40003', 'isv.conditions', same('unknown')],
  ['40005', 'isv.app-call-limited', { ...same('unknown'), precreate: 'declined', create: 'declined', pay: 'declined' }],
  ['40005', 'isv.of-next-year', same('unknown')],
  ['40006', 'isv.insufficient-isv-permissions', turnedAway()],
  ['40006', 'isp.some-trouble', same('unknown')],
  ['40004', '', same('unknown')],
  ['40004', 'isp.unknow-error', same('unknown')],
  ['40004', 'ACQ.A_CODE_OF_NEXT_YEAR', same('unknown')],
  ['40004', 'ACQ.SYSTEM_ERROR', same('unknown')],
  ['40004', 'AQC.SYSTEM_ERROR', same('unknown')],
  ['40004', 'toString', same('unknown')],
  ['50000', '', same('unknown')],
  ['', '', same('unknown')],
];

describe('public codes', () => {
  test.each(PUBLIC)('%s %s', (code, sub_code, verdicts) => {
    const found = OPERATIONS.map((operation) => [operation, verdictOf(operation, code, sub_code)]);
    expect(Object.fromEntries(found)).toEqual(verdicts);
  });
});

function same(verdict: Verdict): Record<Operation, Verdict> {
  return {
    precreate: verdict,
    create: verdict,
    pay: verdict,
    query: verdict,
    close: verdict,
    cancel: verdict,
    refund: verdict,
    query_refund: verdict,
  };
}

/** A refused question says nothing about what was asked. */
function turnedAway(): Record<Operation, Verdict> {
  return { ...same('declined'), query: 'unknown', query_refund: 'unknown' };
}

/** One row for each code of the vendor's models AlipayTrade…ErrorResponseModel, plus those of the protocol notes. */
const BUSINESS: readonly [Operation, string, Verdict][] = [
  ['precreate', 'TRADE_HAS_SUCCESS', 'unknown'],
  ['precreate', 'TRADE_HAS_CLOSE', 'unknown'],
  ['precreate', 'CONTEXT_INCONSISTENT', 'unknown'],
  ['precreate', 'TRADE_BUYER_NOT_MATCH', 'unknown'],
  ['precreate', 'INVALID_PARAMETER', 'declined'],
  ['precreate', 'ACCESS_FORBIDDEN', 'declined'],
  ['precreate', 'EXIST_FORBIDDEN_WORD', 'declined'],
  ['precreate', 'PARTNER_ERROR', 'declined'],
  ['precreate', 'TOTAL_FEE_EXCEED', 'declined'],
  ['precreate', 'BUYER_SELLER_EQUAL', 'declined'],
  ['precreate', 'BUYER_ENABLE_STATUS_FORBID', 'declined'],
  ['precreate', 'BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR', 'declined'],
  ['precreate', 'BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR', 'declined'],
  ['precreate', 'BEYOND_PAY_RESTRICTION', 'declined'],
  ['precreate', 'BEYOND_PER_RECEIPT_RESTRICTION', 'declined'],
  ['precreate', 'BEYOND_PER_RECEIPT_DAY_RESTRICTION', 'declined'],
  ['precreate', 'BEYOND_PER_RECEIPT_SINGLE_RESTRICTION', 'declined'],
  ['precreate', 'SELLER_BEEN_BLOCKED', 'declined'],
  ['precreate', 'SELLER_NOT_EXIST', 'declined'],
  ['precreate', 'ERROR_BUYER_CERTIFY_LEVEL_LIMIT', 'declined'],
  ['precreate', 'INVALID_STORE_ID', 'declined'],
  ['precreate', 'APPLY_PC_MERCHANT_CODE_ERROR', 'declined'],
  ['precreate', 'SECONDARY_MERCHANT_STATUS_ERROR', 'declined'],
  ['precreate', 'SECONDARY_MERCHANT_ID_INVALID', 'declined'],
  ['precreate', 'SECONDARY_MERCHANT_ID_BLANK', 'declined'],
  ['precreate', 'SECONDARY_MERCHANT_NOT_MATCH', 'declined'],
  ['precreate', 'SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT', 'declined'],
  ['precreate', 'SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID', 'declined'],
  ['precreate', 'INVALID_RECEIVE_ACCOUNT', 'declined'],
  ['precreate', 'TRADE_SETTLE_ERROR', 'declined'],
  ['precreate', 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR', 'declined'],
  ['precreate', 'BUYER_NOT_EXIST', 'declined'],
  ['precreate', 'SUB_GOODS_SIZE_MAX_COUNT', 'declined'],
  ['precreate', 'DEFAULT_SETTLE_RULE_NOT_EXIST', 'declined'],
  ['precreate', 'MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT', 'declined'],
  ['precreate', 'MERCHANT_PERM_RECEIPT_SINGLE_LIMIT', 'declined'],
  ['precreate', 'MERCHANT_PERM_RECEIPT_DAY_LIMIT', 'declined'],
  ['precreate', 'RISK_MERCHANT_IP_NOT_EXIST', 'declined'],
  ['precreate', 'MERCHANT_STATUS_NOT_NORMAL', 'declined'],
  ['precreate', 'TRADE_NOT_EXIST', 'unknown'],
  ['create', 'TRADE_HAS_SUCCESS', 'unknown'],
  ['create', 'TRADE_HAS_CLOSE', 'unknown'],
  ['create', 'CONTEXT_INCONSISTENT', 'unknown'],
  ['create', 'TRADE_BUYER_NOT_MATCH', 'unknown'],
  ['create', 'SYSTEM_ERROR', 'unknown'],
  ['create', 'INVALID_PARAMETER', 'declined'],
  ['create', 'ACCESS_FORBIDDEN', 'declined'],
  ['create', 'EXIST_FORBIDDEN_WORD', 'declined'],
  ['create', 'PARTNER_ERROR', 'declined'],
  ['create', 'TOTAL_FEE_EXCEED', 'declined'],
  ['create', 'BUYER_SELLER_EQUAL', 'declined'],
  ['create', 'BUYER_ENABLE_STATUS_FORBID', 'declined'],
  ['create', 'SELLER_BEEN_BLOCKED', 'declined'],
  ['create', 'ERROR_BUYER_CERTIFY_LEVEL_LIMIT', 'declined'],
  ['create', 'SUB_MERCHANT_CREATE_FAIL', 'declined'],
  ['create', 'SUB_MERCHANT_TYPE_INVALID', 'declined'],
  ['create', 'SECONDARY_MERCHANT_STATUS_ERROR', 'declined'],
  ['create', 'BUYER_NOT_EXIST', 'declined'],
  ['create', 'PAYER_UNMATCHED', 'declined'],
  ['create', 'SECONDARY_MERCHANT_NOT_MATCH', 'declined'],
  ['create', 'TRADE_SETTLE_ERROR', 'declined'],
  ['create', 'SECONDARY_MERCHANT_ID_BLANK', 'declined'],
  ['create', 'INVALID_RECEIVE_ACCOUNT', 'declined'],
  ['create', 'SECONDARY_MERCHANT_ID_INVALID', 'declined'],
  ['create', 'BEYOND_PER_RECEIPT_SINGLE_RESTRICTION', 'declined'],
  ['create', 'SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID', 'declined'],
  ['create', 'SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT', 'declined'],
  ['create', 'USER_LOGONID_DUP', 'declined'],
  ['create', 'CUSTOMER_VALIDATE_ERROR', 'declined'],
  ['create', 'INVALID_STORE_ID', 'declined'],
  ['create', 'SECONDARY_MERCHANT_CARD_ALIAS_NO_INVALID', 'declined'],
  ['create', 'NOT_SUPPORT_PAYMENT_INST', 'declined'],
  ['create', 'SELLER_NOT_EXIST', 'declined'],
  ['create', 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR', 'declined'],
  ['create', 'ILLEGAL_ARGUMENT', 'declined'],
  ['create', 'SUB_GOODS_SIZE_MAX_COUNT', 'declined'],
  ['create', 'PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID', 'declined'],
  ['create', 'ERROR_SELLER_CERTIFY_LEVEL_LIMIT', 'declined'],
  ['create', 'STORE_INFO_INVALID', 'declined'],
  ['create', 'DEFAULT_SETTLE_RULE_NOT_EXIST', 'declined'],
  ['create', 'MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT', 'declined'],
  ['create', 'MERCHANT_PERM_RECEIPT_SINGLE_LIMIT', 'declined'],
  ['create', 'MERCHANT_PERM_RECEIPT_DAY_LIMIT', 'declined'],
  ['create', 'OPEN_ID_NOT_TINY_APP', 'declined'],
  ['create', 'RISK_MERCHANT_IP_NOT_EXIST', 'declined'],
  ['create', 'BIZ_PRODUCT_NOT_ALLOWED', 'declined'],
  ['create', 'UNBOUND_APPLICATION', 'declined'],
  ['create', 'PRODUCT_NOT_SUPPORT_IN_TINY_APP', 'declined'],
  ['create', 'MERCHANT_STATUS_NOT_NORMAL', 'declined'],
  ['create', 'PAYMENT_AUTH_CODE_INVALID', 'unknown'],
  ['precreate', 'UNBOUND_APPLICATION', 'unknown'],
  ['pay', 'SYSTEM_ERROR', 'unknown'],
  ['pay', 'CONTEXT_INCONSISTENT', 'unknown'],
  ['pay', 'TRADE_HAS_SUCCESS', 'unknown'],
  ['pay', 'TRADE_HAS_CLOSE', 'unknown'],
  ['pay', 'TRADE_BUYER_NOT_MATCH', 'unknown'],
  ['pay', 'TRADE_STATUS_ERROR', 'unknown'],
  ['pay', 'AGREEMENT_NOT_EXIST', 'unknown'],
  ['pay', 'AUTH_ORDER_HAS_FINISHED', 'unknown'],
  ['pay', 'CYCLE_PAY_DATE_NOT_MATCH', 'unknown'],
  ['pay', 'INVALID_PARAMETER', 'declined'],
  ['pay', 'ACCESS_FORBIDDEN', 'declined'],
  ['pay', 'EXIST_FORBIDDEN_WORD', 'declined'],
  ['pay', 'PARTNER_ERROR', 'declined'],
  ['pay', 'TOTAL_FEE_EXCEED', 'declined'],
  ['pay', 'PAYMENT_AUTH_CODE_INVALID', 'declined'],
  ['pay', 'BUYER_BALANCE_NOT_ENOUGH', 'declined'],
  ['pay', 'BUYER_BANKCARD_BALANCE_NOT_ENOUGH', 'declined'],
  ['pay', 'ERROR_BALANCE_PAYMENT_DISABLE', 'declined'],
  ['pay', 'BUYER_SELLER_EQUAL', 'declined'],
  ['pay', 'BUYER_ENABLE_STATUS_FORBID', 'declined'],
  ['pay', 'PULL_MOBILE_CASHIER_FAIL', 'declined'],
  ['pay', 'MOBILE_PAYMENT_SWITCH_OFF', 'declined'],
  ['pay', 'PAYMENT_FAIL', 'declined'],
  ['pay', 'BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR', 'declined'],
  ['pay', 'BEYOND_PAY_RESTRICTION', 'declined'],
  ['pay', 'BEYOND_PER_RECEIPT_RESTRICTION', 'declined'],
  ['pay', 'BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR', 'declined'],
  ['pay', 'SELLER_BEEN_BLOCKED', 'declined'],
  ['pay', 'ERROR_BUYER_CERTIFY_LEVEL_LIMIT', 'declined'],
  ['pay', 'PAYMENT_REQUEST_HAS_RISK', 'declined'],
  ['pay', 'NO_PAYMENT_INSTRUMENTS_AVAILABLE', 'declined'],
  ['pay', 'USER_FACE_PAYMENT_SWITCH_OFF', 'declined'],
  ['pay', 'INVALID_STORE_ID', 'declined'],
  ['pay', 'SUB_MERCHANT_CREATE_FAIL', 'declined'],
  ['pay', 'SUB_MERCHANT_TYPE_INVALID', 'declined'],
  ['pay', 'MERCHANT_AGREEMENT_NOT_EXIST', 'declined'],
  ['pay', 'MERCHANT_AGREEMENT_INVALID', 'declined'],
  ['pay', 'MERCHANT_STATUS_NOT_NORMAL', 'declined'],
  ['pay', 'AMOUNT_OR_CURRENCY_ERROR', 'declined'],
  ['pay', 'CURRENCY_NOT_SUPPORT', 'declined'],
  ['pay', 'SECONDARY_MERCHANT_STATUS_ERROR', 'declined'],
  ['pay', 'BUYER_NOT_EXIST', 'declined'],
  ['pay', 'PRODUCT_AMOUNT_LIMIT_ERROR', 'declined'],
  ['pay', 'SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID', 'declined'],
  ['pay', 'INVALID_RECEIVE_ACCOUNT', 'declined'],
  ['pay', 'SELLER_NOT_EXIST', 'declined'],
  ['pay', 'BEYOND_PER_RECEIPT_SINGLE_RESTRICTION', 'declined'],
  ['pay', 'PAYER_UNMATCHED', 'declined'],
  ['pay', 'SECONDARY_MERCHANT_ID_INVALID', 'declined'],
  ['pay', 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR', 'declined'],
  ['pay', 'SECONDARY_MERCHANT_NOT_MATCH', 'declined'],
  ['pay', 'REQUEST_AMOUNT_EXCEED', 'declined'],
  ['pay', 'SUB_GOODS_SIZE_MAX_COUNT', 'declined'],
  ['pay', 'NOT_SUPPORT_PAYMENT_INST', 'declined'],
  ['pay', 'BUYER_NOT_MAINLAND_CERT', 'declined'],
  ['pay', 'SECONDARY_MERCHANT_ID_BLANK', 'declined'],
  ['pay', 'TRADE_SETTLE_ERROR', 'declined'],
  ['pay', 'NOT_CERTIFIED_USER', 'declined'],
  ['pay', 'SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT', 'declined'],
  ['pay', 'RESTRICTED_MERCHANT_INDUSTRY', 'declined'],
  ['pay', 'PLATFORM_BUSINESS_ACQUIRE_MODE_MUST_MERCHANT_ID', 'declined'],
  ['pay', 'BEYOND_PER_RECEIPT_DAY_RESTRICTION', 'declined'],
  ['pay', 'MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT', 'declined'],
  ['pay', 'MERCHANT_PERM_RECEIPT_SINGLE_LIMIT', 'declined'],
  ['pay', 'MERCHANT_PERM_RECEIPT_DAY_LIMIT', 'declined'],
  ['pay', 'USER_LOGONID_DUP', 'declined'],
  ['pay', 'RISK_MERCHANT_IP_NOT_EXIST', 'declined'],
  ['pay', 'UN_SUPPORT_TRADE_SCENE', 'declined'],
  ['cancel', 'SYSTEM_ERROR', 'unknown'],
  ['cancel', 'TRADE_NOT_EXIST', 'unknown'],
  ['cancel', 'REASON_TRADE_REFUND_FEE_ERR', 'ask'],
  ['cancel', 'INVALID_PARAMETER', 'declined'],
  ['cancel', 'SELLER_BALANCE_NOT_ENOUGH', 'declined'],
  ['cancel', 'REASON_TRADE_BEEN_FREEZEN', 'declined'],
  ['cancel', 'TRADE_HAS_FINISHED', 'declined'],
  ['cancel', 'TRADE_CANCEL_TIME_OUT', 'declined'],
  ['cancel', 'CANCEL_NOT_ALLOWED', 'declined'],
  ['query', 'TRADE_NOT_EXIST', 'not_found'],
  ['query', 'INVALID_PARAMETER', 'unknown'],
  ['query', 'ENTERPRISE_PAY_BIZ_ERROR', 'unknown'],
  ['close', 'TRADE_NOT_EXIST', 'not_found'],
  ['close', 'REASON_TRADE_STATUS_INVALID', 'ask'],
  ['close', 'TRADE_STATUS_ERROR', 'ask'],
  ['close', 'REASON_ILLEGAL_STATUS', 'ask'],
  ['close', 'INVALID_PARAMETER', 'declined'],
  ['refund', 'TRADE_HAS_CLOSE', 'ask'],
  ['refund', 'TRADE_STATUS_ERROR', 'ask'],
  ['refund', 'REASON_TRADE_STATUS_INVALID', 'ask'],
  ['refund', 'REFUND_AMT_NOT_EQUAL_TOTAL', 'ask'],
  ['refund', 'REASON_TRADE_REFUND_FEE_ERR', 'ask'],
  ['refund', 'REFUND_FEE_ERROR', 'ask'],
  ['refund', 'DISCORDANT_REPEAT_REQUEST', 'unknown'],
  ['refund', 'INVALID_PARAMETER', 'declined'],
  ['refund', 'SELLER_BALANCE_NOT_ENOUGH', 'declined'],
  ['refund', 'REASON_TRADE_BEEN_FREEZEN', 'declined'],
  ['refund', 'TRADE_NOT_EXIST', 'declined'],
  ['refund', 'TRADE_HAS_FINISHED', 'declined'],
  ['refund', 'TRADE_NOT_ALLOW_REFUND', 'declined'],
  ['refund', 'NOT_ALLOW_PARTIAL_REFUND', 'declined'],
  ['refund', 'ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND', 'declined'],
  ['refund', 'BUYER_NOT_EXIST', 'declined'],
  ['refund', 'BUYER_ENABLE_STATUS_FORBID', 'declined'],
  ['refund', 'BUYER_ERROR', 'declined'],
  ['refund', 'CURRENCY_NOT_SUPPORT', 'declined'],
  ['refund', 'ALLOC_AMOUNT_VALIDATE_ERROR', 'declined'],
  ['refund', 'USER_NOT_MATCH_ERR', 'declined'],
  ['refund', 'TRADE_SETTLE_ERROR', 'declined'],
  ['refund', 'REFUND_CHARGE_ERROR', 'declined'],
  ['refund', 'ENTERPRISE_PAY_BIZ_ERROR', 'declined'],
  ['refund', 'OVERDRAFT_ASSIGN_ACCOUNT_INVALID', 'declined'],
  ['refund', 'OVERDRAFT_AGREEMENT_NOT_MATCH', 'declined'],
  ['refund', 'REFUND_ACCOUNT_NOT_EXIST', 'declined'],
  ['refund', 'CUSTOMER_VALIDATE_ERROR', 'declined'],
  ['refund', 'REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST', 'declined'],
  ['query_refund', 'TRADE_NOT_EXIST', 'not_found'],
  ['query_refund', 'INVALID_PARAMETER', 'unknown'],
  ['query_refund', 'ENTERPRISE_PAY_BIZ_ERROR', 'unknown'],
];

describe('business codes', () => {
  test.each(BUSINESS)('%s ACQ.%s is %s', (operation, sub_code, verdict) => {
    expect(verdictOf(operation, '40004', `ACQ.${sub_code}`)).toBe(verdict);
    // Without the public code of a business failure the business code decides nothing.
    expect(verdictOf(operation, '20000', `ACQ.${sub_code}`)).toBe('unknown');
  });

  test('the refund query spells TRADE_NOT_EXIST without its prefix, too', () => {
    expect(verdictOf('query_refund', '40004', 'TRADE_NOT_EXIST')).toBe('not_found');
  });
});

describe('a refused order may go to another account when the account is at fault', () => {
  test.each([
    ['20001', 'aop.invalid-app-auth-token', true],
    ['20001', 'aop.app-auth-token-time-out', true],
    ['40001', 'isv.missing-signature-key', true],
    ['40001', 'isv.missing-method', false],
    ['40001', 'isv.missing-timestamp', false],
    ['40002', 'isv.invalid-signature', true],
    ['40002', 'isv.invalid-app-id', true],
    ['40002', 'isv.not-support-app-auth', true],
    ['40002', 'isv.invalid-parameter', false],
    ['40002', 'isv.invalid-timestamp', false],
    ['40005', 'isv.app-call-limited', true],
    ['40006', 'isv.insufficient-isv-permissions', true],
    ['40006', 'isv.insufficient-user-permissions', true],
    ['40004', 'ACQ.ACCESS_FORBIDDEN', true],
    ['40004', 'ACQ.PARTNER_ERROR', true],
    ['40004', 'ACQ.SELLER_NOT_EXIST', true],
    ['40004', 'ACQ.SELLER_BEEN_BLOCKED', true],
    ['40004', 'ACQ.MERCHANT_STATUS_NOT_NORMAL', true],
    ['40004', 'ACQ.MERCHANT_PERM_RECEIPT_DAY_LIMIT', true],
    ['40004', 'ACQ.BEYOND_PER_RECEIPT_RESTRICTION', true],
    ['40004', 'ACQ.SECONDARY_MERCHANT_STATUS_ERROR', true],
    ['40004', 'ACQ.INVALID_PARAMETER', false],
    ['40004', 'ACQ.TOTAL_FEE_EXCEED', false],
    ['40004', 'ACQ.EXIST_FORBIDDEN_WORD', false],
    ['40004', 'ACQ.INVALID_STORE_ID', false],
    ['40004', 'ACQ.UNBOUND_APPLICATION', false],
    ['40004', 'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR', false],
    ['40004', 'toString', false],
  ])('%s %s: %s', (code, sub_code, expected) => {
    expect(isAccountFault(code, sub_code)).toBe(expected);
  });

  test('a payer is never an account', () => {
    const about_payer = BUSINESS.filter(([, code]) => /BUYER|PAYER|USER|AUTH_CODE|CASHIER|MOBILE|PAYMENT/.test(code));
    expect(about_payer.length).toBeGreaterThan(30);
    expect(about_payer.filter(([, code]) => isAccountFault('40004', `ACQ.${code}`))).toEqual([]);
  });

  test('everything of the kind is a refusal of one of the methods', () => {
    const faults = [...ACCOUNT_FAULTS].filter(
      (sub_code) => !BEGINS.some((operation) => verdictOf(operation, '40004', sub_code) === 'declined'),
    );
    expect(faults).toEqual([]);
  });
});

describe('reasons are stable words', () => {
  test.each([
    ['40004', 'ACQ.SYSTEM_ERROR', 'system_error'],
    ['40004', 'AQC.SYSTEM_ERROR', 'system_error'],
    ['20000', 'isp.unknow-error', 'system_error'],
    ['20000', '', 'system_error'],
    ['40004', 'ACQ.TRADE_HAS_SUCCESS', 'acq_trade_has_success'],
    ['40002', 'isv.invalid-signature', 'isv_invalid_signature'],
    ['10003', '', 'code_10003'],
    ['40004', 'a"b\n{"x":1}', 'code_40004'],
    ['x y', '', 'not_understood'],
  ])('%s %s', (code, sub_code, reason) => {
    expect(unknownReason(code, sub_code)).toBe(reason);
  });
});
