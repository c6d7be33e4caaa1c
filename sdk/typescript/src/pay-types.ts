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

/** 微信扫码支付: the payer scans the QR code made from code_url */
export interface WechatScanFields extends CommonPayFields {
  pay_type: 'wechat.scan';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
}

export interface WechatScanData {
  /** text of the QR code; good for two hours, e.g. "weixin://wxpay/bizpayurl?pr=oB8TuWO" */
  code_url: string;
  /** through APIv2 alone, e.g. "wx302121541410392cf43ee7773887304578" */
  prepay_id?: string;
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
}

/** 微信公众号支付（原生）: the payer is on a page inside WeChat, which opens the payment with pay_info */
export interface WechatJsapiFields extends CommonPayFields {
  pay_type: 'wechat.jsapi';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 与发起支付商户主体一致的公众号appid，公众号必须为认证的服务号, e.g. "wx069eb0cbbdd45873" */
  sub_appid: string;
  /** 用户在商户appid下的唯一标识, e.g. "outOWs-bgUH2QiCE0vNZhyCj2FJI" */
  sub_openid: string;
}

export interface WechatJsapiData {
  /** number of the prepared order; good for two hours, e.g. "wx012307229175165bd79bbb6b3297639794" */
  prepay_id: string;
  /** JSON text; its members are passed on to WeChat Pay unchanged, e.g. "{\"appId\":\"wx069eb0cbbdd45873\",\"timeStamp\":\"1530457643\",\"nonceStr\":\"5b38ee2b01c9113d0cc907a8\",\"package\":\"prepay_id=wx012307229175165bd79bbb6b3297639794\",\"signType\":\"RSA\",\"paySign\":\"mI35pfNEQV6777ke…\"}" */
  pay_info: string;
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
}

/** 微信公众号支付（跳转）: pay_url leads to the payment page, which opens the payment inside WeChat */
export interface WechatJsurlFields extends CommonPayFields {
  pay_type: 'wechat.jsurl';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
}

export interface WechatJsurlData {
  /** address of the payment page, to be opened inside WeChat, e.g. "https://pay.example.com/preorder?pay_order_id=539935538171217265604a31…" */
  pay_url: string;
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
}

/** 微信小程序支付: the payer is in a mini program, which opens the payment with pay_info */
export interface WechatJsminipgFields extends CommonPayFields {
  pay_type: 'wechat.jsminipg';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 与发起支付商户主体一致的小程序APPID, e.g. "wx758379be100f9991" */
  sub_appid: string;
  /** 用户在商户appid下的唯一标识, e.g. "o2uCJ5RGOOylP75Ipvncazz0bFAI" */
  sub_openid: string;
}

export interface WechatJsminipgData {
  /** number of the prepared order; good for two hours, e.g. "wx01231242671738eafc7c4ce10632795388" */
  prepay_id: string;
  /** JSON text; its members are passed on to WeChat Pay unchanged, e.g. "{\"appId\":\"wx758379be100f9991\",\"timeStamp\":\"1530457962\",\"nonceStr\":\"5b38ef6a01c9113d0cc907ac\",\"package\":\"prepay_id=wx01231242671738eafc7c4ce10632795388\",\"signType\":\"RSA\",\"paySign\":\"mI35pfNEQV6777ke…\"}" */
  pay_info: string;
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
}

/** 微信APP支付: the payer is in an app, whose WeChat SDK opens the payment with pay_info */
export interface WechatAppFields extends CommonPayFields {
  pay_type: 'wechat.app';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 商户在微信开放平台上申请的APPID，开放平台认证主体需与商户主体一致, e.g. "wx2fbcb61b6e5b1384" */
  sub_appid: string;
}

export interface WechatAppData {
  /** number of the prepared order; good for two hours, e.g. "wx01231852292289b6404b67123767183767" */
  prepay_id: string;
  /** JSON text; its members are passed on to WeChat Pay unchanged, e.g. "{\"appid\":\"wx2fbcb61b6e5b1384\",\"partnerid\":\"1507497331\",\"prepayid\":\"wx01231852292289b6404b67123767183767\",\"package\":\"Sign=WXPay\",\"noncestr\":\"5b38f0dc01c9113d0cc907b0\",\"timestamp\":\"1530458332\",\"sign\":\"gXx9KhTP6IooKV1S…\"}" */
  pay_info: string;
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
}

/** 微信H5支付: the payer is in a phone’s browser, which goes to mweb_url */
export interface WechatWapFields extends CommonPayFields {
  pay_type: 'wechat.wap';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 发起支付的应用类型：IOS APP 为 IOS，Android APP 为 AND，手机网站为 WAP, e.g. "WAP" */
  mch_app_type: string;
  /** APP 为应用名称，手机网站为网站名称, e.g. "普尔商城" */
  mch_app_name: string;
  /** IOS APP 为 bundle_id，Android APP 为 package_name，WAP 为网站首页地址, e.g. "https://store.pooul.com/" */
  mch_app_id: string;
}

export interface WechatWapData {
  /** address to send the browser to; opens for five minutes. `&redirect_url=` may be appended, e.g. "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016121516420242444321ca0631331346&package=1405458241" */
  mweb_url: string;
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
}

/** 统一反扫支付: the till scans the payer’s code of WeChat Pay or Alipay */
export interface CommonMicroFields extends CommonPayFields {
  pay_type: 'common.micro';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 授权码，设备读取用户付款码中的条码或者二维码信息, e.g. "136345610916464024" */
  auth_code: string;
}

export interface CommonMicroData {
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
}

