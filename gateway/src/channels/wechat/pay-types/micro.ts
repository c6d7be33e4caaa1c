/**
 * common.micro with a code of WeChat's: the till scans the payer's code (付款码支付, direct: doc 4012382150; partner:
 * docs/partner/apis/partner-code-payment-v3/partner/partner-code-pay.html). No notify_url and no time_expire: WeChat Pay calls
 * nobody back about payment codes, and an order that is not to be paid any more is reversed.
 */
import type { BeginReport, OrderForChannel } from '../../channel.ts';
import { paymentCodePayType } from '../../payment-code.ts';
import type { VerifiedAnswer } from '../client.ts';
import type { WechatAccount } from '../config.ts';
import { textAt } from '../../json.ts';
import { deviceId, tradeBody } from '../order-body.ts';
import { subMerchantOf } from '../party.ts';
import type { Placed, WechatPayType } from '../pay-type.ts';
import { readOrder } from '../query.ts';
import { codeOf, messageOf } from '../status-map.ts';

function codeOrder(account: WechatAccount, order: OrderForChannel): Record<string, unknown> {
  const device_id = deviceId(order);
  return {
    ...tradeBody(account, order),
    payer: { auth_code: order.fields['auth_code'] },
    scene_info: {
      ...(device_id && { device_id }),
      ...(order.spbill_create_ip && { device_ip: order.spbill_create_ip }),
      store_info: { out_id: storeOf(account, order) },
    },
  };
}

/**
 * One of `id` (a number that WeChat gave the shop) and `out_id` (the merchant's own, letters and digits) is required. A merchant
 * that does not number its shops, or numbers them otherwise, is one shop: its merchant number stands for it.
 */
function storeOf(account: WechatAccount, order: OrderForChannel): string {
  if (order.store_id && /^[A-Za-z0-9]+$/.test(order.store_id)) return order.store_id;
  return subMerchantOf(account, order.merchant_params) ?? account.mchid;
}

/**
 * USERPAYING comes as a code with HTTP 202 or as the state of an order object. An order that is over is no answer to an order
 * that is being placed: it tells of an earlier attempt, which a query settles.
 */
function readAnswer(answer: VerifiedAnswer, { order }: Placed): BeginReport | null {
  const raw = answer.text;
  if (answer.status >= 500) return null;
  const told = textAt(answer.json, 'out_trade_no');
  // A signature does not say which question it answers: a genuine answer about another order may be a replay.
  if (told !== null && told !== order.out_trade_no) return { outcome: 'unknown', reason: 'other_order', raw };
  if (codeOf(answer) === 'USERPAYING') return paying(messageOf(answer), raw);
  if (told === null || !answer.json) return null;
  const state = textAt(answer.json, 'trade_state') ?? '';
  if (state === 'USERPAYING') return paying(textAt(answer.json, 'trade_state_desc') ?? '', raw);
  if (answer.status !== 200) return null;
  const report = readOrder(answer.json, raw);
  if (report.outcome === 'paid') return { ...report, message: 'success' };
  if (report.outcome === 'unknown') return report;
  return { outcome: 'unknown', reason: state.toLowerCase(), raw };
}

function paying(words: string, raw: string): BeginReport {
  return { outcome: 'paying', message: `USERPAYING, ${words || '需要用户输入支付密码'}`, raw };
}

export const micro: WechatPayType = {
  ...paymentCodePayType('wechat'),
  endpoint: 'codepay',
  requestBody: codeOrder,
  readAnswer,
};
