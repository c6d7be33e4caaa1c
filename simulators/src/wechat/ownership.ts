import type { SubMerchant, WechatMerchant } from './config.ts';
import type { WechatWorld } from './operation.ts';
import { WechatError } from './wechat-error.ts';

/** Direct calls come from the merchant itself, partner calls from a service provider for a sub-merchant. */
export type WechatMode = 'direct' | 'partner';

/** Whose an order is. */
export interface OrderOwner {
  readonly mchid: string;
  readonly appid: string;
  readonly sub_mchid?: string;
  readonly sub_appid?: string;
}

/**
 * The caller must be who the request speaks of, and allowed to use this mode.
 * @param mchid `mchid` or `sp_mchid` of the request
 * @throws WechatError 400 INVALID_REQUEST or 403 NO_AUTH
 */
export function checkCaller(merchant: WechatMerchant, mode: WechatMode, mchid: string): void {
  if (mchid !== merchant.mchid) {
    throw new WechatError(400, 'INVALID_REQUEST', '请求中的商户号与Http头Authorization中的mchid不一致');
  }
  if ((mode === 'partner') !== merchant.sub_merchants.length > 0) {
    throw new WechatError(403, 'NO_AUTH', '商户号该产品权限未开通，请前往商户平台>产品中心检查后重试');
  }
}

/**
 * The sub-merchant of a partner call.
 * @param missingStatus HTTP status of MCH_NOT_EXISTS: 400 on orders, 404 on refunds (docs 4012738519, 4012738538)
 * @throws WechatError MCH_NOT_EXISTS, or 403 NO_AUTH when it is another provider's
 */
export function findSubMerchant(
  world: WechatWorld,
  provider: WechatMerchant,
  sub_mchid: string,
  missingStatus: 400 | 404,
): SubMerchant {
  const own = provider.sub_merchants.find((candidate) => candidate.mchid === sub_mchid);
  if (own) return own;
  const known = world.config.merchants.some(
    (merchant) => merchant.mchid === sub_mchid || merchant.sub_merchants.some((sub) => sub.mchid === sub_mchid),
  );
  if (known) throw new WechatError(403, 'NO_AUTH', '特约子商户商户号未授权服务商的产品权限');
  throw new WechatError(missingStatus, 'MCH_NOT_EXISTS', '商户号不存在', { v2_code: 'MCHID_NOT_EXIST' });
}

/** @throws WechatError 400 APPID_MCHID_NOT_MATCH */
export function checkAppid(appids: readonly string[], appid: string, message: string): void {
  if (!appids.includes(appid)) throw new WechatError(400, 'APPID_MCHID_NOT_MATCH', message);
}

/**
 * Whose an order is to be, once the caller has been checked: appids must be bound, the sub-merchant must be the caller's.
 * @param ids the identifiers of the request
 * @throws WechatError APPID_MCHID_NOT_MATCH, MCH_NOT_EXISTS, NO_AUTH
 */
export function checkOwner(
  world: WechatWorld,
  merchant: WechatMerchant,
  mode: WechatMode,
  ids: { readonly appid: string; readonly sub_mchid?: string | undefined; readonly sub_appid?: string | undefined },
): OrderOwner {
  const { mchid } = merchant;
  const { appid } = ids;
  checkAppid(merchant.appids, appid, '商户号与appid不匹配');
  if (mode === 'direct') return { mchid, appid };
  const sub = findSubMerchant(world, merchant, ids.sub_mchid ?? '', 400);
  if (!ids.sub_appid) return { mchid, appid, sub_mchid: sub.mchid };
  checkAppid(sub.appids, ids.sub_appid, 'sub_mchid与sub_appid不匹配');
  return { mchid, appid, sub_mchid: sub.mchid, sub_appid: ids.sub_appid };
}
