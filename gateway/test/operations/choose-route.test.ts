import { describe, expect, test } from 'vitest';
import { ChannelMisconfigured, type ChannelClient, type PayType } from '../../src/channels/channel.ts';
import { candidateRoutes } from '../../src/operations/choose-route.ts';
import type { AccountEntry, MerchantEntry } from '../../src/operations/directory.ts';
import type { Merchant, Route } from '../../src/storage/configuration.ts';

type Places = Parameters<typeof candidateRoutes>[0];

const MERCHANT = '5399355381712172';

function route(account_id: string, priority: number, weight = 1): Route {
  return {
    merchant_id: MERCHANT,
    pay_type: 'wechat.scan',
    account_id,
    priority,
    weight,
    merchant_params: {},
    enabled: true,
    config_version: 1,
  };
}

const merchant: MerchantEntry = {
  merchant: { merchant_id: MERCHANT } as Merchant,
  public_key: null,
  signer_id: MERCHANT,
  platform_suspended: false,
  routes: new Map([['wechat.scan', [route('first', 1), route('second', 2)]]]),
};

/** A gateway whose accounts stand as said; `known` is the account of an order that exists already. */
function places(
  accounts: Readonly<Record<string, 'active' | 'suspended' | 'broken'>>,
  known: string | null = null,
  { open = [], draw = 0 }: { readonly open?: readonly string[]; readonly draw?: number } = {},
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
    breakers: { state: (account_id: string) => (open.includes(account_id) ? 'open' : 'closed') },
    ports: { random: { bytes: () => Buffer.alloc(4, draw) } },
  } as unknown as Places;
}

const payType = (code: string): PayType => ({ code, channel: 'wechat' }) as PayType;

const candidates = async (at: Places, of: MerchantEntry = merchant, pay_type = 'wechat.scan'): Promise<string[]> =>
  (await candidateRoutes(at, of, payType(pay_type), 'order-1')).map((one) => one.account_id);

const choose = async (at: Places, pay_type = 'wechat.scan'): Promise<string | undefined> =>
  (await candidates(at, merchant, pay_type))[0];

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

describe('several accounts', () => {
  const shared: MerchantEntry = {
    ...merchant,
    routes: new Map([['wechat.scan', [route('large', 1, 3), route('small', 1, 1), route('spare', 2)]]]),
  };
  const all = { large: 'active', small: 'active', spare: 'active' } as const;

  test('of one priority are drawn by weight, and a worse priority comes after them all', async () => {
    // The draw is the share of the total weight: three quarters of the tickets belong to `large`.
    expect(await candidates(places(all, null, { draw: 0 }), shared)).toEqual(['large', 'small', 'spare']);
    expect(await candidates(places(all, null, { draw: 0xbf }), shared)).toEqual(['large', 'small', 'spare']);
    expect(await candidates(places(all, null, { draw: 0xc1 }), shared)).toEqual(['small', 'large', 'spare']);
  });

  test('whose pause is over keep their place, so that somebody tries them', async () => {
    const at = places(all, null, {});
    const half_open = { ...at, breakers: { state: () => 'half_open' } } as unknown as Places;
    expect(await candidates(half_open, shared)).toEqual(['large', 'small', 'spare']);
  });

  test('that do not answer come last, whatever their priority', async () => {
    expect(await candidates(places(all, null, { open: ['large', 'small'] }), shared)).toEqual([
      'spare',
      'large',
      'small',
    ]);
  });
});

test('a number that is known keeps its route although the account is suspended since', async () => {
  expect(await choose(places({ first: 'suspended', second: 'suspended' }, 'second'))).toBe('second');
});
