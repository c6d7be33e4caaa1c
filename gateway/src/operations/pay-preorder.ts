/**
 * A payer has confirmed on the payment page: the next try of the preorder is placed, after the one before has been ended at its
 * channel. Where that is not certain nothing is placed. What came of it is read from the order afterwards (payment-page.ts):
 * nothing is answered here that a refreshed page would not show as well.
 */
import type { PayType } from '../channels/channel.ts';
import { ApiError, type CodeName } from '../domain/codes.ts';
import type { Order } from '../domain/order.ts';
import { MIN_TRY_LIFETIME_MS, nextStep, type Preorder } from '../domain/preorder.ts';
import type { Route } from '../storage/configuration.ts';
import { applyToOrder } from './apply-channel-result.ts';
import { closeAtChannel } from './end-order.ts';
import type { Gateway } from './gateway.ts';
import { asOrder, newOrder } from './pay.ts';
import { place, prepare, type PendingAnswer } from './place-order.ts';
import { repeatPay } from './repeat-pay.ts';

/** Somebody who pays on a payment page. */
export interface Payer {
  readonly pay_type: PayType;
  /** Tells payers apart: the same key is the same person in the same wallet, or the same browser. */
  readonly payer_key: string;
  /** The pay type's own fields. */
  readonly fields: Readonly<Record<string, string>>;
  readonly address: string;
  /** Through which account, and which others if that one turns nothing away. */
  readonly routes: readonly [Route, ...Route[]];
}

/** Others who press the same button at the same time move the preorder on under us; more often than this is an attack. */
const MAX_ROUNDS = 10;

/** Goes as far as it can be gone now. Throws only what nobody expects. */
export async function payPreorder(
  gateway: Gateway,
  preorder_id: string,
  merchant_id: string,
  payer: Payer,
): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const preorder = await gateway.store.preorders.byId(merchant_id, preorder_id);
    if (!preorder) return;
    const current =
      preorder.current_trade_id === null
        ? null
        : await gateway.store.orders.byTradeId(merchant_id, preorder.current_trade_id);
    const wish = { pay_type: payer.pay_type.code, payer_key: payer.payer_key };
    const step = nextStep(preorder, current, wish, gateway.ports.clock.now_ms());
    switch (step.kind) {
      case 'over':
        return;
      case 'resume':
        return resume(gateway, step.order, payer.routes);
      case 'end_first':
        if (!(await endTry(gateway, step.order))) return;
        break;
      case 'place':
        if (await placeTry(gateway, preorder, step.mch_trade_id, payer)) return;
        break;
    }
  }
}

/** Refusals that the order itself records, so that the page shows them. */
const RECORDED: ReadonlySet<CodeName> = new Set<CodeName>([
  'channel_refused',
  'channel_timeout',
  'channel_misconfigured',
  'wrong_state',
  'number_repeated',
]);

/** Waits until an order's outcome is stored. */
export async function recorded(placing: Promise<PendingAnswer>): Promise<void> {
  try {
    await (
      await placing
    ).committed;
  } catch (error) {
    if (error instanceof ApiError && RECORDED.has(error.code_name)) return;
    throw error;
  }
}

/** The payer's own try again: what it was answered is good still, or it is sent again under its number. */
export async function resume(gateway: Gateway, order: Order, routes: readonly Route[]): Promise<void> {
  if (order.reply) return;
  await recorded(repeatPay(gateway, order, routes));
}

/** Ends a try at its channel. True when it is certain that nothing more comes of it. */
export async function endTry(gateway: Gateway, order: Order): Promise<boolean> {
  const wanted = await applyToOrder(gateway, order, { kind: 'ending_wanted', ending: 'close' }, { source: 'close' });
  if (wanted.state !== 'undecided') return true;
  try {
    return (await closeAtChannel(gateway, wanted, 'close')).order.state !== 'undecided';
  } catch (error) {
    if (error instanceof ApiError && error.code_name === 'channel_misconfigured') return false;
    throw error;
  }
}

/** False when somebody was faster or the number is taken: look again. */
async function placeTry(gateway: Gateway, preorder: Preorder, mch_trade_id: string, payer: Payer): Promise<boolean> {
  const [route, ...others] = payer.routes;
  const order = newOrder(gateway, tryRequest(gateway, preorder, mch_trade_id, payer), route);
  const begun = await gateway.store.preorders.beginTry(preorder, order, payer.payer_key);
  if (begun !== 'begun') return false;
  const { preorder_id } = preorder;
  const stored = { ...asOrder(order), preorder_id, payer_key: payer.payer_key };
  await recorded(prepare(gateway, stored).then((prepared) => place(gateway, stored, prepared, others)));
  return true;
}

const INHERITED = ['body', 'store_id', 'attach', 'device_info', 'op_user_id'] as const;

function tryRequest(gateway: Gateway, preorder: Preorder, mch_trade_id: string, { pay_type, fields, address }: Payer) {
  const { notify_url, total_fen, mch_pre_id } = preorder;
  const inherited = Object.fromEntries(
    INHERITED.filter((name) => name in preorder.request).map((name) => [name, preorder.request[name] ?? '']),
  );
  const end_ms = Math.max(preorder.expires_at_ms, gateway.ports.clock.now_ms() + MIN_TRY_LIFETIME_MS);
  return {
    pay_type,
    mch_trade_id,
    total_fee: total_fen,
    nonce: null,
    notify_url,
    time_expire: Math.ceil(end_ms / 1000),
    fields: {
      pay_type: pay_type.code,
      mch_trade_id,
      mch_pre_id,
      total_fee: total_fen,
      spbill_create_ip: address,
      ...inherited,
      ...fields,
    },
  };
}
