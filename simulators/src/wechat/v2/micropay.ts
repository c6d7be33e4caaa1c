import { payByCode } from '../pay-by-code.ts';
import type { V2Operation } from './operation.ts';
import { orderRequestFields, readV2Order } from './order-request.ts';
import { paymentFields } from './views.ts';

/** 付款码支付 (doc v2 4011937125). */
export const micropayOperation: V2Operation = {
  fault_operation: 'pay',
  path: '/pay/micropay',
  fields: { ...orderRequestFields, auth_code: { required: true, max: 128 } },
  run: (world, call) =>
    paymentFields(payByCode(world, readV2Order(world, call, 'MICROPAY'), call.fields['auth_code'] ?? '')),
};
