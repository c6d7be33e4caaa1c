/** Every code, by its name in docs/api.md. */
export const CODES = {
  /** 成功 */
  success: 0,
  /** 请求体不是 JWT，或其载荷不是 JSON 对象: send one compact JWS (RS256) as the whole body */
  not_a_token: 100,
  /** 签名缺失或错误: sign with the private key whose public key is registered for this merchant_id, alg RS256 */
  bad_signature: 101,
  /** 字段格式不正确（msg 指明字段与规则）: correct the field that msg names */
  malformed_field: 102,
  /** 缺少必填字段（msg 指明字段）: add the field that msg names */
  missing_field: 103,
  /** nonce_str 重复: make a new random nonce_str for every request */
  nonce_repeated: 104,
  /** 请求已过期或尚未生效（exp / nbf）: check the clock of the sender */
  request_expired: 105,
  /** 商户订单号重复: query the order, or use a new mch_trade_id */
  number_repeated: 107,
  /** 不在服务时间: try again in service hours */
  out_of_hours: 108,
  /** 商户不存在: check merchant_id in the URL */
  no_merchant: 200,
  /** 商户状态不允许交易: ask the operator to activate the merchant */
  merchant_not_active: 201,
  /** 商户未开通该支付类型: ask the operator for a route for this pay_type */
  no_route: 202,
  /** 订单号不存在: check the number and the merchant */
  no_order: 301,
  /** 订单状态不允许此操作（msg 指明状态）: query the order first */
  wrong_state: 302,
  /** 退款金额超过可退金额: refund at most what msg names */
  refund_exceeds: 303,
  /** 退款单号重复且参数不同: use a new mch_refund_id for another refund */
  refund_repeated: 304,
  /** 部分退款次数超过上限: one order takes at most 50 refunds */
  too_many_refunds: 305,
  /** 已超过可操作期限: the channel no longer allows it */
  too_late: 306,
  /** 未登录或登录已过期: log in again */
  unauthorized: 401,
  /** 无权限: ask an administrator */
  forbidden: 403,
  /** 路径不存在: see openapi.json */
  not_found: 404,
  /** 请求方法不允许: see openapi.json */
  method_not_allowed: 405,
  /** 请求体过大: send at most 64 KiB */
  too_large: 413,
  /** 请求过于频繁: wait and try again */
  limited: 429,
  /** 系统错误: query the order: the outcome is unknown */
  system_error: 500,
  /** 系统繁忙，请稍后重试: do what msg says after Retry-After: it tells whether anything can have been recorded */
  overloaded: 503,
  /** 支付渠道返回错误（msg 携带 err_code: err_msg）: act on the channel’s reason */
  channel_refused: 600,
  /** 支付渠道超时，结果未知: query; never place a second order before the first is decided */
  channel_timeout: 601,
  /** 支付渠道参数配置错误: ask the operator to check the channel account */
  channel_misconfigured: 1500,
} as const;

export type CodeName = keyof typeof CODES;
