import { askerOf, findOrderOfPath } from './find-order.ts';
import { required, text } from './field-rules.ts';
import type { FieldRules } from './field-rules.ts';
import type { WechatOperation } from './operation.ts';
import { directOwner, outTradeNo } from './order-fields.ts';
import type { WechatMode } from './ownership.ts';
import { reverseOrder } from './reverse-order.ts';

/** 撤销 of payment-code orders (code-payment-v3/direct/reverse.html, and its partner sibling): echoes whose and which order it was. */
const reverseOperation = (mode: WechatMode, path: string, body_fields: FieldRules): WechatOperation => ({
  fault_operation: 'reverse',
  method: 'POST',
  path,
  path_fields: { out_trade_no: outTradeNo },
  body_fields,
  run: (world, call) => {
    const order = findOrderOfPath(world, call, askerOf(mode, call.body));
    reverseOrder(world, order);
    const echoed = Object.keys(body_fields).map((name) => [name, call.body[name]] as const);
    return { body: { ...Object.fromEntries(echoed), out_trade_no: order.out_trade_no } };
  },
});

export const reverseOperations: readonly WechatOperation[] = [
  reverseOperation('direct', '/v3/pay/transactions/out-trade-no/{out_trade_no}/reverse', directOwner),
  reverseOperation('partner', '/v3/pay/partner/transactions/out-trade-no/{out_trade_no}/reverse', {
    sp_appid: text('服务商应用ID', 32),
    sp_mchid: text('服务商户号', 32, required),
    sub_appid: text('子商户应用ID', 32),
    sub_mchid: text('子商户号', 32, required),
  }),
];
