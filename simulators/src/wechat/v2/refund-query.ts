import type { WechatWorld } from '../operation.ts';
import { receiver } from '../state.ts';
import type { WechatRefund } from '../state.ts';
import { WechatError } from '../wechat-error.ts';
import { V2Failure } from './failure.ts';
import { orderNumberFields } from './find-order.ts';
import type { V2Call, V2Operation } from './operation.ts';
import { OUT_REFUND_NO } from './refund.ts';
import { indexedRefundFields } from './views.ts';

/** "默认返回前10次" (wiki api chapter=9_5, total_refund_count). */
const MOST_SHOWN = 10;

/** 查询退款 (wiki api chapter=9_5): by any of four numbers, with indexed fields from `_0` on. */
export const refundQueryOperation: V2Operation = {
  fault_operation: 'query',
  path: '/pay/refundquery',
  fields: {
    ...orderNumberFields,
    out_refund_no: { max: 64, pattern: OUT_REFUND_NO },
    refund_id: { max: 32 },
    offset: { max: 3, pattern: /^\d+$/ },
  },
  run: (world, call) => {
    const found = findRefunds(world, call);
    const [first] = found;
    if (!first) throw new WechatError(404, 'RESOURCE_NOT_EXISTS', '退款单不存在', { v2_code: 'REFUNDNOTEXIST' });
    const offset = Number(call.fields['offset'] ?? 0);
    const shown = found.slice(offset, offset + MOST_SHOWN);
    return {
      ...(found.length > MOST_SHOWN ? { total_refund_count: String(found.length) } : {}),
      transaction_id: first.transaction_id,
      out_trade_no: first.out_trade_no,
      total_fee: String(first.total),
      settlement_total_fee: String(first.total),
      fee_type: 'CNY',
      cash_fee: String(first.total),
      refund_count: String(shown.length),
      ...Object.fromEntries(shown.flatMap((refund, index) => Object.entries(indexedRefundFields(refund, index)))),
    };
  },
};

/** The most exact number counts: "refund_id > out_refund_no > transaction_id > out_trade_no". */
function findRefunds(world: WechatWorld, { owner, fields }: V2Call): WechatRefund[] {
  const { refund_id, out_refund_no, transaction_id, out_trade_no } = fields;
  if (refund_id !== undefined) {
    const refund = world.state.refundById(refund_id);
    return refund && refund.mchid === owner.mchid && receiver(refund) === receiver(owner) ? [refund] : [];
  }
  if (out_refund_no !== undefined) {
    const refund = world.state.refund(owner.mchid, owner.sub_mchid, out_refund_no);
    return refund ? [refund] : [];
  }
  const order =
    transaction_id === undefined
      ? world.state.order(owner.mchid, out_trade_no ?? '')
      : world.state.orderByTransaction(transaction_id);
  if (transaction_id === undefined && out_trade_no === undefined) throw new V2Failure('缺少参数out_refund_no');
  if (!order || order.mchid !== owner.mchid || order.sub_mchid !== owner.sub_mchid) return [];
  return world.state.refundsOf(order);
}
