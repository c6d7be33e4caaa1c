/**
 * POST /v2/pay of a pay type whose payer confirms on the payment page (wechat.jsurl; pay-api, 微信公众号支付（跳转）). The order is
 * stored undecided and placed nowhere: that is done by pay-link-order.ts, when somebody has opened pay_url and confirmed.
 */
import type { Order } from '../domain/order.ts';
import { tradeState } from '../domain/trade-state.ts';
import type { NewOrder } from '../storage/orders.ts';
import { candidateRoutes } from './choose-route.ts';
import type { MerchantEntry } from './directory.ts';
import type { Gateway } from './gateway.ts';
import { nonceRepeated } from './nonce.ts';
import { assertLifetime, asOrder, newOrder, type PayRequest } from './pay.ts';
import type { Answer } from './pay-answer.ts';
import { linkTo, payUrl } from './payment-links.ts';
import { assertSameAndOpen } from './repeat-pay.ts';

/** Stores the order and answers its link, the same one for the same request again. Throws 102, 104, 107, 202. */
export async function payByLink(gateway: Gateway, merchant: MerchantEntry, request: PayRequest): Promise<Answer> {
  const [route] = await candidateRoutes(gateway, merchant, request.pay_type, request.mch_trade_id);
  const made = newOrder(gateway, request, route);
  // Nobody has to be asked about it before its time is up: no channel has heard of it.
  const order: NewOrder = {
    ...made,
    placement: 'never',
    placing_until_ms: 0,
    first_check_at_ms: made.expires_at_ms,
  };
  await assertLifetime(gateway, order);
  switch (await gateway.store.orders.insert(order)) {
    case 'inserted':
      return linkAnswer(gateway, asOrder(order));
    case 'nonce_repeated':
      throw nonceRepeated();
    case 'number_repeated':
      return linkAnswer(gateway, await repeated(gateway, order));
  }
}

async function repeated(gateway: Gateway, request: NewOrder): Promise<Order> {
  const order = await gateway.store.orders.byNumber(request.merchant_id, request.mch_trade_id);
  if (!order) throw new Error('an order disappeared');
  assertSameAndOpen(order, request);
  return order;
}

/** The document's example: what was sent comes back, and the state is 6. */
function linkAnswer(gateway: Gateway, order: Order): Answer {
  const echo = (name: string): Record<string, unknown> =>
    name in order.request ? { [name]: order.request[name] } : {};
  return {
    msg: 'success',
    data: {
      pay_url: payUrl(gateway, linkTo(gateway, 'order', order.merchant_id, order.trade_id)),
      trade_id: order.trade_id,
      ...echo('device_info'),
      mch_trade_id: order.mch_trade_id,
      merchant_id: order.merchant_id,
      ...echo('op_user_id'),
      pay_type: order.pay_type,
      trade_state: tradeState(order, gateway.ports.clock.now_ms()),
    },
  };
}
