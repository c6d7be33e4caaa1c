import type { Order } from '../domain/order.ts';
import type { Refund } from '../domain/refund.ts';
import { refundStatus } from '../domain/refund.ts';
import { tradeInfo, tradeState } from '../domain/trade-state.ts';

/** What a channel told, under the names of protocol section 5: each only when known. */
export function channelFields(order: Order): Record<string, string | number> {
  const facts = order.facts;
  if (!facts) return {};
  const fields: Record<string, string | number> = { out_trade_id: facts.transaction_id };
  for (const name of ['bank_type', 'fee_type', 'openid', 'sub_openid']) {
    const value = facts.details[name];
    if (value !== undefined) fields[name] = value;
  }
  const cash_fee = facts.details['cash_fee'];
  if (cash_fee !== undefined) fields['cash_fee'] = Number(cash_fee);
  return fields;
}

/** 支付结果通知 (pay-api, Pay notify): the bytes that every repeat carries. */
export function paymentPayload(order: Order, nonce_str: string): string {
  const { attach, mch_pre_id } = order.request;
  return JSON.stringify({
    code: 0,
    data: {
      trade_id: order.trade_id,
      ...(attach !== undefined && { attach }),
      mch_trade_id: order.mch_trade_id,
      ...(mch_pre_id !== undefined && { mch_pre_id }),
      merchant_id: order.merchant_id,
      pay_type: order.pay_type,
      total_fee: order.total_fen,
      trade_state: tradeState(order, order.updated_at_ms),
      trade_info: tradeInfo(order, order.updated_at_ms),
      ...channelFields(order),
    },
    nonce_str,
  });
}

/** A refund as the merchant API shows it (pay-api, Refund query). */
export function refundFields(refund: Refund): Record<string, string | number> {
  return {
    refund_id: refund.refund_id,
    ...(refund.mch_refund_id !== null && { mch_refund_id: refund.mch_refund_id }),
    refund_fee: refund.refund_fen,
    refund_status: refundStatus(refund.state),
    refund_desc: refund.refund_desc,
    ...(refund.channel_message !== '' && { refund_info: refund.channel_message }),
  };
}

/** 退款结果通知 (pay-api, Refund notify). */
export function refundPayload(order: Order, refund: Refund, nonce_str: string): string {
  return JSON.stringify({
    code: 0,
    msg: 'success',
    data: {
      trade_id: order.trade_id,
      mch_trade_id: order.mch_trade_id,
      merchant_id: order.merchant_id,
      pay_type: order.pay_type,
      refunds: refundFields(refund),
    },
    nonce_str,
  });
}
