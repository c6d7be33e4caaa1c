import { transactionFields } from './order-fields.ts';
import { orderOperations } from './order-request.ts';

/** Native 下单 (docs 4012791877 direct, 4012738519 partner): an order whose code_url the payer scans. */
export const nativeOperations = orderOperations({
  name: 'native',
  trade_type: 'NATIVE',
  fields: { direct: transactionFields, partner: transactionFields },
  answer: ({ code_url }) => ({ code_url }),
});
