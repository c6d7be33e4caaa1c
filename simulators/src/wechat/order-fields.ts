import { array, integer, object, required, text, truth } from './field-rules.ts';
import type { FieldRules, StringRule } from './field-rules.ts';

/**
 * Fields of the order requests: names and types from the published schemas, lengths from the pages 4012791877 (direct)
 * and 4012738519 (partner) and, where those differ, from upstream's own error messages.
 */

/** 6 to 32 of a small character set. */
export const outTradeNo: StringRule = text('商户订单号', 32, {
  ...required,
  min: 6,
  unit: '字节数',
  pattern: '^[0-9a-zA-Z_\\-\\|\\*]+$',
});

/** Upstream's own expression: http or https, no query string, no fragment. */
export const NOTIFY_URL_PATTERN = '^https?://([^\\s/?#\\[\\]\\@]+\\@)?([^\\s/?#\\@:]+)(?::\\d{2,5})?([^\\s?#\\[\\]]*)$';

export const notifyUrl = (more: { required?: true }): StringRule =>
  text('通知地址', 256, { ...more, pattern: NOTIFY_URL_PATTERN });

export const directOwner: FieldRules = {
  appid: text('公众号ID', 32, required),
  mchid: text('直连商户号', 32, required),
};

export const partnerOwner: FieldRules = {
  sp_appid: text('服务商应用ID', 32, required),
  sp_mchid: text('服务商户号', 32, required),
  sub_appid: text('子商户应用ID', 32),
  sub_mchid: text('子商户号', 32, required),
};

/** The scene of every order but payment-code ones. */
export const sceneInfo: FieldRules = {
  payer_client_ip: text('用户终端IP', 45, required),
  device_id: text('商户端设备号', 32),
  store_info: object('商户门店信息', {
    id: text('门店编号', 32, required),
    name: text('门店名称', 256),
    area_code: text('地区编码', 32),
    address: text('详细地址', 512),
  }),
};

/** Shared by the ways of placing an order that the payer pays later. */
export const transactionFields: FieldRules = {
  description: text('商品描述', 127, required),
  out_trade_no: outTradeNo,
  time_expire: text('交易结束时间', 64),
  attach: text('附加数据', 128, { unit: '字节数', min: 0 }),
  notify_url: notifyUrl(required),
  goods_tag: text('订单优惠标记', 32),
  limit_pay: array(
    '指定支付方式',
    text('支付方式', 32, { options: ['no_balance', 'no_credit', 'no_debit', 'balance_only'] }),
  ),
  support_fapiao: truth('电子发票入口开放标识'),
  amount: object(
    '订单金额',
    {
      total: integer('总金额', { ...required, min: 1 }),
      currency: text('货币类型', 16, { options: ['CNY'] }),
    },
    required,
  ),
  detail: object('优惠功能', {
    cost_price: integer('订单原价', { min: 0 }),
    invoice_id: text('商品小票ID', 32),
    goods_detail: array(
      '单品列表',
      object('单品', {
        merchant_goods_id: text('商户侧商品编码', 32, required),
        wechatpay_goods_id: text('微信侧商品编码', 32),
        goods_name: text('商品名称', 256),
        quantity: integer('商品数量', { ...required, min: 1 }),
        unit_price: integer('商品单价', { ...required, min: 0 }),
      }),
    ),
  }),
  scene_info: object('场景信息', sceneInfo),
  settle_info: object('结算信息', { profit_sharing: truth('是否指定分账') }),
};
