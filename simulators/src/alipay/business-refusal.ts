/** sub_msg of each business refusal, by sub_code (业务错误码 on the page of each method; codes in alipay-sdk-php-all v3). */
const SUB_MSG = {
  'ACQ.INVALID_PARAMETER': '参数无效',
  'ACQ.TRADE_NOT_EXIST': '交易不存在',
  'ACQ.CONTEXT_INCONSISTENT': '交易信息被篡改',
  'ACQ.TRADE_HAS_SUCCESS': '交易已被支付',
  'ACQ.TRADE_HAS_CLOSE': '交易已经关闭',
  'ACQ.TRADE_HAS_FINISHED': '交易已完结',
  'ACQ.TRADE_STATUS_ERROR': '交易状态不合法',
  'ACQ.REASON_TRADE_STATUS_INVALID': '交易状态异常',
  'ACQ.TOTAL_FEE_EXCEED': '订单总金额超过限额',
  'ACQ.SELLER_NOT_EXIST': '卖家不存在',
  'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR': '当前时间已超过允许支付的时间',
  'ACQ.SELLER_BALANCE_NOT_ENOUGH': '卖家余额不足',
  'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL': '退款金额超限',
  'ACQ.REASON_TRADE_REFUND_FEE_ERR': '退款金额无效',
  'ACQ.DISCORDANT_REPEAT_REQUEST': '不一致的请求',
  'ACQ.REASON_TRADE_BEEN_FREEZEN': '请求退款的交易被冻结',
  'ACQ.TRADE_NOT_ALLOW_REFUND': '当前交易不允许退款',
  'ACQ.REFUND_FEE_ERROR': '交易退款金额有误',
  'ACQ.BUYER_ENABLE_STATUS_FORBID': '买家状态非法',
  'ACQ.PAYMENT_AUTH_CODE_INVALID': '支付授权码无效',
  'ACQ.BUYER_BALANCE_NOT_ENOUGH': '买家余额不足',
  'ACQ.BUYER_NOT_EXIST': '买家不存在',
  'ACQ.CANCEL_NOT_ALLOWED': '交易不允许撤销',
  'ACQ.TRADE_CANCEL_TIME_OUT': '超过撤销时间范围',
} as const;

export type BusinessSubCode = keyof typeof SUB_MSG;

/** A definite refusal of a business request (code 40004). Thrown before any trade or money has changed. */
export class BusinessRefusal extends Error {
  readonly sub_code: BusinessSubCode;
  readonly sub_msg: string;

  /** @param detail appended to the documented sub_msg, for example the name of the wrong parameter */
  constructor(sub_code: BusinessSubCode, detail?: string) {
    const sub_msg = detail === undefined ? SUB_MSG[sub_code] : `${SUB_MSG[sub_code]}：${detail}`;
    super(`${sub_code} ${sub_msg}`);
    this.name = 'BusinessRefusal';
    this.sub_code = sub_code;
    this.sub_msg = sub_msg;
  }
}
