/** The gateway's accounts at the simulated channels, and a merchant's routes through them. */
import { PAY_TYPES } from '../../gateway/src/channels/registry.ts';
import { saveChannelAccount, setRoute } from '../../gateway/src/operations/channel-accounts.ts';
import type { Gateway } from '../../gateway/src/operations/gateway.ts';
import { alipaySandboxEntry } from '../../simulators/src/alipay/config.ts';
import { bankSandboxEntry } from '../../simulators/src/bank/config.ts';
import { wechatSandboxFields } from '../../simulators/src/wechat/config.ts';
import type { WorldKeys } from './keys.ts';

export const WECHAT_ORIGIN = 'https://api.mch.weixin.qq.com';
export const ALIPAY_ORIGIN = 'https://openapi.alipay.com';
export const BANK_ORIGIN = 'https://ebank.example.com';

type Managed = Pick<Gateway, 'ports' | 'store'>;

/**
 * Every account there is: two each at the wallets, of different merchants there, so that one can stand in for the other, and one that
 * speaks APIv2; a bank gives its numbers, or leaves us three.
 */
export const ACCOUNTS = ['wechat', 'wechat-b', 'wechat-v2', 'alipay', 'alipay-b', 'bank', 'bank-pool'] as const;
export type AccountId = (typeof ACCOUNTS)[number];
export type BankAccountId = Extract<AccountId, 'bank' | 'bank-pool'>;

/** Stores accounts. */
export async function provideAccounts(
  managed: Managed,
  keys: WorldKeys,
  accounts: readonly AccountId[],
): Promise<void> {
  for (const account_id of accounts) await saveAccount(managed, keys, account_id, 'active');
}

/** Stores an account, or changes its status. */
export async function saveAccount(
  managed: Managed,
  keys: WorldKeys,
  account_id: AccountId,
  status: 'active' | 'suspended',
): Promise<void> {
  const channel = channelOf(account_id);
  await saveChannelAccount(managed, { account_id, channel, name: account_id, status, ...contractOf(account_id, keys) });
}

function channelOf(account_id: AccountId): string {
  return account_id.split('-')[0] ?? '';
}

function contractOf(account_id: AccountId, keys: WorldKeys): { settings: unknown; secrets: unknown } {
  switch (account_id) {
    case 'wechat':
      return wechatContract(keys);
    case 'wechat-b':
      return directContract(keys);
    case 'wechat-v2':
      return wechatV2Contract(keys);
    case 'alipay':
      return alipayContract(keys);
    case 'alipay-b':
      return certificateContract(keys);
    case 'bank':
      return bankContract(keys, { numbers: 'bank' });
    case 'bank-pool':
      return bankContract(keys, { numbers: 'pool', pool: POOL });
  }
}

function wechatContract(keys: WorldKeys): { settings: unknown; secrets: unknown } {
  const wechat = wechatSandboxFields(keys.wechat, WECHAT_ORIGIN);
  return {
    settings: {
      mode: wechat.mode,
      base_url: wechat.base_url,
      mchid: wechat.sp_mchid,
      appid: wechat.sp_appid,
      oauth_authorize_url: `${WECHAT_ORIGIN}/connect/oauth2/authorize`,
      oauth_api_url: WECHAT_ORIGIN,
      merchant_serial: wechat.merchant_serial,
      platform_keys: { [wechat.platform_serial]: wechat.platform_public_key },
    },
    secrets: {
      merchant_private_key: wechat.merchant_private_key,
      api_v3_key: wechat.api_v3_key,
      app_secret: wechat.sp_app_secret,
    },
  };
}

/** A merchant's own account, without a service provider. */
function directContract(keys: WorldKeys): { settings: unknown; secrets: unknown } {
  const wechat = wechatSandboxFields(keys.wechat, WECHAT_ORIGIN);
  const own = keys.wechat.merchants.find((merchant) => merchant.sub_merchants.length === 0);
  if (!own) throw new Error('WeChat Pay has no direct merchant');
  return {
    settings: {
      mode: 'direct',
      base_url: WECHAT_ORIGIN,
      mchid: own.mchid,
      appid: own.appids[0],
      merchant_serial: own.certificate_serial,
      platform_keys: { [wechat.platform_serial]: wechat.platform_public_key },
    },
    secrets: { merchant_private_key: own.private_key, api_v3_key: own.api_v3_key },
  };
}

