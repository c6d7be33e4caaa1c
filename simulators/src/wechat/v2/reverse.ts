import { reverseOrder } from '../reverse-order.ts';
import { findV2Order, orderNumberFields } from './find-order.ts';
import type { V2Operation } from './operation.ts';

/** 撤销订单 (doc v2 4011937361): `recall` Y asks to call again, which a system error does. */
export const reverseOperation: V2Operation = {
  fault_operation: 'reverse',
  path: '/secapi/pay/reverse',
  needs_certificate: true,
  fields: orderNumberFields,
  failure_fields: { recall: 'Y' },
  run: (world, call) => {
    reverseOrder(world, findV2Order(world, call));
    return { recall: 'N' };
  },
};
