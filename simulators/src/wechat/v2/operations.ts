import { closeOrderOperation } from './close-order.ts';
import { micropayOperation } from './micropay.ts';
import type { V2Operation } from './operation.ts';
import { orderQueryOperation } from './order-query.ts';
import { refundOperation } from './refund.ts';
import { refundQueryOperation } from './refund-query.ts';
import { reverseOperation } from './reverse.ts';
import { unifiedOrderOperation } from './unified-order.ts';

/** Every APIv2 operation the simulator serves. */
export const v2Operations: readonly V2Operation[] = [
  unifiedOrderOperation,
  micropayOperation,
  orderQueryOperation,
  closeOrderOperation,
  reverseOperation,
  refundOperation,
  refundQueryOperation,
];
