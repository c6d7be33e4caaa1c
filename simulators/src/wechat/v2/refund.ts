import { NOTIFY_URL_PATTERN } from '../order-fields.ts';
import { refundOrder } from '../refund-order.ts';
import { V2Failure } from './failure.ts';
import { orderNumberFields } from './find-order.ts';
import type { V2Operation } from './operation.ts';
import { fundsAccountOf, refundFields } from './views.ts';

const FEN = /^[1-9]\d{0,9}$/;

export const OUT_REFUND_NO = /^[0-9a-zA-Z_\-|*@]+$/;

/** 申请退款 (wiki api chapter=9_4). */
export const refundOperation: V2Operation = {
  fault_operation: 'refund',
  path: '/secapi/pay/refund',
  needs_certificate: true,
  fields: {
    ...orderNumberFields,
    out_refund_no: { required: true, max: 64, pattern: OUT_REFUND_NO },
    total_fee: { required: true, max: 10, pattern: FEN },
    refund_fee: { required: true, max: 10, pattern: FEN },
    refund_fee_type: { max: 8, pattern: /^CNY$/ },
    refund_desc: { max: 80 },
    refund_account: { max: 30, pattern: /^REFUND_SOURCE_(UNSETTLED|RECHARGE)_FUNDS$/ },
    notify_url: { max: 256, pattern: new RegExp(NOTIFY_URL_PATTERN) },
  },
  run: (world, { owner, fields }) => {
    const { transaction_id, out_trade_no, refund_desc, notify_url } = fields;
    if (transaction_id === undefined && out_trade_no === undefined) throw new V2Failure('缺少参数out_trade_no');
    const funds_account = fundsAccountOf(fields['refund_account'] ?? '');
    const { appid, sub_appid } = owner;
    const refund = refundOrder(world, {
      mchid: owner.mchid,
      ...(owner.sub_mchid === undefined ? {} : { sub_mchid: owner.sub_mchid }),
      api_v2: { appid, ...(sub_appid === undefined ? {} : { sub_appid }) },
      ...(transaction_id === undefined ? {} : { transaction_id }),
      ...(out_trade_no === undefined ? {} : { out_trade_no }),
      out_refund_no: fields['out_refund_no'] ?? '',
      refund: Number(fields['refund_fee']),
      total: Number(fields['total_fee']),
      ...(refund_desc === undefined ? {} : { reason: refund_desc }),
      ...(notify_url === undefined ? {} : { notify_url }),
      ...(funds_account === undefined ? {} : { funds_account }),
    });
    return refundFields(refund);
  },
};
