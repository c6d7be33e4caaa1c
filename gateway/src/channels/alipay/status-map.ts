/**
 * What the codes of verified answers mean. Public codes: opendocs.alipay.com/common/02km9f; the business codes of each method
 * are in business-codes.ts.
 */
import { ACCOUNT_FAULTS, BUSINESS_CODES, type BeginOperation, type Operation, type Verdict } from './business-codes.ts';

/**
 * Codes of the gateway in front of the business: token, permission, missing and invalid parameters, no right. It turned the
 * request away before anything saw it. 20000 (服务不可用) is not among them, and neither is any code with an `isp.` sub
 * code: those are troubles behind the gateway, after which anything may have happened.
 */
const TURNED_AWAY: ReadonlySet<string> = new Set(['20001', '40001', '40002', '40006']);

/** 40005 (调用频次超限): the gateway turned the call away because there are too many of them. */
const LIMITED: ReadonlySet<string> = new Set(['isv.app-call-limited', 'isv.method-call-limited']);

/**
 * Of 40001 and 40002, what is about the application: unknown, without a key, or with another one. The others would meet the
 * same request at any account.
 */
const APPLICATION_FAULTS: ReadonlySet<string> = new Set([
  'isv.missing-signature-key',
  'isv.missing-signature-config',
  'isv.invalid-signature',
  'isv.invalid-signature-type',
  'isv.invalid-app-id',
  'isv.not-support-app-auth',
  'isv.app-unbind-partner',
]);

const BEGINS: ReadonlySet<Operation> = new Set<BeginOperation>(['precreate', 'create', 'pay']);

/**
 * What a verified answer says about an operation.
 * @param code the public code
 * @param sub_code the business code, '' when there is none
 */
export function verdictOf(operation: Operation, code: string, sub_code: string): Verdict {
  if (code === '10000') return 'ok';
  // "等待用户付款": payment codes alone.
  if (code === '10003') return operation === 'pay' ? 'paying' : 'unknown';
  if (sub_code.startsWith('isp.')) return 'unknown';
  // A refused question says nothing about the payment or the refund that was asked about.
  if (TURNED_AWAY.has(code)) return operation === 'query' || operation === 'query_refund' ? 'unknown' : 'declined';
  // A limited order may go elsewhere at once. What undoes something is left open, so that it is repeated.
  if (code === '40005') return BEGINS.has(operation) && LIMITED.has(sub_code) ? 'declined' : 'unknown';
  if (code !== '40004') return 'unknown';
  return BUSINESS_CODES[operation].get(sub_code) ?? 'unknown';
}

/** Whether the refusal of an order is about the account and not about the order, so that another account may be asked instead. */
export function isAccountFault(code: string, sub_code: string): boolean {
  switch (code) {
    case '20001':
    case '40005':
    case '40006':
      return true;
    case '40001':
    case '40002':
      return APPLICATION_FAULTS.has(sub_code);
    default:
      return ACCOUNT_FAULTS.has(sub_code);
  }
}

/** A stable word for an answer that decides nothing: `system_error`, `acq_context_inconsistent`, `isv_invalid_signature`, `code_20000` … */
export function unknownReason(code: string, sub_code: string): string {
  if (sub_code === 'ACQ.SYSTEM_ERROR' || sub_code === 'AQC.SYSTEM_ERROR' || code === '20000') return 'system_error';
  if (/^[A-Za-z_.-]{1,60}$/.test(sub_code)) return sub_code.toLowerCase().replaceAll(/[.-]/g, '_');
  return /^\d{5}$/.test(code) ? `code_${code}` : 'not_understood';
}
