import { askerOf, findOrder, findOrderOfPath } from './find-order.ts';
import { required, text } from './field-rules.ts';
import type { FieldRules } from './field-rules.ts';
import type { WechatOperation } from './operation.ts';
import { outTradeNo } from './order-fields.ts';
import type { WechatMode } from './ownership.ts';
import { transactionView } from './transaction-view.ts';

const queryFields: Readonly<Record<WechatMode, FieldRules>> = {
  direct: { mchid: text('直连商户号', 32, required) },
  partner: { sp_mchid: text('服务商户号', 32, required), sub_mchid: text('子商户号', 32, required) },
};

/** 商户订单号查询订单 (docs 4012791880, 4012738966). */
const byOutTradeNo = (mode: WechatMode, path: string): WechatOperation => ({
  fault_operation: 'query',
  method: 'GET',
  path,
  path_fields: { out_trade_no: outTradeNo },
  query_fields: queryFields[mode],
  run: (world, call) => ({
    body: transactionView(findOrderOfPath(world, call, askerOf(mode, call.query))),
  }),
});

/** 微信支付订单号查询订单 (docs 4012791879, 4012738969). */
const byTransactionId = (mode: WechatMode, path: string): WechatOperation => ({
  fault_operation: 'query',
  method: 'GET',
  path,
  path_fields: { transaction_id: text('微信支付订单号', 32, required) },
  query_fields: queryFields[mode],
  run: (world, call) => {
    const asker = askerOf(mode, call.query);
    const id = call.path['transaction_id'] ?? '';
    return { body: transactionView(findOrder(world, call, asker, ({ state }) => state.orderByTransaction(id))) };
  },
});

export const queryOperations: readonly WechatOperation[] = [
  byOutTradeNo('direct', '/v3/pay/transactions/out-trade-no/{out_trade_no}'),
  byOutTradeNo('partner', '/v3/pay/partner/transactions/out-trade-no/{out_trade_no}'),
  byTransactionId('direct', '/v3/pay/transactions/id/{transaction_id}'),
  byTransactionId('partner', '/v3/pay/partner/transactions/id/{transaction_id}'),
];
