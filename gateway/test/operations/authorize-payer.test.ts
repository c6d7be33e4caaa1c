import { describe, expect, test } from 'vitest';
import {
  beginAuthorization,
  finishAuthorization,
  knownPayer,
  type Authorized,
  type Visit,
} from '../../src/operations/authorize-payer.ts';
import type { Gateway } from '../../src/operations/gateway.ts';
import type { ReadyWallet } from '../../src/operations/wallet-offers.ts';
import type { PayerAuthorization } from '../../src/storage/payer-authorizations.ts';
import { TestClock } from '../notifications/test-clock.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const visit: Visit = {
  link: { kind: 'preorder', merchant_id: '5399355381712172', subject_id: 'a', pay_order_id: 'link' },
  wallet: 'wechat',
  browser_hash: 'browser',
};

const wallet = {
  kind: 'ready',
  route: { account_id: 'wechat-main' },
  authorization: {
    authorizeUrl: (_return_url: string, state: string) => state,
    code_parameter: 'code',
    exchange: () => Promise.resolve({ outcome: 'known', fields: { openid: 'anna' } }),
  },
} as unknown as ReadyWallet;

interface Place {
  readonly clock: TestClock;
  /** The wallet sends the payer back, with the state that it was given. */
  comeBack(): Promise<Authorized>;
  isKnown(): Promise<boolean>;
}

/** A gateway that has just sent a payer to the wallet. */
function sentToTheWallet(): Place {
  const clock = new TestClock();
  const spent: PayerAuthorization[] = [];
  const gateway = {
    link_key: Buffer.alloc(32, 1),
    ports: { clock, random: { bytes: (length: number) => Buffer.alloc(length, 7) } },
    metrics: { channel_calls: { inc: () => undefined } },
    log: { warn: () => undefined },
    store: {
      payer_authorizations: {
        spend: (one: PayerAuthorization) => Promise.resolve(spent.push(one) === 1),
        known: (_spent: unknown, payer_fields: PayerAuthorization['payer_fields']) => {
          spent.splice(0, 1, { ...(spent[0] as PayerAuthorization), payer_fields });
          return Promise.resolve();
        },
        ofBrowser: () => Promise.resolve(spent[0] ?? null),
      },
    },
  } as unknown as Gateway;
  const state = beginAuthorization(gateway, visit, wallet, 'https://pay.example/preorder/wechat');
  return {
    clock,
    comeBack: () => finishAuthorization(gateway, visit, [wallet], state, { code: 'of-the-wallet' }),
    isKnown: async () => (await knownPayer(gateway, visit)) !== null,
  };
}

describe('a state', () => {
  test('is taken for ten minutes', async () => {
    const { clock, comeBack } = sentToTheWallet();
    clock.time_ms += 10 * MINUTE_MS;
    expect(await comeBack()).toMatchObject({ kind: 'known', payer: { fields: { openid: 'anna' } } });
  });

  test('that was kept for longer brings nobody in', async () => {
    const { clock, comeBack, isKnown } = sentToTheWallet();
    clock.time_ms += 10 * MINUTE_MS + 1_000;
    expect(await comeBack()).toEqual({ kind: 'bad_state' });
    expect(await isKnown()).toBe(false);
  });
});

describe('a payer', () => {
  test('is known in a browser for a day, and then asked anew', async () => {
    const { clock, comeBack, isKnown } = sentToTheWallet();
    await comeBack();
    clock.time_ms += 24 * HOUR_MS;
    expect(await isKnown()).toBe(true);
    clock.time_ms += 1;
    expect(await isKnown()).toBe(false);
  });
});
