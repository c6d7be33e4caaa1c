import { chinaTime } from './china-time.ts';
import type { WechatRefund } from './state.ts';

const RECEIVED_BY = '支付用户零钱';

/** The refund object of the refund and refund query answers (docs 4012791883, 4012791884). */
export function refundView(refund: WechatRefund): object {
  return {
    refund_id: refund.refund_id,
    out_refund_no: refund.out_refund_no,
    transaction_id: refund.transaction_id,
    out_trade_no: refund.out_trade_no,
    channel: 'ORIGINAL',
    user_received_account: RECEIVED_BY,
    ...successTime(refund),
    create_time: chinaTime(refund.created_at_ms),
    status: refund.status,
    funds_account: refund.funds_account,
    amount: {
      ...sums(refund),
      from: [],
      settlement_refund: refund.refund,
      settlement_total: refund.total,
      discount_refund: 0,
      currency: 'CNY',
    },
    promotion_detail: [],
  };
}

/** The plain text of a refund callback's resource (docs 4012791886 direct, 4012124635 partner). */
export function refundNoticeView(refund: WechatRefund): object {
  return {
    ...(refund.sub_mchid === undefined
      ? { mchid: refund.mchid }
      : { sp_mchid: refund.mchid, sub_mchid: refund.sub_mchid }),
    transaction_id: refund.transaction_id,
    out_trade_no: refund.out_trade_no,
    refund_id: refund.refund_id,
    out_refund_no: refund.out_refund_no,
    refund_status: refund.status,
    ...successTime(refund),
    user_received_account: RECEIVED_BY,
    amount: sums(refund),
  };
}

function sums(refund: WechatRefund): object {
  return { total: refund.total, refund: refund.refund, payer_total: refund.total, payer_refund: refund.refund };
}

function successTime(refund: WechatRefund): object {
  if (refund.status !== 'SUCCESS' || refund.settled_at_ms === undefined) return {};
  return { success_time: chinaTime(refund.settled_at_ms) };
}
