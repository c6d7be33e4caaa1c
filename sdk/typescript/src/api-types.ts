/**
 * The merchant API as types. Generated from openapi.json by `npm run sdk`; do not edit. Amounts are whole fen, times Unix
 * seconds.
 */
import type { PayType, TradeState } from './pay-types.ts';

/** 查询订单 Query */
export interface QueryFields {
  /** 商户订单号, e.g. "alextest.scan.113" */
  mch_trade_id: string;
}

export interface QueryData {
  pay_type: PayType;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 支付总金额，单位为分, e.g. 888 */
  total_fee: number;
  /** 商品或支付单简要描述, e.g. "Alex Test Scan" */
  body: string;
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 支付结果通知地址，不能携带参数, e.g. "https://md.pooul.com/v2_test/notify" */
  notify_url?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 订单失效时间，10 位 UNIX 时间戳, e.g. 1530759574 */
  time_expire: number;
  /** 商户门店编号, e.g. "9527" */
  store_id?: string;
  /** 附加数据，在查询和通知中原样返回, e.g. "Alex attach" */
  attach?: string;
  /** 终端设备号, e.g. "alex device" */
  device_info?: string;
  /** 操作员或收银员编号, e.g. "301" */
  op_user_id?: string;
  /** 平台单号 */
  trade_id: string;
  /** 商户编号 */
  merchant_id: string;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息>, e.g. "支付成功, " */
  trade_info: string;
  /** 渠道单号 */
  out_trade_id?: string;
  /** 付款银行 */
  bank_type?: string;
  /** 货币 */
  fee_type?: string;
  /** 付款人标识 */
  openid?: string;
  /** 付款人标识 */
  sub_openid?: string;
  /** 现金支付金额，单位为分 */
  cash_fee?: number;
  /** text of the QR code; good for two hours, e.g. "https://qr.alipay.com/bax05219xy73fxcgfi7w206f" */
  code_url?: string;
  /** number of the prepared order; good for two hours, e.g. "wx01231852292289b6404b67123767183767" */
  prepay_id?: string;
  /** JSON text with fund_acc_name (收款户名), fund_acc (收款账号, a number) and ecp_bank_branch (开户行), e.g. "{\"fund_acc_name\":\"深圳市普尔瀚达科技有限公司\",\"fund_acc\":9902000016241739,\"ecp_bank_branch\":\"民生银行广州分行\"}" */
  pay_info?: string;
  /** address of the payment page, to be opened inside WeChat, e.g. "https://pay.example.com/preorder?pay_order_id=539935538171217265604a31…" */
  pay_url?: string;
  /** where the payer’s browser is sent; good until time_expire, at most two hours, e.g. "https://openapi.alipay.com/gateway.do?app_id=2021000000000001&method=alipay.trade.wap.pay&sign=ERITJKEIJKJH" */
  mweb_url?: string;
  /** 支付宝交易号, e.g. "2026030122001412341234567890" */
  trade_no?: string;
  /** 已退款金额，单位为分 */
  refunded_fee: number;
  /** 退款处理中金额，单位为分 */
  refunding_fee: number;
  created_at: number;
  updated_at: number;
  paid_at?: number;
}

/** 关闭订单 Close */
export interface CloseFields {
  /** 商户订单号, e.g. "alextest.scan.113" */
  mch_trade_id: string;
}

export interface CloseData {
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
  pay_type: PayType;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息>, e.g. "支付成功, " */
  trade_info: string;
  total_fee: number;
}

/** 撤销订单 Reverse */
export interface ReverseFields {
  /** 商户订单号, e.g. "alextest.scan.113" */
  mch_trade_id: string;
}

export type ReverseData = CloseData;

/** 核销订单 Write off */
export interface WriteoffFields {
  /** 商户订单号, e.g. "alextest.scan.113" */
  mch_trade_id: string;
}

export type WriteoffData = CloseData;

/** 申请退款 Refund */
export interface RefundFields {
  /** 商户订单号, e.g. "alextest.scan.112" */
  mch_trade_id: string;
  /** 退款单号，同一商户下唯一, e.g. "alextest.scan.281.1" */
  mch_refund_id: string;
  /** 退款金额，单位为分, e.g. 8872 */
  refund_fee: number;
  /** 退款原因, e.g. "Alex Test" */
  refund_desc: string;
  /** 退款结果通知地址，不允许带参数, e.g. "https://md.pooul.com/v2_test/notify" */
  notify_url?: string;
}

