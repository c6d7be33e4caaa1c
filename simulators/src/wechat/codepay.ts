import { object, required, text } from './field-rules.ts';
import type { FieldRules } from './field-rules.ts';
import type { WechatOperation } from './operation.ts';
import { directOwner, partnerOwner, transactionFields } from './order-fields.ts';
import { readOrder } from './order-request.ts';
import type { WechatMode } from './ownership.ts';
import { payByCode } from './pay-by-code.ts';
import { transactionView } from './transaction-view.ts';

/** Fields after the owner's, from code-payment-v3/direct/code-pay.html: a scene with a shop is required, no notify_url is known. */
function codepayFields(): FieldRules {
  const { time_expire: _time, notify_url: _notify, limit_pay: _limit, ...shared } = transactionFields;
  return {
    ...shared,
    payer: object('支付者', { auth_code: text('授权码', 32, required) }, required),
    scene_info: object(
      '场景信息',
      {
        device_id: text('商户端设备号', 32),
        device_ip: text('商户端设备IP', 45),
        store_info: object('商户门店信息', { id: text('门店编号', 32), out_id: text('商家自定义编码', 64) }, required),
      },
      required,
    ),
  };
}

/**
 * 付款码支付 (doc 4012382150, and its partner sibling): 200 with the transaction when it is paid at once, 202 USERPAYING
 * when the payer has to type a password.
 */
const codepayOperation = (mode: WechatMode, path: string, owner: FieldRules): WechatOperation => ({
  fault_operation: 'pay',
  method: 'POST',
  path,
  body_fields: { ...owner, ...codepayFields() },
  run: (world, call) => {
    const { payer } = call.body as { payer: { auth_code: string } };
    const wish = readOrder(world, call, { mode, trade_type: 'MICROPAY' });
    return { body: transactionView(payByCode(world, wish, payer.auth_code)) };
  },
});

export const codepayOperations: readonly WechatOperation[] = [
  codepayOperation('direct', '/v3/pay/transactions/codepay', directOwner),
  // sp_appid 必填 (partner-code-pay.html), although the published schema calls it optional.
  codepayOperation('partner', '/v3/pay/partner/transactions/codepay', partnerOwner),
];
