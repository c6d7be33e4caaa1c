import { compactChinaTime, spacedChinaTime } from '../china-time.ts';
import type { WechatOrder, WechatRefund } from '../state.ts';
import { STATE_DESCRIPTIONS } from '../transaction-view.ts';
import type { XmlFields } from './xml.ts';

const REFUND_STATUSES: Readonly<Record<WechatRefund['status'], string>> = {
  SUCCESS: 'SUCCESS',
  CLOSED: 'REFUNDCLOSE',
  PROCESSING: 'PROCESSING',
  ABNORMAL: 'CHANGE',
};

const FUNDS_ACCOUNTS: Readonly<Record<string, string>> = {
  UNSETTLED: 'REFUND_SOURCE_UNSETTLED_FUNDS',
  AVAILABLE: 'REFUND_SOURCE_RECHARGE_FUNDS',
};

export const RECEIVED_BY = '支付用户零钱';

/** APIv2's name of APIv3's funds_account and back; undefined: neither knows it. */
export function fundsAccountOf(refund_account: string): string | undefined {
  return Object.entries(FUNDS_ACCOUNTS).find(([, name]) => name === refund_account)?.[0];
}

/** The fields that tell of a payment in micropay answers, queries and callbacks (doc v2 4011937125). */
export function paymentFields(order: WechatOrder): XmlFields {
  const { payment } = order;
  if (!payment) return {};
  return {
    openid: payment.openid,
    is_subscribe: 'N',
    ...(payment.sub_openid === undefined ? {} : { sub_openid: payment.sub_openid, sub_is_subscribe: 'N' }),
    trade_type: order.trade_type,
    bank_type: payment.bank_type,
    total_fee: String(order.total),
    fee_type: 'CNY',
    cash_fee: String(order.total),
    cash_fee_type: 'CNY',
    transaction_id: payment.transaction_id,
    out_trade_no: order.out_trade_no,
    ...(order.attach === undefined ? {} : { attach: order.attach }),
    time_end: compactChinaTime(payment.paid_at_ms),
  };
}

/** The fields of 查询订单 (wiki api chapter=9_2). */
export function orderFields(order: WechatOrder): XmlFields {
  const unpaid = {
    out_trade_no: order.out_trade_no,
    total_fee: String(order.total),
    ...(order.attach === undefined ? {} : { attach: order.attach }),
  };
  return {
    ...(order.payment ? paymentFields(order) : unpaid),
    trade_state: order.state,
    trade_state_desc: STATE_DESCRIPTIONS[order.state],
    ...(order.device_id === undefined ? {} : { device_info: order.device_id }),
  };
}

/** The fields of 申请退款 (wiki api chapter=9_4). */
export function refundFields(refund: WechatRefund): XmlFields {
  return {
    transaction_id: refund.transaction_id,
    out_trade_no: refund.out_trade_no,
    out_refund_no: refund.out_refund_no,
    refund_id: refund.refund_id,
    refund_channel: '',
    refund_fee: String(refund.refund),
    settlement_refund_fee: String(refund.refund),
    total_fee: String(refund.total),
    settlement_total_fee: String(refund.total),
    fee_type: 'CNY',
    cash_fee: String(refund.total),
    cash_refund_fee: String(refund.refund),
    coupon_refund_fee: '0',
    coupon_refund_count: '0',
  };
}

/** One refund among the indexed fields of 查询退款 (wiki api chapter=9_5). */
export function indexedRefundFields(refund: WechatRefund, index: number): XmlFields {
  const fields: XmlFields = {
    out_refund_no: refund.out_refund_no,
    refund_id: refund.refund_id,
    refund_channel: 'ORIGINAL',
    refund_fee: String(refund.refund),
    settlement_refund_fee: String(refund.refund),
    coupon_refund_fee: '0',
    refund_status: REFUND_STATUSES[refund.status],
    refund_account: FUNDS_ACCOUNTS[refund.funds_account] ?? '',
    refund_recv_accout: RECEIVED_BY,
    ...(refund.status === 'SUCCESS' && refund.settled_at_ms !== undefined
      ? { refund_success_time: spacedChinaTime(refund.settled_at_ms) }
      : {}),
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${name}_${index}`, value]));
}

/** What is encrypted in a refund callback (wiki api chapter=9_16). */
export function refundNoticeFields(refund: WechatRefund): XmlFields {
  return {
    transaction_id: refund.transaction_id,
    out_trade_no: refund.out_trade_no,
    refund_id: refund.refund_id,
    out_refund_no: refund.out_refund_no,
    total_fee: String(refund.total),
    settlement_total_fee: String(refund.total),
    refund_fee: String(refund.refund),
    settlement_refund_fee: String(refund.refund),
    refund_status: REFUND_STATUSES[refund.status],
    ...(refund.settled_at_ms === undefined ? {} : { success_time: spacedChinaTime(refund.settled_at_ms) }),
    refund_recv_accout: RECEIVED_BY,
    refund_account: FUNDS_ACCOUNTS[refund.funds_account] ?? '',
    refund_request_source: 'API',
  };
}