function wechatV2Contract(keys: WorldKeys): { settings: unknown; secrets: unknown } {
  const wechat = wechatSandboxFields(keys.wechat, WECHAT_ORIGIN);
  return {
    settings: {
      protocol: 'v2',
      mode: wechat.mode,
      base_url: WECHAT_ORIGIN,
      mchid: wechat.sp_mchid,
      appid: wechat.sp_appid,
      sign_type: 'MD5',
    },
    secrets: {
      api_v2_key: wechat.api_v2_key,
      merchant_private_key: wechat.merchant_private_key,
      merchant_certificate: wechat.merchant_certificate,
    },
  };
}

function alipayContract(keys: WorldKeys): { settings: unknown; secrets: unknown } {
  const alipay = alipaySandboxEntry(keys.alipay, `${ALIPAY_ORIGIN}/gateway.do`);
  return {
    settings: {
      mode: 'key',
      gateway_url: alipay.gateway_url,
      oauth_authorize_url: new URL('/oauth2/publicAppAuthorize.htm', alipay.gateway_url).href,
      app_id: alipay.app_id,
      seller_id: alipay.seller_id,
      alipay_public_key: alipay.alipay_public_key,
    },
    secrets: { app_private_key: alipay.app_private_key },
  };
}

/** Another application, which signs by certificates. */
function certificateContract(keys: WorldKeys): { settings: unknown; secrets: unknown } {
  const { gateway_url, certificate_mode: other } = alipaySandboxEntry(keys.alipay, `${ALIPAY_ORIGIN}/gateway.do`);
  if (!other) throw new Error('Alipay has no application that signs by certificates');
  return {
    settings: {
      mode: 'certificate',
      gateway_url,
      app_id: other.app_id,
      seller_id: other.seller_id,
      app_cert: other.app_cert,
      alipay_cert: other.alipay_cert,
      alipay_root_cert: other.alipay_root_cert,
    },
    secrets: { app_private_key: other.app_private_key },
  };
}

/** How long a closed number rests, days. */
const QUARANTINE_DAYS = { bank: 30, 'bank-pool': 1 } as const;

/** So few that orders have to follow each other. */
const POOL = { prefix: '99029999', first: 10, last: 15, digits: 8, check_digit: 'none' } as const;

/** Which of the accounts at the bank has a number. */
export function accountOfNumber(number: string): BankAccountId {
  return number.startsWith(POOL.prefix) ? 'bank-pool' : 'bank';
}

/** How long a number rests that somebody has been shown, milliseconds. */
export function quarantineOf(account_id: string): number {
  return (QUARANTINE_DAYS[account_id as BankAccountId] ?? 0) * 86_400_000;
}

function bankContract(
  keys: WorldKeys,
  numbers: { numbers: 'bank' } | { numbers: 'pool'; pool: typeof POOL },
): { settings: unknown; secrets: unknown } {
  const bank = bankSandboxEntry(keys.bank, BANK_ORIGIN);
  return {
    settings: {
      fund_acc_name: bank.fund_acc_name,
      bank_branch: bank.bank_branch,
      settlement_account: bank.settlement_account,
      ...numbers,
      warn_below: 1,
      quarantine_days: QUARANTINE_DAYS['pool' in numbers ? 'bank-pool' : 'bank'],
      base_url: bank.base_url,
      client_id: bank.client_id,
      bank_keys: { [bank.bank_key_id]: bank.bank_public_key },
    },
    secrets: { client_private_key: bank.client_private_key },
  };
}

/** Which accounts a merchant's routes lead to, the best first. */
export type Routing = Readonly<Record<'wechat' | 'alipay' | 'bank', readonly AccountId[]>>;

export const SIMPLE_ROUTING: Routing = { wechat: ['wechat'], alipay: ['alipay'], bank: [] };

/** Lets a merchant trade every pay type. */
export async function provideRoutes(
  managed: Managed,
  merchant_id: string,
  keys: WorldKeys,
  routing: Routing = SIMPLE_ROUTING,
): Promise<void> {
  for (const { code, channel } of [...PAY_TYPES.values()].flat()) {
    const accounts = routing[channel as keyof Routing] ?? [];
    for (const [index, account_id] of accounts.entries()) {
      const merchant_params = paramsOf(account_id, keys);
      await setRoute(managed, { merchant_id, pay_type: code, account_id, priority: index + 1, merchant_params });
    }
  }
}

/** What a route says of the merchant at the channel. */
function paramsOf(account_id: AccountId, keys: WorldKeys): Record<string, string> {
  if (account_id !== 'wechat' && account_id !== 'wechat-v2') return {};
  const { sub_mchid, sub_appid } = wechatSandboxFields(keys.wechat, WECHAT_ORIGIN);
  return { sub_mchid, sub_appid };
}
