import { text } from './field-rules.ts';
import type { WechatOperation } from './operation.ts';
import { outRefundNo, refundSubMerchant } from './refund.ts';
import { refundView } from './refund-view.ts';
import { WechatError } from './wechat-error.ts';

/** 查询单笔退款（按商户退款单号） (docs 4012791884 direct, 4012738544 partner). */
export const queryRefundOperation: WechatOperation = {
  fault_operation: 'query',
  method: 'GET',
  path: '/v3/refund/domestic/refunds/{out_refund_no}',
  path_fields: { out_refund_no: outRefundNo },
  query_fields: { sub_mchid: text('子商户号', 32) },
  run: (world, call) => {
    const sub_mchid = refundSubMerchant(world, call, call.query['sub_mchid']);
    const refund = world.state.refund(call.merchant.mchid, sub_mchid, call.path['out_refund_no'] ?? '');
    if (!refund) throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '退款单不存在');
    return { body: refundView(refund) };
  },
};
