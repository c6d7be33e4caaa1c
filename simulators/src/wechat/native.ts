import { directOwner, partnerOwner, transactionFields } from './order-fields.ts';
import type { WechatOperation } from './operation.ts';
import { placeOrder } from './place-order.ts';

/** Native 下单 (docs 4012791877 direct, 4012738519 partner): an order whose code_url the payer scans. */
export const nativeOperations: readonly WechatOperation[] = [
  {
    fault_operation: 'pay',
    method: 'POST',
    path: '/v3/pay/transactions/native',
    body_fields: { ...directOwner, ...transactionFields },
    run: (world, call) => ({
      body: { code_url: placeOrder(world, call, { mode: 'direct', trade_type: 'NATIVE' }).code_url },
    }),
  },
  {
    fault_operation: 'pay',
    method: 'POST',
    path: '/v3/pay/partner/transactions/native',
    body_fields: { ...partnerOwner, ...transactionFields },
    run: (world, call) => ({
      body: { code_url: placeOrder(world, call, { mode: 'partner', trade_type: 'NATIVE' }).code_url },
    }),
  },
];
