import { appOperations } from './app.ts';
import { certificatesOperation } from './certificates.ts';
import { closeOperations } from './close.ts';
import { codepayOperations } from './codepay.ts';
import { h5Operations } from './h5.ts';
import { jsapiOperations } from './jsapi.ts';
import { nativeOperations } from './native.ts';
import type { WechatOperation } from './operation.ts';
import { queryOperations } from './query.ts';
import { queryRefundOperation } from './query-refund.ts';
import { refundOperation } from './refund.ts';
import { reverseOperations } from './reverse.ts';

/** Every APIv3 operation the simulator serves. */
export const wechatOperations: readonly WechatOperation[] = [
  ...nativeOperations,
  ...jsapiOperations,
  ...appOperations,
  ...h5Operations,
  ...codepayOperations,
  ...queryOperations,
  ...closeOperations,
  ...reverseOperations,
  refundOperation,
  queryRefundOperation,
  certificatesOperation,
];
