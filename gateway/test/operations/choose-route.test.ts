import { describe, expect, test } from 'vitest';
import { ChannelMisconfigured, type ChannelClient } from '../../src/channels/channel.ts';
import { chooseRoute } from '../../src/operations/choose-route.ts';
import type { AccountEntry, MerchantEntry } from '../../src/operations/directory.ts';
import type { Merchant, Route } from '../../src/storage/configuration.ts';

type Places = Parameters<typeof chooseRoute>[0];

const MERCHANT = '5399355381712172';

function route(account_id: string, priority: number): Route {
  return {
    merchant_id: MERCHANT,
    pay_type: 'wechat.scan',
    account_id,
    priority,
    merchant_params: {},
    enabled: true,
    config_version: 1,
  };
}

const merchant: MerchantEntry = {
  merchant: { merchant_id: MERCHANT } as Merchant,
  public_key: null,
  routes: new Map([['wechat.scan', [route('first', 1), route('second', 2)]]]),
};

/** A gateway whose accounts stand as said; `known` is the account of an order that exists already. */
function places(
  accounts: Readonly<Record<string, 'active' | 'suspended' | 'broken'>>,
  known: string | null = null,
): Places {
  return {
    directory: {
      async account(account_id: string): Promise<AccountEntry | null> {
        const state = accounts[account_id];
        if (state === undefined) return null;
        if (state === 'broken') throw new ChannelMisconfigured('merchant_private_key cannot be read');
        return { account_id, channel: 'wechat', active: state === 'active', client: {} as ChannelClient };
      },
    },
    store: { orders: { byNumber: () => Promise.resolve(known === null ? null : { account_id: known }) } },
  } as unknown as Places;
}

const choose = async (at: Places, pay_type = 'wechat.scan'): Promise<string> =>
  (await chooseRoute(at, merchant, pay_type, 'order-1')).account_id;

describe('a new order', () => {
  test.each([
    ['first', { first: 'active', second: 'active' }],
    ['second', { first: 'suspended', second: 'active' }],
    ['first', { first: 'broken', second: 'active' }],
    ['first', { second: 'active' }],
  ] as const)('goes through %s when the accounts are %j', async (chosen, accounts) => {
    expect(await choose(places(accounts))).toBe(chosen);
  });

  test('is refused (202) when every account is suspended, or there is no route', async () => {
    const suspended = places({ first: 'suspended', second: 'suspended' });
    await expect(choose(suspended)).rejects.toMatchObject({
      code: 202,
      message: 'pay_type wechat.scan is suspended: ask the operator',
    });
    await expect(choose(suspended, 'alipay.scan')).rejects.toMatchObject({
      code: 202,
      message: 'pay_type alipay.scan has no route for this merchant: ask the operator',
    });
  });
});

test('a number that is known keeps its route although the account is suspended since', async () => {
  expect(await choose(places({ first: 'suspended', second: 'suspended' }, 'second'))).toBe('second');
});
