import { certificatesOperation } from './certificates.ts';
import { closeOperations } from './close.ts';
import { nativeOperations } from './native.ts';
import type { WechatOperation } from './operation.ts';
import { queryOperations } from './query.ts';
import { queryRefundOperation } from './query-refund.ts';
import { refundOperation } from './refund.ts';

/** Every operation the simulator serves. */
export const wechatOperations: readonly WechatOperation[] = [
  ...nativeOperations,
  ...queryOperations,
  ...closeOperations,
  refundOperation,
  queryRefundOperation,
  certificatesOperation,
];
