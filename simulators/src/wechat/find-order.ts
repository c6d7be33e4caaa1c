import type { WechatCall, WechatWorld } from './operation.ts';
import { checkCaller, findSubMerchant } from './ownership.ts';
import type { WechatMode } from './ownership.ts';
import type { WechatOrder } from './state.ts';
import { WechatError } from './wechat-error.ts';

/** Who asks, from the query (GET) or the body (POST). */
export interface Asker {
  readonly mode: WechatMode;
  readonly mchid: string;
  readonly sub_mchid: string | undefined;
}

export function askerOf(mode: WechatMode, fields: Readonly<Record<string, unknown>>): Asker {
  // The operation's field rules have made sure that both are there and are texts.
  const mchid = (mode === 'direct' ? fields['mchid'] : fields['sp_mchid']) as string;
  return { mode, mchid, sub_mchid: mode === 'direct' ? undefined : (fields['sub_mchid'] as string) };
}

/**
 * The asker's order; another's is not found.
 * @throws WechatError NO_AUTH, MCH_NOT_EXISTS, 404 ORDER_NOT_EXIST
 */
export function findOrder(
  world: WechatWorld,
  call: WechatCall,
  asker: Asker,
  find: (world: WechatWorld) => WechatOrder | undefined,
): WechatOrder {
  checkCaller(call.merchant, asker.mode, asker.mchid);
  if (asker.sub_mchid !== undefined) findSubMerchant(world, call.merchant, asker.sub_mchid, 400);
  const order = find(world);
  if (!order || order.mchid !== asker.mchid || order.sub_mchid !== asker.sub_mchid) {
    throw new WechatError(404, 'ORDER_NOT_EXIST', '订单不存在');
  }
  return order;
}

/**
 * The asker's order of the `out_trade_no` in the path.
 * @throws WechatError as findOrder does
 */
export function findOrderOfPath(world: WechatWorld, call: WechatCall, asker: Asker): WechatOrder {
  const number = call.path['out_trade_no'] ?? '';
  return findOrder(world, call, asker, ({ state }) => state.order(asker.mchid, number));
}
