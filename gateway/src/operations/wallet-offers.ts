/** What a merchant's routes let a payment page offer in each wallet, and how the payer inside it is found out. */
import { ChannelMisconfigured, type PayerAuthorization, type PayType } from '../channels/channel.ts';
import { PAY_TYPES } from '../channels/registry.ts';
import type { Route } from '../storage/configuration.ts';
import type { Wallet } from '../domain/wallet.ts';
import type { MerchantEntry } from './directory.ts';
import type { Gateway } from './gateway.ts';

/** A page inside the wallet, and a phone's browser outside of it, pay by different pay types. */
export const PAGE_PAY_TYPES: Readonly<Record<Wallet, string>> = { wechat: 'wechat.jsapi', alipay: 'alipay.jsapi' };
export const BROWSER_PAY_TYPES: Readonly<Record<Wallet, string>> = { wechat: 'wechat.wap', alipay: 'alipay.wap' };

export const WALLETS: readonly Wallet[] = ['wechat', 'alipay'];

export interface ReadyWallet {
  readonly kind: 'ready';
  readonly route: Route;
  readonly authorization: PayerAuthorization;
}

export type WalletOffer =
  | ReadyWallet
  /** The merchant takes no payments in this wallet. */
  | { readonly kind: 'no_route' }
  /** The operator has not set the wallet's authorization up; the log says what is missing. */
  | { readonly kind: 'not_set_up' };

/** The implementation of a pay type by the wallet's own channel; undefined in a version that lacks it. */
export function payTypeOf(code: string): PayType | undefined {
  return PAY_TYPES.get(code)?.[0];
}

/** Every way to pay inside a wallet that is set up, in a fixed order: a payer is known to one application, whose account must place the order. */
export async function readyWallets(
  gateway: Gateway,
  merchant: MerchantEntry,
  pay_type: string,
): Promise<ReadyWallet[]> {
  const offers = await Promise.all(enabledRoutes(merchant, pay_type).map((route) => offerOf(gateway, route)));
  return offers.filter((offer) => offer.kind === 'ready');
}

/** What the page inside a wallet can offer. @param pay_type wechat.jsapi, alipay.jsapi or wechat.jsurl */
export async function walletOffer(gateway: Gateway, merchant: MerchantEntry, pay_type: string): Promise<WalletOffer> {
  const routes = enabledRoutes(merchant, pay_type);
  const offers = await Promise.all(routes.map((route) => offerOf(gateway, route)));
  return (
    offers.find((offer) => offer.kind === 'ready') ??
    offers.find((offer) => offer.kind === 'not_set_up') ?? { kind: 'no_route' }
  );
}

/** Whether a phone's browser can open the wallet. */
export async function browserCanOpen(gateway: Gateway, merchant: MerchantEntry, wallet: Wallet): Promise<boolean> {
  const routes = enabledRoutes(merchant, BROWSER_PAY_TYPES[wallet]);
  const usable = await Promise.all(routes.map((route) => openedAccount(gateway, route)));
  return usable.some((account) => account !== null);
}

/** Best priority first, as the directory has them. */
function enabledRoutes(merchant: MerchantEntry, pay_type: string): readonly Route[] {
  if (!payTypeOf(pay_type)) return [];
  return merchant.routes.get(pay_type) ?? [];
}

async function offerOf(gateway: Gateway, route: Route): Promise<WalletOffer> {
  const account = await openedAccount(gateway, route);
  if (!account) return { kind: 'no_route' };
  const authorization = account.client.payerAuthorization?.() ?? { missing: 'payer authorization' };
  if (!('missing' in authorization)) return { kind: 'ready', route, authorization };
  gateway.log.warn(
    { account_id: route.account_id, merchant_id: route.merchant_id, missing: authorization.missing },
    'the payment page cannot be used inside this wallet: set what is missing by "heliu channel add --replace"',
  );
  return { kind: 'not_set_up' };
}

/** Null for an account that is gone, suspended or cannot be opened: the operator finds why in the log and by `heliu channel test`. */
async function openedAccount(gateway: Gateway, route: Route) {
  try {
    const account = await gateway.directory.account(route.account_id);
    return account?.active ? account : null;
  } catch (error) {
    if (!(error instanceof ChannelMisconfigured)) throw error;
    gateway.log.error({ account_id: route.account_id, reason: error.message }, 'channel account cannot be opened');
    return null;
  }
}
