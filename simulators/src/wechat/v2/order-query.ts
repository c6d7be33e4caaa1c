import { findV2Order, orderNumberFields } from './find-order.ts';
import type { V2Operation } from './operation.ts';
import { orderFields } from './views.ts';

/** 查询订单 (wiki api chapter=9_2). */
export const orderQueryOperation: V2Operation = {
  fault_operation: 'query',
  path: '/pay/orderquery',
  fields: orderNumberFields,
  run: (world, call) => orderFields(findV2Order(world, call)),
};
