import { ChannelMisconfigured } from '../channels/channel.ts';
import { ApiError } from '../domain/codes.ts';
import type { Order } from '../domain/order.ts';
import type { Route } from '../storage/configuration.ts';
import type { MerchantEntry } from './directory.ts';
import type { Gateway } from './gateway.ts';

/**
 * The route of a new order: the best one whose account is not suspended. A number that is known already keeps its route
 * whatever has happened to it since, because a retry after a lost answer must not be told that nothing was placed. Throws 202.
 */
export async function chooseRoute(
  gateway: Pick<Gateway, 'directory' | 'store'>,
  merchant: MerchantEntry,
  pay_type: string,
  mch_trade_id: string,
): Promise<Route> {
  const routes = merchant.routes.get(pay_type) ?? [];
  for (const route of routes) {
    if (await isOpen(gateway, route.account_id)) return route;
  }
  const known = await gateway.store.orders.byNumber(merchant.merchant.merchant_id, mch_trade_id);
  if (known) return routeOf(known);
  const why = routes.length === 0 ? 'has no route for this merchant' : 'is suspended';
  throw new ApiError('no_route', `pay_type ${pay_type} ${why}: ask the operator`);
}

/** The route that an order took, whatever has become of it. */
function routeOf(order: Order): Route {
  const { merchant_id, pay_type, account_id, merchant_params } = order;
  return { merchant_id, pay_type, account_id, merchant_params, priority: 1, enabled: true, config_version: 0 };
}

/** An account that cannot be opened is open here: opening it for the order says what is wrong (1500). */
async function isOpen({ directory }: Pick<Gateway, 'directory'>, account_id: string): Promise<boolean> {
  try {
    return (await directory.account(account_id))?.active ?? true;
  } catch (error) {
    if (error instanceof ChannelMisconfigured) return true;
    throw error;
  }
}
