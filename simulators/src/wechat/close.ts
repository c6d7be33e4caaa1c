import { closeOrder } from './close-order.ts';
import { askerOf, findOrderOfPath } from './find-order.ts';
import { required, text } from './field-rules.ts';
import type { FieldRules } from './field-rules.ts';
import type { WechatOperation } from './operation.ts';
import { outTradeNo } from './order-fields.ts';
import type { WechatMode } from './ownership.ts';

/** 关闭订单 (docs 4012791881, 4012738970): 204 without a body, and again 204 for an order that is closed already. */
const closeOperation = (mode: WechatMode, path: string, body_fields: FieldRules): WechatOperation => ({
  fault_operation: 'close',
  method: 'POST',
  path,
  path_fields: { out_trade_no: outTradeNo },
  body_fields,
  run: (world, call) => {
    closeOrder(world, findOrderOfPath(world, call, askerOf(mode, call.body)));
    return {};
  },
});

export const closeOperations: readonly WechatOperation[] = [
  closeOperation('direct', '/v3/pay/transactions/out-trade-no/{out_trade_no}/close', {
    mchid: text('直连商户号', 32, required),
  }),
  closeOperation('partner', '/v3/pay/partner/transactions/out-trade-no/{out_trade_no}/close', {
    sp_mchid: text('服务商户号', 32, required),
    sub_mchid: text('子商户号', 32, required),
  }),
];
