/**
 * The merchant API as types. Generated from openapi.json by `npm run sdk`; do not edit. Amounts are whole fen, times Unix
 * seconds.
 */

/** 支付状态码: 0 paid, 1 paid and refunded in part or whole, 2 and 6 not decided, 3 closed, 4 paid and finished, 5 refused. */
export type TradeState = 0 | 1 | 2 | 3 | 4 | 5 | 6;
export type PayType = keyof PayTypes;

/** 统一支付: what every pay type takes */
export interface CommonPayFields {
  /** 商户订单号，同一 merchant_id 下唯一, e.g. "alextest.scan.113" */
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

/** What every pay type answers */
export interface CommonPayData {
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
}

/** 微信扫码支付: the payer scans the QR code made from code_url */
export interface WechatScanFields extends CommonPayFields {
  pay_type: 'wechat.scan';
}

export interface WechatScanData extends CommonPayData {
  /** text of the QR code; good for two hours, e.g. "weixin://wxpay/bizpayurl?pr=oB8TuWO" */
  code_url: string;
}

/** 支付宝扫码支付: the payer scans the QR code made from code_url */
export interface AlipayScanFields extends CommonPayFields {
  pay_type: 'alipay.scan';
}

export interface AlipayScanData extends CommonPayData {
  /** text of the QR code; good for two hours, e.g. "https://qr.alipay.com/bax05219xy73fxcgfi7w206f" */
  code_url: string;
  pay_type: PayType;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息>, e.g. "支付成功, " */
  trade_info: string;
}

/** pay-api, not in openapi.json yet */
export interface CommonMicroFields extends CommonPayFields {
  pay_type: 'common.micro';
  /** 微信支付或支付宝支付授权码: what the scanner reads */
  auth_code: string;
}

export interface CommonMicroData extends CommonPayData {
  /** 支付类型 */
  pay_type?: PayType;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息> */
  trade_info: string;
}

/** pay-api, not in openapi.json yet */
export interface WechatJsurlFields extends CommonPayFields {
  pay_type: 'wechat.jsurl';
}

export interface WechatJsurlData extends CommonPayData {
  /** 在微信中跳转的支付链接 */
  pay_url: string;
  /** 支付类型 */
  pay_type: PayType;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息> */
  trade_info?: string;
}

/** pay-api, not in openapi.json yet */
export interface WechatJsapiFields extends CommonPayFields {
  pay_type: 'wechat.jsapi';
  /** 公众号 appid */
  sub_appid: string;
  /** 用户在商户 appid 下的唯一标识 */
  sub_openid: string;
}

export interface WechatJsapiData extends CommonPayData {
  /** 预支付交易会话标识 */
  prepay_id: string;
  /** 调起支付的参数，JSON 文本 */
  pay_info: string;
}

/** pay-api, not in openapi.json yet */
export interface WechatJsminipgFields extends CommonPayFields {
  pay_type: 'wechat.jsminipg';
  /** 小程序 APPID */
  sub_appid: string;
  /** 用户在商户 appid 下的唯一标识 */
  sub_openid: string;
}

export interface WechatJsminipgData extends CommonPayData {
  /** 预支付交易会话标识 */
  prepay_id: string;
  /** 调起支付的参数，JSON 文本 */
  pay_info: string;
}

/** pay-api, not in openapi.json yet */
export interface WechatAppFields extends CommonPayFields {
  pay_type: 'wechat.app';
  /** 微信开放平台 APPID */
  sub_appid: string;
}

export interface WechatAppData extends CommonPayData {
  /** 预支付交易会话标识 */
  prepay_id: string;
  /** 调起支付的参数，JSON 文本 */
  pay_info: string;
}

/** pay-api, not in openapi.json yet */
export interface WechatWapFields extends CommonPayFields {
  pay_type: 'wechat.wap';
  /** 发起支付的应用类型 */
  mch_app_type: 'IOS' | 'AND' | 'WAP';
  /** 应用名称或网站名称 */
  mch_app_name: string;
  /** bundle_id、package_name 或网站首页地址 */
  mch_app_id: string;
}

export interface WechatWapData extends CommonPayData {
  /** 支付跳转链接 */
  mweb_url: string;
}

/** pay-api, not in openapi.json yet */
export interface EcpTransferFields extends CommonPayFields {
  pay_type: 'ecp.transfer';
}

export interface EcpTransferData extends CommonPayData {
  /** 附加数据 */
  attach?: string;
  /** 支付总金额，单位为分 */
  total_fee: number;
  /** 收款账户: JSON 文本 {fund_acc_name, fund_acc, ecp_bank_branch} */
  pay_info: string;
  /** 支付类型 */
  pay_type: PayType;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息> */
  trade_info: string;
}

/** Every pay type: its request fields and the data of its answer. */
export interface PayTypes {
  'wechat.scan': { fields: WechatScanFields; data: WechatScanData };
  'alipay.scan': { fields: AlipayScanFields; data: AlipayScanData };
  'common.micro': { fields: CommonMicroFields; data: CommonMicroData };
  'wechat.jsurl': { fields: WechatJsurlFields; data: WechatJsurlData };
  'wechat.jsapi': { fields: WechatJsapiFields; data: WechatJsapiData };
  'wechat.jsminipg': { fields: WechatJsminipgFields; data: WechatJsminipgData };
  'wechat.app': { fields: WechatAppFields; data: WechatAppData };
  'wechat.wap': { fields: WechatWapFields; data: WechatWapData };
  'ecp.transfer': { fields: EcpTransferFields; data: EcpTransferData };
}

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
  /** 已退款金额，单位为分 */
  refunded_fee: number;
  /** 退款处理中金额，单位为分 */
  refunding_fee: number;
  created_at: number;
  updated_at: number;
  paid_at?: number;
}

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

