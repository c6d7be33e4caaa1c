import { array, integer, object, parameterError, required, text } from './field-rules.ts';
import type { FieldRules } from './field-rules.ts';
import type { WechatCall, WechatOperation, WechatWorld } from './operation.ts';
import { notifyUrl } from './order-fields.ts';
import { findSubMerchant } from './ownership.ts';
import { refundOrder } from './refund-order.ts';
import { refundView } from './refund-view.ts';

export const outRefundNo = text('商户退款单号', 64, {
  ...required,
  unit: '字节数',
  pattern: '^[0-9a-zA-Z_\\-\\|\\*@]+$',
});

const bodyFields: FieldRules = {
  sub_mchid: text('子商户号', 32),
  transaction_id: text('微信支付订单号', 32),
  out_trade_no: text('商户订单号', 32),
  out_refund_no: outRefundNo,
  reason: text('退款原因', 80),
  notify_url: notifyUrl({}),
  funds_account: text('退款资金来源', 32, { options: ['AVAILABLE', 'UNSETTLED'] }),
  amount: object(
    '金额信息',
    {
      refund: integer('退款金额', { ...required, min: 1 }),
      from: array(
        '退款出资账户及金额',
        object('出资', {
          account: text('出资账户类型', 32, { ...required, options: ['AVAILABLE', 'UNAVAILABLE'] }),
          amount: integer('出资金额', { ...required, min: 1 }),
        }),
      ),
      total: integer('原订单金额', { ...required, min: 1 }),
      currency: text('退款币种', 16, { ...required, options: ['CNY'] }),
    },
    required,
  ),
  goods_detail: array(
    '退款商品',
    object('商品', {
      merchant_goods_id: text('商户侧商品编码', 32, required),
      wechatpay_goods_id: text('微信侧商品编码', 32),
      goods_name: text('商品名称', 256),
      unit_price: integer('商品单价', { ...required, min: 0 }),
      refund_amount: integer('商品退款金额', { ...required, min: 0 }),
      refund_quantity: integer('商品退货数量', { ...required, min: 1 }),
    }),
  ),
};

interface RefundBody {
  readonly sub_mchid?: string | null;
  readonly transaction_id?: string | null;
  readonly out_trade_no?: string | null;
  readonly out_refund_no: string;
  readonly reason?: string | null;
  readonly notify_url?: string | null;
  readonly funds_account?: string | null;
  readonly amount: { readonly refund: number; readonly total: number };
}

/** 申请退款 (docs 4012791883 direct, 4012738538 partner). */
export const refundOperation: WechatOperation = {
  fault_operation: 'refund',
  method: 'POST',
  path: '/v3/refund/domestic/refunds',
  body_fields: bodyFields,
  run: (world, call) => {
    const body = call.body as unknown as RefundBody;
    const sub_mchid = refundSubMerchant(world, call, body.sub_mchid ?? undefined);
    if (!body.transaction_id && !body.out_trade_no) {
      throw parameterError('微信支付订单号与商户订单号不能同时为空', 'body', '');
    }
    const refund = refundOrder(world, {
      mchid: call.merchant.mchid,
      ...(sub_mchid === undefined ? {} : { sub_mchid }),
      ...(body.transaction_id ? { transaction_id: body.transaction_id } : {}),
      ...(body.out_trade_no ? { out_trade_no: body.out_trade_no } : {}),
      out_refund_no: body.out_refund_no,
      refund: body.amount.refund,
      total: body.amount.total,
      ...(body.reason ? { reason: body.reason } : {}),
      ...(body.notify_url ? { notify_url: body.notify_url } : {}),
      ...(body.funds_account ? { funds_account: body.funds_account } : {}),
    });
    return { body: refundView(refund) };
  },
};

/** Who a refund is for: the given sub-merchant of a service provider, nobody else for a direct merchant. */
export function refundSubMerchant(
  world: WechatWorld,
  call: WechatCall,
  sub_mchid: string | undefined,
): string | undefined {
  if (sub_mchid === undefined) {
    if (call.merchant.sub_merchants.length === 0) return undefined;
    throw parameterError('输入源“/body/sub_mchid”映射到字段“子商户号”必填性规则校验失败，此字段为必填项', 'body', '');
  }
  return findSubMerchant(world, call.merchant, sub_mchid, 404).mchid;
}
