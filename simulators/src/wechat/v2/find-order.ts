import type { WechatWorld } from '../operation.ts';
import type { WechatOrder } from '../state.ts';
import { WechatError } from '../wechat-error.ts';
import { V2Failure } from './failure.ts';
import type { V2Call, V2Fields } from './operation.ts';
import { OUT_TRADE_NO } from './order-request.ts';

/** One of both names an order; transaction_id counts when both are there (wiki api chapter=9_2). */
export const orderNumberFields: V2Fields = {
  transaction_id: { max: 32 },
  out_trade_no: { max: 32, pattern: OUT_TRADE_NO },
};

/**
 * The caller's order; another's is not found.
 * @throws V2Failure when no number is given, WechatError ORDERNOTEXIST
 */
export function findV2Order(world: WechatWorld, { fields, owner }: V2Call): WechatOrder {
  const { transaction_id, out_trade_no } = fields;
  if (transaction_id === undefined && out_trade_no === undefined) throw new V2Failure('缺少参数out_trade_no');
  const order =
    transaction_id === undefined
      ? world.state.order(owner.mchid, out_trade_no ?? '')
      : world.state.orderByTransaction(transaction_id);
  if (!order || order.mchid !== owner.mchid || order.sub_mchid !== owner.sub_mchid) {
    throw new WechatError(404, 'ORDER_NOT_EXIST', '订单不存在', { v2_code: 'ORDERNOTEXIST' });
  }
  return order;
}