/** pay-api, not in openapi.json yet */
export interface CloseFields {
  /** 商户订单号 */
  mch_trade_id: string;
}

export interface CloseData {
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
  /** 支付类型 */
  pay_type: PayType;
  /** 支付总金额，单位为分 */
  total_fee: number;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息> */
  trade_info: string;
}

/** pay-api, not in openapi.json yet */
export interface ReverseFields {
  /** 商户订单号 */
  mch_trade_id: string;
}

export type ReverseData = CloseData;

/** pay-api, not in openapi.json yet */
export interface WriteoffFields {
  /** 商户订单号 */
  mch_trade_id: string;
}

export type WriteoffData = CloseData;

/** pay-api, not in openapi.json yet */
export interface PreOrderFields {
  /** 商户预下单号，同一 merchant_id 下唯一 */
  mch_pre_id: string;
  /** 支付总金额，单位为分 */
  total_fee: number;
  /** 商品或支付单简要描述 */
  body: string;
  /** 终端IP */
  spbill_create_ip?: string;
  /** 支付结果通知地址，不能携带参数 */
  notify_url?: string;
  /** 订单失效时间，10 位 UNIX 时间戳 */
  time_expire?: number;
  /** 商户门店编号 */
  store_id?: string;
  /** 附加数据，在查询和通知中原样返回 */
  attach?: string;
  /** 终端设备号 */
  device_info?: string;
  /** 操作员或收银员编号 */
  op_user_id?: string;
}

export interface PreOrderData {
  /** 支付链接: 展示为二维码，或发送给付款人 */
  pay_url: string;
}

/** pay-api, not in openapi.json yet */
export interface PreOrderDetailFields {
  /** 商户预下单号 */
  mch_pre_id: string;
}

export interface PreOrderDetailData {
  /** 预下单编号 */
  _id: string;
  /** 商户预下单号，同一 merchant_id 下唯一 */
  mch_pre_id: string;
  /** 支付总金额，单位为分 */
  total_fee: number;
  /** 商品或支付单简要描述 */
  body: string;
  /** 终端IP */
  spbill_create_ip?: string;
  /** 支付结果通知地址，不能携带参数 */
  notify_url?: string;
  /** 订单失效时间，10 位 UNIX 时间戳 */
  time_expire: number;
  /** 商户门店编号 */
  store_id?: string;
  /** 附加数据，在查询和通知中原样返回 */
  attach?: string;
  /** 终端设备号 */
  device_info?: string;
  /** 操作员或收银员编号 */
  op_user_id?: string;
  /** 商户编号 */
  merchant_id: string;
  /** 商户层级 */
  level_code?: string;
  /** 平台商户编号 */
  platform_merchant_id?: string;
  /** 预下单状态，同支付状态码 */
  pre_state: TradeState;
  /** 创建时间 */
  created_at: number;
  /** 更新时间 */
  updated_at: number;
  pay_orders: {
    /** 支付订单的商户订单号 */
    mch_trade_id: string;
  }[];
}

/** Every other call. */
export interface Calls {
  '/v2/pay/query': { fields: QueryFields; data: QueryData };
  '/v2/pay/refund': { fields: RefundFields; data: RefundData };
  '/v2/pay/refund_query': { fields: RefundQueryFields; data: RefundQueryData };
  '/v2/pay/close': { fields: CloseFields; data: CloseData };
  '/v2/pay/reverse': { fields: ReverseFields; data: ReverseData };
  '/v2/pay/writeoff': { fields: WriteoffFields; data: WriteoffData };
  '/v2/pay/pre_order': { fields: PreOrderFields; data: PreOrderData };
  '/v2/pay/pre_order_detail': { fields: PreOrderDetailFields; data: PreOrderDetailData };
}
