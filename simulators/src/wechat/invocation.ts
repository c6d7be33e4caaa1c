import { verify } from 'node:crypto';
import { ControlError } from '../kernel/control-error.ts';
import type { WechatMerchant } from './config.ts';
import type { WechatWorld } from './operation.ts';
import { checkPayable, orderOfPrepay } from './payer.ts';
import type { SignType, WechatOrder } from './state.ts';
import { sameText, signOf } from './v2/sign.ts';

/** What a page inside WeChat (JSAPI, mini program) hands over, and what an app does. */
const PAGE_NAMES = ['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign'] as const;
const APP_NAMES = ['appid', 'partnerid', 'prepayid', 'package', 'noncestr', 'timestamp', 'sign'] as const;

type Parameters<Name extends string> = Readonly<Record<Name, string>>;

/** Client parameters of WeChat's form: JSON with `appId` and `prepay_id=…`, or with `prepayid`. */
export function ownsWechatInvocation(pay_info: string): boolean {
  const given = parse(pay_info);
  if (!given) return false;
  const prepay = given['package'];
  return 'prepayid' in given || ('appId' in given && typeof prepay === 'string' && prepay.startsWith('prepay_id='));
}

/**
 * Checks client parameters as the wallet does before it shows the order: names and texts, the order, the appid it is bound
 * to, the signature (docs 4012365341 JSAPI and mini programs, 4012365340 apps; wiki api chapter=7_7, 8_5).
 *
 * @throws ControlError 400 with what the wallet would refuse, 404, 409 or 410 about the order
 */
export function invoke(world: WechatWorld, pay_info: string): { out_trade_no: string; prepay_id: string } {
  const given = parse(pay_info);
  if (!given) throw new ControlError(400, 'pay_info is not a JSON object');
  return 'prepayid' in given ? invokeByApp(world, given) : invokeByPage(world, given);
}

function invokeByPage(world: WechatWorld, given: Record<string, unknown>): { out_trade_no: string; prepay_id: string } {
  const parameters = texts(given, PAGE_NAMES);
  checkSeconds('timeStamp', parameters.timeStamp);
  if (!parameters.package.startsWith('prepay_id=')) throw new ControlError(400, 'package must be prepay_id=…');
  const prepay_id = parameters.package.slice('prepay_id='.length);
  const order = orderOfPrepay(world, prepay_id);
  if (order.trade_type !== 'JSAPI') throw new ControlError(400, `prepay_id is of a ${order.trade_type} order`);
  checkAppid('appId', parameters.appId, pageAppids(order));
  const { appId, timeStamp, nonceStr, signType, paySign } = parameters;
  if (order.api_v2) {
    if (!isSignType(signType)) throw new ControlError(400, 'signType must be MD5 or HMAC-SHA256 for an APIv2 order');
    const signed = { appId, timeStamp, nonceStr, package: parameters.package, signType };
    checkV2Sign('paySign', paySign, signOf(signed, merchantOf(world, order).api_v2_key, signType));
  } else {
    if (signType !== 'RSA') throw new ControlError(400, 'signType must be RSA for an APIv3 order');
    checkRsa(world, order, 'paySign', `${appId}\n${timeStamp}\n${nonceStr}\n${parameters.package}\n`, paySign);
  }
  checkPayable(world, order, prepay_id);
  return { out_trade_no: order.out_trade_no, prepay_id };
}

function invokeByApp(world: WechatWorld, given: Record<string, unknown>): { out_trade_no: string; prepay_id: string } {
  const parameters = texts(given, APP_NAMES);
  checkSeconds('timestamp', parameters.timestamp);
  if (parameters.package !== 'Sign=WXPay') throw new ControlError(400, 'package must be Sign=WXPay');
  const order = orderOfPrepay(world, parameters.prepayid);
  if (order.trade_type !== 'APP') throw new ControlError(400, `prepayid is of a ${order.trade_type} order`);
  const { appid, partnerid, prepayid, noncestr, timestamp, sign } = parameters;
  checkAppid('appid', appid, [order.appid, order.sub_appid]);
  if (!partnersOf(order).includes(partnerid))
    throw new ControlError(400, 'partnerid is not the merchant of this order');
  if (order.api_v2) {
    const signed = { appid, partnerid, prepayid, package: parameters.package, noncestr, timestamp };
    // "签名方式一定要与统一下单接口使用的一致" (doc v2 partner 4011986561).
    checkV2Sign('sign', sign, signOf(signed, merchantOf(world, order).api_v2_key, order.api_v2.sign_type));
  } else {
    checkRsa(world, order, 'sign', `${appid}\n${timestamp}\n${noncestr}\n${prepayid}\n`, sign);
  }
  checkPayable(world, order, prepayid);
  return { out_trade_no: order.out_trade_no, prepay_id: prepayid };
}

function parse(pay_info: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(pay_info);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function texts<Name extends string>(given: Record<string, unknown>, names: readonly Name[]): Parameters<Name> {
  for (const name of names) {
    const value = given[name];
    if (value === undefined || value === '') throw new ControlError(400, `${name} is missing`);
    if (typeof value !== 'string') throw new ControlError(400, `${name} is a ${typeof value}: it must be a string`);
  }
  return given as Parameters<Name>;
}

/** Ten digits: seconds, as a string (wiki api chapter=4_2, 时间戳). */
function checkSeconds(name: string, value: string): void {
  if (!/^\d{10}$/.test(value)) throw new ControlError(400, `${name} must be ten digits: seconds since 1970`);
}

/** The page's own appid: the one under which the payer was named (doc 4012523579, payer). */
function pageAppids(order: WechatOrder): (string | undefined)[] {
  return [
    ...(order.openid === undefined ? [] : [order.appid]),
    ...(order.sub_openid === undefined ? [] : [order.sub_appid]),
  ];
}

/** The sub-merchant of a service provider (doc v2 partner 4011986561); APIv3's page also lets the provider stand there. */
function partnersOf(order: WechatOrder): (string | undefined)[] {
  if (order.sub_mchid === undefined) return [order.mchid];
  return order.api_v2 ? [order.sub_mchid] : [order.sub_mchid, order.mchid];
}

function checkAppid(name: string, given: string, bound: readonly (string | undefined)[]): void {
  if (bound.includes(given)) return;
  throw new ControlError(400, `${name} ${given.slice(0, 40)} is not the one that the order is bound to`);
}

function checkRsa(world: WechatWorld, order: WechatOrder, name: string, message: string, signature: string): void {
  const { public_key } = merchantOf(world, order);
  if (verify('sha256', Buffer.from(message), public_key, Buffer.from(signature, 'base64'))) return;
  throw new ControlError(400, `${name} does not verify: 支付验证签名失败`);
}

/** Upper case is documented; lower case is in use and taken as well. */
function checkV2Sign(name: string, given: string, right: string): void {
  if (sameText(given.toUpperCase(), right)) return;
  throw new ControlError(400, `${name} does not verify: 支付验证签名失败`);
}

function merchantOf(world: WechatWorld, order: WechatOrder): WechatMerchant {
  const merchant = world.config.merchants.find((candidate) => candidate.mchid === order.mchid);
  if (!merchant) throw new Error(`no merchant ${order.mchid}`);
  return merchant;
}

function isSignType(text: string): text is SignType {
  return text === 'MD5' || text === 'HMAC-SHA256';
}
