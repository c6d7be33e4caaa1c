import { isIP } from 'node:net';
import { canonicalJson } from '../canonical-json.ts';
import { parseCompactTime } from '../china-time.ts';
import type { WechatWorld } from '../operation.ts';
import type { OrderWish } from '../place-order.ts';
import type { TradeType } from '../state.ts';
import { WechatError } from '../wechat-error.ts';
import { V2Failure } from './failure.ts';
import type { V2Call, V2Fields } from './operation.ts';

/** "最短失效时间间隔大于1分钟" (wiki api chapter=9_1, time_expire). */
const SHORTEST_LIFE_MS = 60_000;

export const OUT_TRADE_NO = /^[0-9a-zA-Z_\-|*]+$/;
const TIME = /^\d{14}$/;
const FEN = /^[1-9]\d{0,9}$/;

/** Shared by 统一下单 and 付款码支付. */
export const orderRequestFields: V2Fields = {
  device_info: { max: 32 },
  body: { required: true, max: 128 },
  detail: { max: 6000 },
  attach: { max: 127 },
  out_trade_no: { required: true, max: 32, pattern: OUT_TRADE_NO },
  total_fee: { required: true, max: 10, pattern: FEN },
  fee_type: { max: 16, pattern: /^CNY$/ },
  spbill_create_ip: { required: true, max: 64 },
  goods_tag: { max: 32 },
  limit_pay: { max: 32, pattern: /^no_credit$/ },
  time_start: { max: 14, pattern: TIME },
  time_expire: { max: 14, pattern: TIME },
  receipt: { max: 8 },
  scene_info: { max: 256 },
  profit_sharing: { max: 1, pattern: /^[YN]$/ },
};

/**
 * Reads an order that APIv2 places.
 * @throws V2Failure or WechatError
 */
export function readV2Order(world: WechatWorld, call: V2Call, trade_type: TradeType): OrderWish {
  const { fields } = call;
  if (isIP(fields['spbill_create_ip'] ?? '') === 0) throw new V2Failure('invalid spbill_create_ip');
  const pay_until_ms = payUntil(world, fields['time_expire']);
  const { nonce_str: _nonce, sign: _sign, sign_type: _type, ...content } = fields;
  const { attach, device_info, notify_url } = fields;
  return {
    owner: call.owner,
    trade_type,
    api_v2: { sign_type: call.sign_type },
    request: canonicalJson({ ...content, trade_type }),
    out_trade_no: fields['out_trade_no'] ?? '',
    description: fields['body'] ?? '',
    ...(attach === undefined ? {} : { attach }),
    ...(device_info === undefined ? {} : { device_id: device_info }),
    // A payment-code order is never notified, whatever the request says.
    ...(trade_type === 'MICROPAY' || notify_url === undefined ? {} : { notify_url }),
    total: Number(fields['total_fee']),
    ...(pay_until_ms === undefined ? {} : { pay_until_ms }),
  };
}

function payUntil(world: WechatWorld, time_expire: string | undefined): number | undefined {
  if (time_expire === undefined) return undefined;
  const at_ms = parseCompactTime(time_expire);
  if (at_ms === undefined) throw new V2Failure('time_expire参数格式错误');
  if (at_ms - world.ports.now() < SHORTEST_LIFE_MS) {
    throw new WechatError(400, 'INVALID_REQUEST', 'time_expire时间过短，刷卡至少1分钟，其他5分钟');
  }
  return at_ms;
}
