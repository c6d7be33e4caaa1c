import { parseTime } from './china-time.ts';
import { canonicalJson } from './canonical-json.ts';
import { parameterError } from './field-rules.ts';
import { randomAlphanumeric } from './numbers.ts';
import type { WechatCall, WechatWorld } from './operation.ts';
import { checkAppid, checkCaller, findSubMerchant } from './ownership.ts';
import type { WechatMode } from './ownership.ts';
import type { WechatOrder } from './state.ts';
import { receiver } from './state.ts';
import { WechatError } from './wechat-error.ts';

/** A code_url can be paid for two hours (doc 4012791877). */
const CODE_LIFE_MS = 2 * 60 * 60 * 1000;

/** What the fields of an order request look like once the rules have passed. */
interface OrderBody {
  readonly appid?: string;
  readonly mchid?: string;
  readonly sp_appid?: string;
  readonly sp_mchid?: string;
  readonly sub_appid?: string | null;
  readonly sub_mchid?: string;
  readonly description: string;
  readonly out_trade_no: string;
  readonly time_expire?: string | null;
  readonly attach?: string | null;
  readonly notify_url: string;
  readonly amount: { readonly total: number };
  readonly scene_info?: { readonly device_id?: string | null } | null;
}

/**
 * Places an order, or finds the one that the same request placed before. Checks run in this order: caller, binding of
 * appids and sub-merchant, time_expire; then, when the number is taken, paid, closed, other way of paying, other
 * parameters.
 *
 * @throws WechatError
 */
export function placeOrder(
  world: WechatWorld,
  call: WechatCall,
  way: { mode: WechatMode; trade_type: WechatOrder['trade_type'] },
): WechatOrder {
  const body = call.body as unknown as OrderBody;
  const owner = orderOwner(world, call, way.mode, body);
  const pay_until_ms = payUntil(world, body);
  const request = canonicalJson({ ...call.body, trade_type: way.trade_type });
  const existing = world.state.order(owner.mchid, body.out_trade_no);
  if (existing) return enterAgain(world, existing, way.trade_type, request);
  const order: WechatOrder = {
    ...owner,
    out_trade_no: body.out_trade_no,
    trade_type: way.trade_type,
    request,
    description: body.description,
    ...(body.attach ? { attach: body.attach } : {}),
    ...(body.scene_info?.device_id ? { device_id: body.scene_info.device_id } : {}),
    notify_url: body.notify_url,
    total: body.amount.total,
    state: 'NOTPAY',
    created_at_ms: world.ports.now(),
    ...(pay_until_ms === undefined ? {} : { pay_until_ms }),
    ...newCode(world, pay_until_ms),
  };
  world.journal.atomically(() => {
    world.state.saveOrder(order);
    world.ledger.add({
      at_ms: order.created_at_ms,
      channel: 'wechat',
      kind: 'order',
      out_trade_no: order.out_trade_no,
      amount: order.total,
      merchant: receiver(order),
    });
  });
  return order;
}

function orderOwner(
  world: WechatWorld,
  call: WechatCall,
  mode: WechatMode,
  body: OrderBody,
): Pick<WechatOrder, 'mchid' | 'appid' | 'sub_mchid' | 'sub_appid'> {
  const mchid = (mode === 'direct' ? body.mchid : body.sp_mchid) ?? '';
  const appid = (mode === 'direct' ? body.appid : body.sp_appid) ?? '';
  checkCaller(call.merchant, mode, mchid);
  checkAppid(call.merchant.appids, appid, '商户号与appid不匹配');
  if (mode === 'direct') return { mchid, appid };
  const sub = findSubMerchant(world, call.merchant, body.sub_mchid ?? '', 400);
  if (!body.sub_appid) return { mchid, appid, sub_mchid: sub.mchid };
  checkAppid(sub.appids, body.sub_appid, 'sub_mchid与sub_appid不匹配');
  return { mchid, appid, sub_mchid: sub.mchid, sub_appid: body.sub_appid };
}

function payUntil(world: WechatWorld, body: OrderBody): number | undefined {
  if (!body.time_expire) return undefined;
  const at_ms = parseTime(body.time_expire);
  if (at_ms === undefined) {
    const problem = '输入源“/body/time_expire”映射到值字段“交易结束时间”字符串规则校验失败，不是合法的 rfc3339 时间';
    throw parameterError(problem, 'body', body.time_expire);
  }
  if (at_ms <= world.ports.now()) {
    const problem = '输入源“/body/time_expire”映射到值字段“交易结束时间”校验失败，必须晚于当前时间';
    throw parameterError(problem, 'body', body.time_expire);
  }
  return at_ms;
}

/** The same number again: re-entrant with identical parameters only (doc 4012791877, 错误码). */
function enterAgain(
  world: WechatWorld,
  order: WechatOrder,
  trade_type: WechatOrder['trade_type'],
  request: string,
): WechatOrder {
  if (order.state === 'SUCCESS' || order.state === 'REFUND') throw new WechatError(400, 'ORDERPAID', '该订单已支付');
  if (order.state === 'CLOSED') throw new WechatError(400, 'ORDER_CLOSED', '该订单已关闭');
  if (order.trade_type !== trade_type) throw new WechatError(400, 'INVALID_REQUEST', '201 商户订单号重复');
  if (order.request !== request) {
    throw new WechatError(400, 'INVALID_REQUEST', '请求重入时，参数与首次请求时不一致，请核实后再试');
  }
  if (order.code_expires_at_ms > world.ports.now()) return order;
  const renewed = { ...order, ...newCode(world, order.pay_until_ms) };
  world.state.saveOrder(renewed);
  return renewed;
}

function newCode(
  world: WechatWorld,
  pay_until_ms: number | undefined,
): Pick<WechatOrder, 'code_url' | 'code_expires_at_ms'> {
  const two_hours_ms = world.ports.now() + CODE_LIFE_MS;
  return {
    code_url: `weixin://wxpay/bizpayurl?pr=${randomAlphanumeric(world.ports, 9)}`,
    code_expires_at_ms: Math.min(two_hours_ms, pay_until_ms ?? two_hours_ms),
  };
}
