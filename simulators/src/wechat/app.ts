import { transactionFields } from './order-fields.ts';
import { orderOperations } from './order-request.ts';

/** APP 下单 (docs 4012525136 direct, 4012523526 partner): an order that the merchant's app hands to the wallet. */
export const appOperations = orderOperations({
  name: 'app',
  trade_type: 'APP',
  fields: { direct: transactionFields, partner: transactionFields },
  answer: ({ prepay_id }) => ({ prepay_id }),
});
