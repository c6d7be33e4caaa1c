/** Who trades, in the words of APIv2: mch_id and appid, and in partner mode sub_mch_id and sub_appid beside them. */
import { ChannelMisconfigured, type OrderReference } from '../../channel.ts';
import type { WechatV2Account } from './config.ts';
import type { Fields } from './xml.ts';

/** What an order says about who trades: the route's parameters and the pay type's own fields. */
export type Trade = Pick<OrderReference, 'merchant_params' | 'fields'>;

export interface Party {
  readonly appid: string;
  readonly mch_id: string;
  /** Null for a direct account. */
  readonly sub_mch_id: string | null;
  /** The sub-merchant's application, which its payers' openids belong to; null when none is named, and for a direct account. */
  readonly sub_appid: string | null;
}

/**
 * An order's party. The merchant's own `sub_appid` (JSAPI, mini program, app) goes before the route's; at a direct account,
 * which has no sub-merchant, it is the application itself.
 * @throws ChannelMisconfigured when the route does not fit the account's mode
 */
export function partyOf(account: WechatV2Account, trade: Trade): Party {
  const { sub_mchid, sub_appid } = trade.merchant_params;
  const own_appid = trade.fields['sub_appid'];
  const mch_id = account.mchid;
  if (account.mode === 'direct') {
    // Money for a sub-merchant must not end up with the account's owner because the mode was set wrongly.
    if (sub_mchid || sub_appid)
      throw new ChannelMisconfigured('sub_mchid and sub_appid belong to partner accounts; this account is direct');
    return { appid: own_appid ?? account.appid, mch_id, sub_mch_id: null, sub_appid: null };
  }
  if (!sub_mchid) throw new ChannelMisconfigured('sub_mchid is missing: a partner account trades for a sub-merchant');
  return { appid: account.appid, mch_id, sub_mch_id: sub_mchid, sub_appid: subAppid(account, trade) ?? null };
}

/** A payer who is in the service provider's own application is known by it alone: the order then has no sub_appid. */
function subAppid(account: WechatV2Account, { merchant_params, fields }: Trade): string | undefined {
  const named = fields['sub_appid'];
  return named === account.appid ? undefined : (named ?? merchant_params['sub_appid']);
}

/** The members that say so in a request. */
export function partyFields({ appid, mch_id, sub_mch_id, sub_appid }: Party): Record<string, string> {
  return { appid, mch_id, ...(sub_mch_id !== null && { sub_mch_id }), ...(sub_appid !== null && { sub_appid }) };
}

/** Whether an answer is about this party: it must name our merchant number and application, and no other sub-merchant. */
export function isOf(party: Party, answer: Fields): boolean {
  const sub_mch_id = answer.get('sub_mch_id') ?? '';
  return (
    answer.get('mch_id') === party.mch_id &&
    answer.get('appid') === party.appid &&
    (sub_mch_id === '' || sub_mch_id === party.sub_mch_id)
  );
}

/**
 * What a payment must say about who traded, under the names of V3, so that an order's identity does not depend on the protocol.
 * A route that does not fit the mode gives an identity that no answer can have: a payment is then set aside instead of applied.
 */
export function identityOf(account: WechatV2Account, trade: Trade): Readonly<Record<string, string>> {
  const { merchant_params, fields } = trade;
  if (account.mode === 'direct')
    return { appid: fields['sub_appid'] ?? account.appid, mchid: account.mchid, ...merchant_params };
  const { sub_appid: _routed, ...numbers } = merchant_params;
  const sub_appid = subAppid(account, trade);
  return {
    sp_appid: account.appid,
    sp_mchid: account.mchid,
    sub_mchid: '',
    ...numbers,
    ...(sub_appid !== undefined && { sub_appid }),
  };
}

/** What a message says about who traded, under the same names. */
export function identityIn(account: WechatV2Account, message: Fields): Readonly<Record<string, string>> {
  const names =
    account.mode === 'direct'
      ? ([
          ['appid', 'appid'],
          ['mch_id', 'mchid'],
        ] as const)
      : ([
          ['appid', 'sp_appid'],
          ['mch_id', 'sp_mchid'],
        ] as const);
  const identity: Record<string, string> = {};
  for (const [theirs, ours] of [...names, ['sub_appid', 'sub_appid'], ['sub_mch_id', 'sub_mchid']] as const) {
    const value = message.get(theirs);
    if (value) identity[ours] = value;
  }
  return identity;
}
