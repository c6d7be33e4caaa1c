/**
 * Every code of the merchant API, once. Codes up to 1500 come from the product document's protocol page; those marked ours
 * fill its gaps. `http` is the status a code travels with: 200 for everything the table of the document lists, another
 * only where the transport itself refuses.
 */
export const CODES = {
  success: { code: 0, http: 200, meaning: '成功', remedy: '' },
  not_a_token: {
    code: 100,
    http: 200,
    meaning: '请求体不是 JWT，或其载荷不是 JSON 对象',
    remedy: 'send one compact JWS (RS256) as the whole body',
  },
  bad_signature: {
    code: 101,
    http: 200,
    meaning: '签名缺失或错误',
    remedy: 'sign with the private key whose public key is registered for this merchant_id, alg RS256',
  },
  malformed_field: {
    code: 102,
    http: 200,
    meaning: '字段格式不正确（msg 指明字段与规则）',
    remedy: 'correct the field that msg names',
  },
  missing_field: {
    code: 103,
    http: 200,
    meaning: '缺少必填字段（msg 指明字段）',
    remedy: 'add the field that msg names',
  },
  nonce_repeated: {
    code: 104,
    http: 200,
    meaning: 'nonce_str 重复',
    remedy: 'make a new random nonce_str for every request',
  },
  request_expired: {
    code: 105,
    http: 200,
    meaning: '请求已过期或尚未生效（exp / nbf）',
    remedy: 'check the clock of the sender',
  },
  number_repeated: {
    code: 107,
    http: 200,
    meaning: '商户订单号重复',
    remedy: 'query the order, or use a new mch_trade_id',
  },
  out_of_hours: { code: 108, http: 200, meaning: '不在服务时间', remedy: 'try again in service hours' },
  no_merchant: { code: 200, http: 200, meaning: '商户不存在', remedy: 'check merchant_id in the URL' },
  merchant_not_active: {
    code: 201,
    http: 200,
    meaning: '商户状态不允许交易',
    remedy: 'ask the operator to activate the merchant',
  },
  no_route: {
    code: 202,
    http: 200,
    meaning: '商户未开通该支付类型',
    remedy: 'ask the operator for a route for this pay_type',
  },
  no_order: { code: 301, http: 200, meaning: '订单号不存在', remedy: 'check the number and the merchant' },
  wrong_state: {
    code: 302,
    http: 200,
    meaning: '订单状态不允许此操作（msg 指明状态）',
    remedy: 'query the order first',
  },
  refund_exceeds: { code: 303, http: 200, meaning: '退款金额超过可退金额', remedy: 'refund at most what msg names' },
  refund_repeated: {
    code: 304,
    http: 200,
    meaning: '退款单号重复且参数不同',
    remedy: 'use a new mch_refund_id for another refund',
  },
  too_many_refunds: {
    code: 305,
    http: 200,
    meaning: '部分退款次数超过上限',
    remedy: 'one order takes at most 50 refunds',
  },
  too_late: { code: 306, http: 200, meaning: '已超过可操作期限', remedy: 'the channel no longer allows it' },
  unauthorized: { code: 401, http: 401, meaning: '未登录或登录已过期', remedy: 'log in again' },
  forbidden: { code: 403, http: 403, meaning: '无权限', remedy: 'ask an administrator' },
  not_found: { code: 404, http: 404, meaning: '路径不存在', remedy: 'see openapi.json' },
  method_not_allowed: { code: 405, http: 405, meaning: '请求方法不允许', remedy: 'see openapi.json' },
  too_large: { code: 413, http: 413, meaning: '请求体过大', remedy: 'send at most 64 KiB' },
  limited: { code: 429, http: 429, meaning: '请求过于频繁', remedy: 'wait and try again' },
  system_error: { code: 500, http: 200, meaning: '系统错误', remedy: 'query the order: the outcome is unknown' },
  overloaded: {
    code: 503,
    http: 503,
    meaning: '系统繁忙，请稍后重试',
    remedy: 'do what msg says after Retry-After: it tells whether anything can have been recorded',
  },
  channel_refused: {
    code: 600,
    http: 200,
    meaning: '支付渠道返回错误（msg 携带 err_code: err_msg）',
    remedy: 'act on the channel’s reason',
  },
  channel_timeout: {
    code: 601,
    http: 200,
    meaning: '支付渠道超时，结果未知',
    remedy: 'query; never place a second order before the first is decided',
  },
  channel_misconfigured: {
    code: 1500,
    http: 200,
    meaning: '支付渠道参数配置错误',
    remedy: 'ask the operator to check the channel account',
  },
} as const satisfies Record<string, { code: number; http: number; meaning: string; remedy: string }>;

export type CodeName = keyof typeof CODES;

/** A refusal that the caller is told about: `message` is what `msg` carries, so it never holds a secret, a stack or SQL. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code_name: CodeName;
  /** Seconds after which trying again makes sense, for the Retry-After header of 429 and 503. */
  readonly retry_after_s: number;

  constructor(code_name: CodeName, message: string, retry_after_s = 1) {
    super(message);
    this.code_name = code_name;
    this.retry_after_s = retry_after_s;
  }

  get code(): number {
    return CODES[this.code_name].code;
  }

  get http_status(): number {
    return CODES[this.code_name].http;
  }
}
