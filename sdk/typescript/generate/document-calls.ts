/**
 * What the product document "支付 Pay" has and openapi.json does not have yet, in the form of openapi.json. As soon as
 * openapi.json has a pay type or a path, that is what types are made of, and the entry here can go.
 */
import type { Schema } from './openapi.ts';

const text = (description: string): Schema => ({ type: 'string', description });
const fen = (description: string): Schema => ({ type: 'integer', description });
const second = (description: string): Schema => ({ type: 'integer', description });

function whole(properties: Readonly<Record<string, Schema>>, ...optional: readonly string[]): Schema {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) };
}

const HEAD = {
  trade_id: text('平台单号'),
  mch_trade_id: text('商户订单号'),
  merchant_id: text('商户编号'),
};
const STATE = {
  trade_state: { enum: [0, 1, 2, 3, 4, 5, 6], description: '支付状态码' },
  trade_info: text('<状态说明>, <渠道信息>'),
};
const OWN_TYPE = { pay_type: text('支付类型') };
const PREPAID = { prepay_id: text('预支付交易会话标识'), pay_info: text('调起支付的参数，JSON 文本'), ...HEAD };
const SUB_OPENID = text('用户在商户 appid 下的唯一标识');

/** A pay type: its own request fields, and the data of its answer. */
export interface DocumentPayType {
  readonly fields: Readonly<Record<string, Schema>>;
  readonly data: Schema;
}

export const DOCUMENT_PAY_TYPES: Readonly<Record<string, DocumentPayType>> = {
  'common.micro': {
    fields: { auth_code: text('微信支付或支付宝支付授权码: what the scanner reads') },
    data: whole({ ...HEAD, ...OWN_TYPE, ...STATE }, 'pay_type'),
  },
  'wechat.jsurl': {
    fields: {},
    data: whole({ pay_url: text('在微信中跳转的支付链接'), ...HEAD, ...OWN_TYPE, ...STATE }, 'trade_info'),
  },
  'wechat.jsapi': { fields: { sub_appid: text('公众号 appid'), sub_openid: SUB_OPENID }, data: whole(PREPAID) },
  'wechat.jsminipg': { fields: { sub_appid: text('小程序 APPID'), sub_openid: SUB_OPENID }, data: whole(PREPAID) },
  'wechat.app': { fields: { sub_appid: text('微信开放平台 APPID') }, data: whole(PREPAID) },
  'wechat.wap': {
    fields: {
      mch_app_type: { enum: ['IOS', 'AND', 'WAP'], description: '发起支付的应用类型' },
      mch_app_name: text('应用名称或网站名称'),
      mch_app_id: text('bundle_id、package_name 或网站首页地址'),
    },
    data: whole({ mweb_url: text('支付跳转链接'), ...HEAD }),
  },
  'ecp.transfer': {
    fields: {},
    data: whole(
      {
        attach: text('附加数据'),
        total_fee: fen('支付总金额，单位为分'),
        pay_info: text('收款账户: JSON 文本 {fund_acc_name, fund_acc, ecp_bank_branch}'),
        ...HEAD,
        ...OWN_TYPE,
        ...STATE,
      },
      'attach',
    ),
  },
};

/** How an order has ended. */
const ENDED = whole({ ...HEAD, ...OWN_TYPE, total_fee: fen('支付总金额，单位为分'), ...STATE });

const NUMBER_ALONE = whole({ mch_trade_id: text('商户订单号') });

const PREORDER_FIELDS = {
  mch_pre_id: text('商户预下单号，同一 merchant_id 下唯一'),
  total_fee: fen('支付总金额，单位为分'),
  body: text('商品或支付单简要描述'),
  spbill_create_ip: text('终端IP'),
  notify_url: text('支付结果通知地址，不能携带参数'),
  time_expire: second('订单失效时间，10 位 UNIX 时间戳'),
  store_id: text('商户门店编号'),
  attach: text('附加数据，在查询和通知中原样返回'),
  device_info: text('终端设备号'),
  op_user_id: text('操作员或收银员编号'),
};
const PREORDER_OPTIONAL = [
  'spbill_create_ip',
  'notify_url',
  'time_expire',
  'store_id',
  'attach',
  'device_info',
  'op_user_id',
];

export interface DocumentCall {
  readonly fields: Schema;
  readonly data: Schema;
}

export const DOCUMENT_CALLS: Readonly<Record<string, DocumentCall>> = {
  '/v2/pay/close': { fields: NUMBER_ALONE, data: ENDED },
  '/v2/pay/reverse': { fields: NUMBER_ALONE, data: ENDED },
  '/v2/pay/writeoff': { fields: NUMBER_ALONE, data: ENDED },
  '/v2/pay/pre_order': {
    fields: whole(PREORDER_FIELDS, ...PREORDER_OPTIONAL),
    data: whole({ pay_url: text('支付链接: 展示为二维码，或发送给付款人') }),
  },
  '/v2/pay/pre_order_detail': {
    fields: whole({ mch_pre_id: text('商户预下单号') }),
    data: whole(
      {
        _id: text('预下单编号'),
        ...PREORDER_FIELDS,
        merchant_id: text('商户编号'),
        level_code: text('商户层级'),
        platform_merchant_id: text('平台商户编号'),
        pre_state: { enum: [0, 1, 2, 3, 4, 5, 6], description: '预下单状态，同支付状态码' },
        created_at: second('创建时间'),
        updated_at: second('更新时间'),
        pay_orders: { type: 'array', items: whole({ mch_trade_id: text('支付订单的商户订单号') }) },
      },
      ...PREORDER_OPTIONAL.filter((name) => name !== 'time_expire'),
      'level_code',
      'platform_merchant_id',
    ),
  },
};
