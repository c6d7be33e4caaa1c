/**
 * A payer has confirmed on the page of a payment link's order (wechat.jsurl). The order is theirs from then on: the channel ties
 * its number to one payer, so that anybody else is told to ask for a link of their own.
 */
import { delayAfter } from '../domain/retry-schedule.ts';
import type { Gateway } from './gateway.ts';
import { confirmableUntil } from './payment-page.ts';
import { recorded, resume, type Payer } from './pay-preorder.ts';
import { place, PLACING_LEASE_MS, prepare } from './place-order.ts';

/** Goes as far as it can be gone now. Throws only what nobody expects. */
export async function payLinkOrder(
  gateway: Gateway,
  trade_id: string,
  merchant_id: string,
  payer: Payer,
): Promise<void> {
  const order = await gateway.store.orders.byTradeId(merchant_id, trade_id);
  const now_ms = gateway.ports.clock.now_ms();
  if (!order || order.state !== 'undecided' || order.ending !== null || now_ms >= confirmableUntil(order)) return;
  if (order.payer_key === payer.payer_key) return resume(gateway, order, payer.routes);
  if (order.placement !== 'never') return;
  const [{ account_id, merchant_params }] = payer.routes;
  const { payer_key, fields } = payer;
  const placing_until_ms = now_ms + PLACING_LEASE_MS;
  const given = { order, payer_fields: fields, payer_key, account_id, merchant_params, placing_until_ms };
  const check_at_ms = now_ms + delayAfter('waiting_for_payer', 0);
  // Who is slower finds the other's order on the page.
  if (!(await gateway.store.preorders.giveToPayer({ ...given, at_ms: now_ms, check_at_ms }))) return;
  const placed = await gateway.store.orders.byTradeId(merchant_id, trade_id);
  if (placed) await recorded(prepare(gateway, placed).then((prepared) => place(gateway, placed, prepared, [])));
}
