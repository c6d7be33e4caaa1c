import { closeOrder } from '../close-order.ts';
import { WechatError } from '../wechat-error.ts';
import { findV2Order } from './find-order.ts';
import type { V2Operation } from './operation.ts';
import { OUT_TRADE_NO } from './order-request.ts';

/** 关闭订单 (wiki api chapter=9_3): unlike APIv3's, it refuses an order that is closed already (错误码 ORDERCLOSED). */
export const closeOrderOperation: V2Operation = {
  fault_operation: 'close',
  path: '/pay/closeorder',
  fields: { out_trade_no: { required: true, max: 32, pattern: OUT_TRADE_NO } },
  run: (world, call) => {
    const order = findV2Order(world, call);
    if (order.state === 'CLOSED') throw new WechatError(400, 'ORDER_CLOSED', '订单已关闭，无法重复关闭');
    closeOrder(world, order);
    return { result_msg: 'OK' };
  },
};