/** 支付宝扫码支付: the payer scans the QR code made from code_url */
export interface AlipayScanFields extends CommonPayFields {
  pay_type: 'alipay.scan';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
}

export interface AlipayScanData {
  /** text of the QR code; good for two hours, e.g. "https://qr.alipay.com/bax05219xy73fxcgfi7w206f" */
  code_url: string;
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
}

/** 支付宝 JSAPI 支付: the payer pays inside Alipay, in a page or a mini program, by tradePay */
export interface AlipayJsapiFields extends CommonPayFields {
  pay_type: 'alipay.jsapi';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 买家支付宝用户ID，2088 开头的 16 位数字；与 buyer_open_id 至少传一个, e.g. "2088102146225135" */
  buyer_id?: string;
  /** 买家支付宝用户唯一标识（openid）, e.g. "01501o8f93I3nJAGB1jG4ONtRicSYjXy5rl7dP5OIGLFUs5" */
  buyer_open_id?: string;
  /** 小程序支付（JSAPI_PAY）中，商户实际经营主体的小程序应用的 appid, e.g. "2014072300007148" */
  op_app_id?: string;
}

export interface AlipayJsapiData {
  /** 支付宝交易号, e.g. "2026030122001412341234567890" */
  trade_no: string;
  /** parameters of AlipayJSBridge.call("tradePay", …) and my.tradePay, as JSON text, e.g. "{\"tradeNO\":\"2026030122001412341234567890\"}" */
  pay_info: string;
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
}

/** 支付宝手机网站支付: the payer’s mobile browser goes to mweb_url */
export interface AlipayWapFields extends CommonPayFields {
  pay_type: 'alipay.wap';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 付款成功后跳转的页面地址, e.g. "https://store.pooul.com/paid?no=1" */
  return_url?: string;
  /** 用户付款中途退出返回商户网站的地址, e.g. "https://store.pooul.com/cart" */
  quit_url?: string;
}

export interface AlipayWapData {
  /** where the payer’s browser is sent; good until time_expire, at most two hours, e.g. "https://openapi.alipay.com/gateway.do?app_id=2021000000000001&method=alipay.trade.wap.pay&sign=ERITJKEIJKJH" */
  mweb_url: string;
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
}

/** 支付宝 APP 支付: the merchant’s app opens Alipay with pay_info */
export interface AlipayAppFields extends CommonPayFields {
  pay_type: 'alipay.app';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
}

export interface AlipayAppData {
  /** order string for Alipay’s SDK, passed on unchanged; good until time_expire, at most two hours, e.g. "app_id=2021000000000001&method=alipay.trade.app.pay&sign=ERITJKEIJKJH" */
  pay_info: string;
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
}

/** 定向转账支付: the payer transfers the exact amount to the bank account in pay_info */
export interface EcpTransferFields extends CommonPayFields {
  pay_type: 'ecp.transfer';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
  /** 订单开始时间，10 位 UNIX 时间戳, e.g. 1530759545 */
  time_start?: number;
  /** 付款人户名：只接受来自该户名的转账 (only a transfer of this account holder pays the order), e.g. "广州某某贸易有限公司" */
  payer_name?: string;
}

export interface EcpTransferData {
  /** JSON text with fund_acc_name (收款户名), fund_acc (收款账号, a number) and ecp_bank_branch (开户行), e.g. "{\"fund_acc_name\":\"深圳市普尔瀚达科技有限公司\",\"fund_acc\":9902000016241739,\"ecp_bank_branch\":\"民生银行广州分行\"}" */
  pay_info: string;
  /** 平台单号 */
  trade_id: string;
  /** 商户订单号 */
  mch_trade_id: string;
  /** 商户编号 */
  merchant_id: string;
  /** 附加数据 */
  attach?: string;
  /** 交易金额，单位为分 */
  total_fee: number;
  pay_type: PayType;
  /** 支付状态码 */
  trade_state: TradeState;
  /** <状态说明>, <渠道信息>, e.g. "支付成功, " */
  trade_info: string;
}

/** 预下单支付: a link to a payment page */
export interface PooulPreorderFields extends CommonPayFields {
  pay_type: 'pooul.preorder';
  /** 终端IP, e.g. "127.0.0.1" */
  spbill_create_ip?: string;
}

export interface PooulPreorderData {
  /** 支付页面地址，可转为二维码或直接发送给付款人 */
  pay_url: string;
}

/** Every pay type: its request fields and the data of its answer. */
export interface PayTypes {
  'wechat.scan': { fields: WechatScanFields; data: WechatScanData };
  'wechat.jsapi': { fields: WechatJsapiFields; data: WechatJsapiData };
  'wechat.jsurl': { fields: WechatJsurlFields; data: WechatJsurlData };
  'wechat.jsminipg': { fields: WechatJsminipgFields; data: WechatJsminipgData };
  'wechat.app': { fields: WechatAppFields; data: WechatAppData };
  'wechat.wap': { fields: WechatWapFields; data: WechatWapData };
  'common.micro': { fields: CommonMicroFields; data: CommonMicroData };
  'alipay.scan': { fields: AlipayScanFields; data: AlipayScanData };
  'alipay.jsapi': { fields: AlipayJsapiFields; data: AlipayJsapiData };
  'alipay.wap': { fields: AlipayWapFields; data: AlipayWapData };
  'alipay.app': { fields: AlipayAppFields; data: AlipayAppData };
  'ecp.transfer': { fields: EcpTransferFields; data: EcpTransferData };
  'pooul.preorder': { fields: PooulPreorderFields; data: PooulPreorderData };
}
