import type { PayType } from '../channels/channel.ts';
import { ChannelMisconfigured } from '../channels/channel.ts';
import { ApiError } from '../domain/codes.ts';
import type { Order } from '../domain/order.ts';
import type { Random } from '../ports.ts';
import type { Route } from '../storage/configuration.ts';
import type { MerchantEntry } from './directory.ts';
import type { Gateway } from './gateway.ts';

type Routing = Pick<Gateway, 'directory' | 'store' | 'breakers' | 'ports'>;

/**
 * The routes of a new order, in the order in which they are to be tried: best priority first, within a priority shared out by
 * weight; accounts that do not answer (open circuit) last. Suspended accounts and those of another channel are left out. A
 * number that is known already keeps its route whatever has happened to it since, because a retry after a lost answer must not
 * be told that nothing was placed. Throws 202.
 */
export async function candidateRoutes(
  gateway: Routing,
  merchant: MerchantEntry,
  pay_type: PayType,
  mch_trade_id: string,
): Promise<readonly [Route, ...Route[]]> {
  const routes = merchant.routes.get(pay_type.code) ?? [];
  const usable = await usableRoutes(gateway, routes, pay_type.channel);
  const [first, ...others] = inTurn(gateway, usable);
  if (first) return [first, ...others];
  const known = await gateway.store.orders.byNumber(merchant.merchant.merchant_id, mch_trade_id);
  if (known) return [routeOf(known)];
  throw new ApiError('no_route', `pay_type ${pay_type.code} ${why(routes.length, pay_type)}: ask the operator`);
}

function why(routes: number, pay_type: PayType): string {
  if (routes === 0) return 'has no route for this merchant';
  return pay_type.takes ? `has no usable route to ${pay_type.channel} for this merchant` : 'is suspended';
}

/** The route that an order took, whatever has become of it. */
export function routeOf(order: Order): Route {
  const { merchant_id, pay_type, account_id, merchant_params } = order;
  return {
    merchant_id,
    pay_type,
    account_id,
    merchant_params,
    priority: 1,
    weight: 1,
    enabled: true,
    config_version: 0,
  };
}

async function usableRoutes(gateway: Routing, routes: readonly Route[], channel: string): Promise<readonly Route[]> {
  const [only] = routes;
  // The usual merchant has one account for a pay type: nothing to sort, nothing to allocate.
  if (only && routes.length === 1) return (await isUsable(gateway, only.account_id, channel)) ? routes : [];
  const usable = await Promise.all(routes.map((route) => isUsable(gateway, route.account_id, channel)));
  return routes.filter((_route, at) => usable[at]);
}

/** An account that cannot be opened is usable here: opening it for the order says what is wrong (1500). */
async function isUsable({ directory }: Routing, account_id: string, channel: string): Promise<boolean> {
  try {
    const account = await directory.account(account_id);
    return account === null || (account.active && account.channel === channel);
  } catch (error) {
    if (error instanceof ChannelMisconfigured) return true;
    throw error;
  }
}

/** The order in which routes are tried. */
function inTurn(gateway: Routing, routes: readonly Route[]): readonly Route[] {
  if (routes.length < 2) return routes;
  const { random } = gateway.ports;
  const by_priority = Map.groupBy(routes, (route) => route.priority);
  const shared = [...by_priority.keys()]
    .toSorted((a, b) => a - b)
    .flatMap((priority) => byWeight(by_priority.get(priority) ?? [], random));
  // One whose pause is over keeps its place: the order that tries it goes on to the next one if it fails for certain.
  const answering = shared.filter((route) => gateway.breakers.state(route.account_id) !== 'open');
  return [...answering, ...shared.filter((route) => !answering.includes(route))];
}

/** Drawn one after the other, each with the chance of its weight among those that are left. */
function byWeight(routes: readonly Route[], random: Random): Route[] {
  const left = [...routes];
  const drawn: Route[] = [];
  while (left.length > 1) {
    const total = left.reduce((sum, route) => sum + route.weight, 0);
    let ticket = (random.bytes(4).readUInt32BE() / 0x1_0000_0000) * total;
    const at = left.findIndex((route) => (ticket -= route.weight) < 0);
    drawn.push(...left.splice(Math.max(0, at), 1));
  }
  return [...drawn, ...left];
}
