import { describe, expect, test } from 'vitest';
import { unknownReason, verdictOf, type Operation, type Verdict } from '../../../src/channels/alipay/status-map.ts';

const OPERATIONS: readonly Operation[] = ['begin', 'query', 'close', 'refund', 'query_refund'];

const PUBLIC: readonly (readonly [string, string, Record<Operation, Verdict>])[] = [
  ['10000', '', same('ok')],
  ['10003', '', same('unknown')],
  ['20000', '', same('unknown')],
  ['20000', 'isp.unknow-error', same('unknown')],
  ['20000', 'ACQ.SYSTEM_ERROR', same('unknown')],
  ['20001', 'aop.invalid-app-auth-token', turnedAway()],
  ['40001', 'isv.missing-method', turnedAway()],
  ['40002', 'isv.invalid-signature', turnedAway()],
  ['40003', 'isv.conditions', same('unknown')],
  ['40005', 'isv.app-call-limited', same('unknown')],
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
  return { begin: verdict, query: verdict, close: verdict, refund: verdict, query_refund: verdict };
}

/** A refused question says nothing about what was asked. */
function turnedAway(): Record<Operation, Verdict> {
  return { begin: 'declined', query: 'unknown', close: 'declined', refund: 'declined', query_refund: 'unknown' };
}

/** One row for each code of the vendor's models AlipayTrade…ErrorResponseModel, plus those of the protocol notes. */
const BUSINESS: readonly [Operation, string, Verdict][] = [
  ['begin', 'TRADE_HAS_SUCCESS', 'unknown'],
  ['begin', 'TRADE_HAS_CLOSE', 'unknown'],
  ['begin', 'CONTEXT_INCONSISTENT', 'unknown'],
  ['begin', 'TRADE_BUYER_NOT_MATCH', 'unknown'],
  ['begin', 'INVALID_PARAMETER', 'declined'],
  ['begin', 'ACCESS_FORBIDDEN', 'declined'],
  ['begin', 'EXIST_FORBIDDEN_WORD', 'declined'],
  ['begin', 'PARTNER_ERROR', 'declined'],
  ['begin', 'TOTAL_FEE_EXCEED', 'declined'],
  ['begin', 'BUYER_SELLER_EQUAL', 'declined'],
  ['begin', 'BUYER_ENABLE_STATUS_FORBID', 'declined'],
  ['begin', 'BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR', 'declined'],
  ['begin', 'BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR', 'declined'],
  ['begin', 'BEYOND_PAY_RESTRICTION', 'declined'],
  ['begin', 'BEYOND_PER_RECEIPT_RESTRICTION', 'declined'],
  ['begin', 'BEYOND_PER_RECEIPT_DAY_RESTRICTION', 'declined'],
  ['begin', 'BEYOND_PER_RECEIPT_SINGLE_RESTRICTION', 'declined'],
  ['begin', 'SELLER_BEEN_BLOCKED', 'declined'],
  ['begin', 'SELLER_NOT_EXIST', 'declined'],
  ['begin', 'ERROR_BUYER_CERTIFY_LEVEL_LIMIT', 'declined'],
  ['begin', 'INVALID_STORE_ID', 'declined'],
  ['begin', 'APPLY_PC_MERCHANT_CODE_ERROR', 'declined'],
  ['begin', 'SECONDARY_MERCHANT_STATUS_ERROR', 'declined'],
  ['begin', 'SECONDARY_MERCHANT_ID_INVALID', 'declined'],
  ['begin', 'SECONDARY_MERCHANT_ID_BLANK', 'declined'],
  ['begin', 'SECONDARY_MERCHANT_NOT_MATCH', 'declined'],
  ['begin', 'SECONDARY_MERCHANT_ISV_PUNISH_INDIRECT', 'declined'],
  ['begin', 'SECONDARY_MERCHANT_ALIPAY_ACCOUNT_INVALID', 'declined'],
  ['begin', 'INVALID_RECEIVE_ACCOUNT', 'declined'],
  ['begin', 'TRADE_SETTLE_ERROR', 'declined'],
  ['begin', 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR', 'declined'],
  ['begin', 'BUYER_NOT_EXIST', 'declined'],
  ['begin', 'SUB_GOODS_SIZE_MAX_COUNT', 'declined'],
  ['begin', 'DEFAULT_SETTLE_RULE_NOT_EXIST', 'declined'],
  ['begin', 'MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT', 'declined'],
  ['begin', 'MERCHANT_PERM_RECEIPT_SINGLE_LIMIT', 'declined'],
  ['begin', 'MERCHANT_PERM_RECEIPT_DAY_LIMIT', 'declined'],
  ['begin', 'RISK_MERCHANT_IP_NOT_EXIST', 'declined'],
  ['begin', 'MERCHANT_STATUS_NOT_NORMAL', 'declined'],
  ['begin', 'TRADE_NOT_EXIST', 'unknown'],
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
