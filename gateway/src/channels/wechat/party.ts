/** Who trades: the merchant numbers and application ids that go into requests and must come back in answers. */
import { ChannelMisconfigured } from '../channel.ts';
import type { OrderReference } from '../channel.ts';
import type { WechatAccount } from './config.ts';

export type MerchantParams = Readonly<Record<string, string>>;

/** What names the trading parties of an order: its route's parameters, and the merchant's own sub_appid. */
export type Parties = Pick<OrderReference, 'merchant_params' | 'fields'>;

/**
 * The identity of an order, as the order body and every answer about it spell it: appid and mchid in direct mode; sp_appid,
 * sp_mchid, sub_mchid and, where there is one, sub_appid in partner mode. The application that the payer is in may be another
 * than the account's or the route's: where the request names it (`sub_appid`), that one counts. A route that does not fit the
 * mode gives an identity that no answer can have, so that a payment is then set aside instead of applied.
 */
export function identityOf(account: WechatAccount, order: Parties): Readonly<Record<string, string>> {
  const named = order.fields['sub_appid'];
  if (account.mode === 'direct') {
    return { appid: named ?? account.appid, mchid: account.mchid, ...order.merchant_params };
  }
  const { sub_appid: routed, ...numbers } = order.merchant_params;
  // A payer who is in the service provider's own application is known by it alone: the order then has no sub_appid.
  const sub_appid = named === account.appid ? undefined : (named ?? routed);
  return {
    sp_appid: account.appid,
    sp_mchid: account.mchid,
    sub_mchid: '',
    ...numbers,
    ...(sub_appid !== undefined && { sub_appid }),
  };
}

/**
 * `identityOf` for a request.
 * @throws ChannelMisconfigured when the route does not fit the account's mode
 */
export function partyOf(account: WechatAccount, order: Parties): Readonly<Record<string, string>> {
  subMerchantOf(account, order.merchant_params);
  return identityOf(account, order);
}

/** The numbers alone, which is how queries and closes name the merchant. */
export function merchantNumbers(account: WechatAccount, params: MerchantParams): Readonly<Record<string, string>> {
  const sub_mchid = subMerchantOf(account, params);
  return sub_mchid === null ? { mchid: account.mchid } : { sp_mchid: account.mchid, sub_mchid };
}

/**
 * The sub-merchant a partner account trades for; null for a direct account.
 * @throws ChannelMisconfigured when the route does not fit the account's mode
 */
export function subMerchantOf(account: WechatAccount, params: MerchantParams): string | null {
  if (account.mode === 'partner') {
    const sub_mchid = params['sub_mchid'];
    if (!sub_mchid) throw new ChannelMisconfigured('sub_mchid is missing: a partner account trades for a sub-merchant');
    return sub_mchid;
  }
  // Money for a sub-merchant must not end up with the account's owner because the mode was set wrongly.
  if (params['sub_mchid'] || params['sub_appid']) {
    throw new ChannelMisconfigured('sub_mchid and sub_appid belong to partner accounts; this account is direct');
  }
  return null;
}

/** Path of one order, by our number. Direct and partner orders live under different prefixes. */
export function orderPath(account: WechatAccount, out_trade_no: string): string {
  return `${ordersPath(account)}/out-trade-no/${encodeURIComponent(out_trade_no)}`;
}

/** Prefix of the order endpoints. Direct: doc 4012525171; partner: doc 4012523551. */
export function ordersPath(account: WechatAccount): string {
  return account.mode === 'direct' ? '/v3/pay/transactions' : '/v3/pay/partner/transactions';
}
