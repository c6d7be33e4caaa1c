/** POST /v2/pay/pre_order_detail (pay-api, 预下单订单查询): a preorder as it stands, and the numbers of its pay orders. */
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import type { Order } from '../domain/order.ts';
import { preState, type Preorder } from '../domain/preorder.ts';
import type { MerchantEntry } from './directory.ts';
import type { Gateway } from './gateway.ts';
import { spendNonce } from './nonce.ts';
import type { Answer } from './pay-answer.ts';
import { freshOrder } from './query.ts';

/** A preorder with the two of its tries that say how it stands. */
export interface Standing {
  readonly preorder: Preorder;
  readonly current: Order | null;
  readonly paid: Order | null;
}

/** Reads a preorder and its tries, without asking a channel. */
export async function standingOf(gateway: Gateway, preorder: Preorder): Promise<Standing> {
  const read = async (trade_id: string | null): Promise<Order | null> =>
    trade_id === null ? null : gateway.store.orders.byTradeId(preorder.merchant_id, trade_id);
  const current = await read(preorder.current_trade_id);
  const same = preorder.paid_trade_id === preorder.current_trade_id;
  return { preorder, current, paid: same && preorder.state === 'paid' ? current : await read(preorder.paid_trade_id) };
}

/** The same after asking the channel about an undecided try, at most once in two seconds. */
export async function freshStanding(gateway: Gateway, preorder: Preorder): Promise<Standing> {
  const standing = await standingOf(gateway, preorder);
  if (standing.current?.state !== 'undecided') return standing;
  const asked = await freshOrder(gateway, standing.current);
  if (asked.state === 'undecided') return { ...standing, current: asked };
  const again = await gateway.store.preorders.byId(preorder.merchant_id, preorder.preorder_id);
  if (!again) throw new Error('a preorder disappeared');
  return standingOf(gateway, again);
}

/** Answers a merchant's query. Throws 104, 301. */
export async function queryPreorder(
  gateway: Gateway,
  merchant: MerchantEntry,
  mch_pre_id: string,
  nonce: Nonce | null,
): Promise<Answer> {
  const { merchant_id } = merchant.merchant;
  await spendNonce(gateway, nonce);
  const found = await gateway.store.preorders.byNumber(merchant_id, mch_pre_id);
  if (!found) throw new ApiError('no_order', 'mch_pre_id does not exist at this merchant');
  const [standing, tries] = await Promise.all([
    freshStanding(gateway, found),
    gateway.store.preorders.tries(merchant_id, found.preorder_id),
  ]);
  return { msg: 'success', data: detail(merchant, standing, tries, gateway.ports.clock.now_ms()) };
}

/** The fields of the document's example, in its order. */
function detail(
  { merchant: { level_code, platform_merchant_id } }: MerchantEntry,
  { preorder, current, paid }: Standing,
  tries: readonly string[],
  at_ms: number,
): Record<string, unknown> {
  const echo = (name: string): Record<string, unknown> =>
    name in preorder.request ? { [name]: preorder.request[name] } : {};
  const last_change_ms = Math.max(preorder.updated_at_ms, current?.updated_at_ms ?? 0, paid?.updated_at_ms ?? 0);
  return {
    _id: preorder.preorder_id,
    ...echo('attach'),
    ...echo('body'),
    created_at: Math.floor(preorder.created_at_ms / 1000),
    ...echo('device_info'),
    level_code,
    mch_pre_id: preorder.mch_pre_id,
    merchant_id: preorder.merchant_id,
    ...(preorder.notify_url !== null && { notify_url: preorder.notify_url }),
    ...echo('op_user_id'),
    platform_merchant_id,
    pre_state: preState(preorder, current, paid, at_ms),
    ...echo('spbill_create_ip'),
    ...echo('store_id'),
    time_expire: Math.floor(preorder.expires_at_ms / 1000),
    total_fee: preorder.total_fen,
    updated_at: Math.floor(last_change_ms / 1000),
    pay_orders: tries.map((mch_trade_id) => ({ mch_trade_id })),
  };
}
