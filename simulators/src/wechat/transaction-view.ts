import { chinaTime } from './china-time.ts';
import type { TradeState, WechatOrder } from './state.ts';

/** `trade_state_desc` of both APIs. */
export const STATE_DESCRIPTIONS: Readonly<Record<TradeState, string>> = {
  NOTPAY: '订单未支付',
  SUCCESS: '支付成功',
  REFUND: '订单发生过退款，退款详情请查询退款单',
  CLOSED: '订单已关闭',
  USERPAYING: '需要用户输入支付密码',
  REVOKED: '订单已撤销',
  PAYERROR: '支付失败，请重新下单支付',
};

/** The transaction object of queries and payment callbacks (docs 4012791880 direct, 4012738966 partner, 4012791861). */
export function transactionView(order: WechatOrder): object {
  const { payment } = order;
  return {
    ...ownerView(order),
    out_trade_no: order.out_trade_no,
    trade_state: order.state,
    trade_state_desc: STATE_DESCRIPTIONS[order.state],
    promotion_detail: [],
    ...(order.attach === undefined ? {} : { attach: order.attach }),
    ...(order.device_id === undefined ? {} : { scene_info: { device_id: order.device_id } }),
    amount: {
      total: order.total,
      currency: 'CNY',
      payer_currency: 'CNY',
      ...(payment ? { payer_total: order.total } : {}),
    },
    ...(payment
      ? {
          trade_type: order.trade_type,
          transaction_id: payment.transaction_id,
          bank_type: payment.bank_type,
          success_time: chinaTime(payment.paid_at_ms),
          payer: payerView(order, payment.openid, payment.sub_openid),
        }
      : {}),
  };
}

function ownerView(order: WechatOrder): object {
  if (order.sub_mchid === undefined) return { appid: order.appid, mchid: order.mchid };
  return {
    sp_appid: order.appid,
    sp_mchid: order.mchid,
    sub_mchid: order.sub_mchid,
    ...(order.sub_appid === undefined ? {} : { sub_appid: order.sub_appid }),
  };
}

function payerView(order: WechatOrder, openid: string, sub_openid: string | undefined): object {
  if (order.sub_mchid === undefined) return { openid };
  return { sp_openid: openid, ...(sub_openid === undefined ? {} : { sub_openid }) };
}
