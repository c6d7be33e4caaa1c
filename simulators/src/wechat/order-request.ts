import { parseTime } from './china-time.ts';
import { canonicalJson } from './canonical-json.ts';
import { parameterError } from './field-rules.ts';
import type { FieldRules } from './field-rules.ts';
import type { WechatCall, WechatOperation, WechatWorld } from './operation.ts';
import { directOwner, partnerOwner } from './order-fields.ts';
import { checkCaller, checkOwner } from './ownership.ts';
import type { WechatMode } from './ownership.ts';
import { placeOrder } from './place-order.ts';
import type { OrderWish } from './place-order.ts';
import type { TradeType, WechatOrder } from './state.ts';

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
  readonly notify_url?: string;
  readonly amount: { readonly total: number };
  readonly scene_info?: { readonly device_id?: string | null } | null;
  readonly payer?: {
    readonly openid?: string | null;
    readonly sp_openid?: string | null;
    readonly sub_openid?: string | null;
  } | null;
}

/**
 * Reads a V3 order request. Checks run in this order: caller, binding of appids and sub-merchant, time_expire, payer.
 * @throws WechatError
 */
export function readOrder(
  world: WechatWorld,
  call: WechatCall,
  way: { mode: WechatMode; trade_type: TradeType },
): OrderWish {
  const body = call.body as unknown as OrderBody;
  checkCaller(call.merchant, way.mode, (way.mode === 'direct' ? body.mchid : body.sp_mchid) ?? '');
  const owner = checkOwner(world, call.merchant, way.mode, {
    appid: (way.mode === 'direct' ? body.appid : body.sp_appid) ?? '',
    sub_mchid: body.sub_mchid,
    sub_appid: body.sub_appid ?? undefined,
  });
  const pay_until_ms = payUntil(world, body);
  return {
    owner,
    trade_type: way.trade_type,
    request: canonicalJson({ ...call.body, trade_type: way.trade_type }),
    out_trade_no: body.out_trade_no,
    description: body.description,
    ...(body.attach ? { attach: body.attach } : {}),
    ...(body.scene_info?.device_id ? { device_id: body.scene_info.device_id } : {}),
    // A payment-code order has none, whatever the request says (doc 4012382150 has no such field).
    ...(way.trade_type === 'MICROPAY' || body.notify_url === undefined ? {} : { notify_url: body.notify_url }),
    total: body.amount.total,
    ...(pay_until_ms === undefined ? {} : { pay_until_ms }),
    ...(way.trade_type === 'JSAPI' ? payerOf(way.mode, body) : {}),
  };
}

/** The operations by which direct merchants and service providers place orders of one kind. */
export function orderOperations(kind: {
  /** The last part of the path. */
  readonly name: string;
  readonly trade_type: TradeType;
  /** The fields after the owner's. */
  readonly fields: Readonly<Record<WechatMode, FieldRules>>;
  readonly answer: (order: WechatOrder) => object;
}): WechatOperation[] {
  const operation = (mode: WechatMode, path: string, owner: FieldRules): WechatOperation => ({
    fault_operation: 'pay',
    method: 'POST',
    path: `${path}/${kind.name}`,
    body_fields: { ...owner, ...kind.fields[mode] },
    run: (world, call) => ({
      body: kind.answer(placeOrder(world, readOrder(world, call, { mode, trade_type: kind.trade_type }))),
    }),
  });
  return [
    operation('direct', '/v3/pay/transactions', directOwner),
    operation('partner', '/v3/pay/partner/transactions', partnerOwner),
  ];
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

/** The payer of a JSAPI order: in partner mode under either appid (doc 4012523579, payer). */
function payerOf(mode: WechatMode, body: OrderBody): Pick<OrderWish, 'openid' | 'sub_openid'> {
  if (mode === 'direct') return { openid: body.payer?.openid ?? '' };
  const sp_openid = body.payer?.sp_openid ?? undefined;
  const sub_openid = body.payer?.sub_openid ?? undefined;
  if (sp_openid === undefined && sub_openid === undefined) {
    throw parameterError('sp_openid和sub_openid不能同时为空', 'body', '');
  }
  if (sub_openid !== undefined && !body.sub_appid) {
    throw parameterError('传入sub_openid时，sub_appid必填', 'body', '');
  }
  return {
    ...(sp_openid === undefined ? {} : { openid: sp_openid }),
    ...(sub_openid === undefined ? {} : { sub_openid }),
  };
}