export interface RefundData {
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
  pay_type: PayType;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息>, e.g. "支付成功, " */
  trade_info: string;
  /** 渠道单号 */
  out_trade_id?: string;
  total_fee: number;
  /** 按退款单号查询为对象，按商户订单号查询为列表 */
  refunds: {
    /** 平台退款单号 */
    refund_id: string;
    /** 退款单号 */
    mch_refund_id: string;
    /** 退款原因 */
    refund_desc: string;
    /** 渠道信息 */
    refund_info?: string;
    /** 退款金额，单位为分 */
    refund_fee: number;
    /** 退款状态码 */
    refund_status: 0 | 1 | 2 | 3;
  } | {
    /** 平台退款单号 */
    refund_id: string;
    /** 退款单号 */
    mch_refund_id: string;
    /** 退款原因 */
    refund_desc: string;
    /** 渠道信息 */
    refund_info?: string;
    /** 退款金额，单位为分 */
    refund_fee: number;
    /** 退款状态码 */
    refund_status: 0 | 1 | 2 | 3;
  }[];
}

/** 退款查询 Refund query */
export interface RefundQueryFields {
  /** 退款单号：返回该笔退款, e.g. "alextest.scan.112.1" */
  mch_refund_id?: string;
  /** 商户订单号：返回该订单全部退款, e.g. "alextest.scan.112" */
  mch_trade_id?: string;
}

export type RefundQueryData = RefundData;

/** 创建预下单支付 Create preorder */
export interface PreOrderFields {
  /** 商户订单号，同一 merchant_id 下唯一；至多 60 个字符, e.g. "alextest.scan.113" */
  mch_pre_id: string;
  /** 支付总金额，单位为分, e.g. 888 */
  total_fee: number;
  /** 商品或支付单简要描述, e.g. "Alex Test Scan" */
  body: string;
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 支付结果通知地址，不能携带参数, e.g. "https://md.pooul.com/v2_test/notify" */
  notify_url?: string;
  /** 订单失效时间，10 位 UNIX 时间戳, e.g. 1530759574 */
  time_expire?: number;
  /** 商户门店编号, e.g. "9527" */
  store_id?: string;
  /** 附加数据，在查询和通知中原样返回, e.g. "Alex attach" */
  attach?: string;
  /** 终端设备号, e.g. "alex device" */
  device_info?: string;
  /** 操作员或收银员编号, e.g. "301" */
  op_user_id?: string;
}

export interface PreOrderData {
  /** 支付页面地址，可转为二维码或直接发送给付款人 */
  pay_url: string;
}

/** 预下单订单查询 Query preorder */
export interface PreOrderDetailFields {
  /** 商户订单号，同一 merchant_id 下唯一；至多 60 个字符, e.g. "alextest.scan.113" */
  mch_pre_id: string;
}

export interface PreOrderDetailData {
  /** 平台预下单单号 */
  _id: string;
  /** 商户订单号，同一 merchant_id 下唯一；至多 60 个字符, e.g. "alextest.scan.113" */
  mch_pre_id: string;
  /** 支付总金额，单位为分, e.g. 888 */
  total_fee: number;
  /** 商品或支付单简要描述, e.g. "Alex Test Scan" */
  body: string;
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 支付结果通知地址，不能携带参数, e.g. "https://md.pooul.com/v2_test/notify" */
  notify_url?: string;
  /** 订单失效时间，10 位 UNIX 时间戳, e.g. 1530759574 */
  time_expire: number;
  /** 商户门店编号, e.g. "9527" */
  store_id?: string;
  /** 附加数据，在查询和通知中原样返回, e.g. "Alex attach" */
  attach?: string;
  /** 终端设备号, e.g. "alex device" */
  device_info?: string;
  /** 操作员或收银员编号, e.g. "301" */
  op_user_id?: string;
  /** 商户编号 */
  merchant_id: string;
  /** 平台商户编号 */
  platform_merchant_id: string;
  /** 商户层级 */
  level_code: string;
  /** 状态码，同支付状态码 */
  pre_state: TradeState;
  pay_orders: {
    /** 支付订单的商户订单号 */
    mch_trade_id: string;
  }[];
  created_at: number;
  updated_at: number;
}

/** Every other call. */
export interface Calls {
  '/v2/pay/query': { fields: QueryFields; data: QueryData };
  '/v2/pay/close': { fields: CloseFields; data: CloseData };
  '/v2/pay/reverse': { fields: ReverseFields; data: ReverseData };
  '/v2/pay/writeoff': { fields: WriteoffFields; data: WriteoffData };
  '/v2/pay/refund': { fields: RefundFields; data: RefundData };
  '/v2/pay/refund_query': { fields: RefundQueryFields; data: RefundQueryData };
  '/v2/pay/pre_order': { fields: PreOrderFields; data: PreOrderData };
  '/v2/pay/pre_order_detail': { fields: PreOrderDetailFields; data: PreOrderDetailData };
}
