import { createPublicKey, randomBytes } from 'node:crypto';
import { PAY_TYPES } from '../../gateway/src/channels/registry.ts';
import type { Config } from '../../gateway/src/config.ts';
import { StartupProblem } from '../../gateway/src/embedded/startup-problem.ts';
import { saveChannelAccount, setRoute } from '../../gateway/src/operations/channel-accounts.ts';
import type { Gateway } from '../../gateway/src/operations/gateway.ts';
import { createMerchant, setPublicKey } from '../../gateway/src/operations/merchants.ts';
import { readPlatformKey } from '../../gateway/src/operations/sign-answer.ts';
import { createUser } from '../../gateway/src/operations/users.ts';
import { systemPorts } from '../../gateway/src/outbound/system-ports.ts';
import { openDatabase } from '../../gateway/src/storage/database.ts';
import { SealBroken, createSealer } from '../../gateway/src/storage/seal.ts';
import { createStore } from '../../gateway/src/storage/store.ts';
import type { Credentials } from './credentials.ts';
import type { SandboxFile } from './sandbox-file.ts';

export interface ProvisionRequest {
  readonly config: Config;
  readonly database_url: string;
  readonly master_key: Buffer;
  readonly credentials: Credentials;
  readonly simulators: SandboxFile['simulators'];
  /** Added to the settings of every channel account, e.g. a shorter time limit. */
  readonly account_settings?: Readonly<Record<string, unknown>>;
}

export interface Provisioned {
  readonly platform_public_key: string;
  /** What the demo merchant has routed. */
  readonly pay_types: readonly string[];
}

type Managed = Pick<Gateway, 'ports' | 'store'>;

/** A channel's account at its simulator, and what the demo merchant's routes through it say. */
interface SandboxAccount {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: unknown;
  readonly merchant_params: Readonly<Record<string, string>>;
}

/**
 * Makes sure that everything of the demo is stored: platform key, operator, merchant, one account per channel at its
 * simulator, a route for every pay type. Runs at every start, because PORT moves the simulators; what an operator has
 * changed on merchant and routes stays.
 *
 * @throws StartupProblem when the database belongs to another HELIU_HOME
 */
export async function provision(request: ProvisionRequest): Promise<Provisioned> {
  const database = openDatabase({ url: request.database_url, max_connections: 2 });
  const ports = systemPorts();
  const store = createStore(database, database, createSealer(request.master_key, randomBytes));
  const gateway: Managed = { ports, store };
  try {
    const platform_key = await readPlatformKey(store.configuration, ports);
    await provideOperator(gateway, request.credentials);
    await provideMerchant(gateway, request.credentials);
    await provideChannels(gateway, request);
    const routes = await store.configuration.routesOf(request.credentials.merchant.merchant_id);
    return {
      platform_public_key: createPublicKey(platform_key).export({ type: 'spki', format: 'pem' }).toString(),
      pay_types: routes.map((route) => route.pay_type),
    };
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new StartupProblem(
      'The database was made under another master key. ' +
        `Restore ${request.config.home}/master.key or HELIU_MASTER_KEY, or begin with an empty database.`,
    );
  } finally {
    await database.close();
    await ports.close();
  }
}

async function provideOperator(gateway: Managed, { console: operator, are_new }: Credentials): Promise<void> {
  if ((await gateway.store.users.byLogin(operator.login_name)) === null) {
    await createUser(gateway, { ...operator, role: 'admin' });
  } else if (are_new) {
    throw new StartupProblem(
      `The database has a login ${operator.login_name} whose password is not known here. ` +
        'Restore sandbox-credentials.json in HELIU_HOME, or begin with an empty database.',
    );
  }
}

async function provideMerchant(gateway: Managed, { merchant }: Credentials): Promise<void> {
  const { merchant_id, public_key } = merchant;
  const stored = await gateway.store.configuration.merchant(merchant_id);
  if (stored === null) await createMerchant(gateway, { merchant_id, name: '合流演示商户', public_key });
  else if (stored.public_key !== public_key) await setPublicKey(gateway, merchant_id, public_key);
}

async function provideChannels(gateway: Managed, request: ProvisionRequest): Promise<void> {
  const { merchant_id } = request.credentials.merchant;
  const accounts = sandboxAccounts(request.simulators);
  for (const [channel, { settings, secrets }] of accounts) {
    await saveChannelAccount(gateway, {
      account_id: accountId(channel),
      channel,
      name: `${channel} simulator`,
      settings: { ...settings, ...request.account_settings },
      secrets,
    });
  }
  // The same service provider over APIv2: there to be routed to, and not routed to by itself.
  const v2 = wechatV2Account(request.simulators.wechat);
  await saveChannelAccount(gateway, {
    account_id: WECHAT_V2_ACCOUNT,
    channel: 'wechat',
    name: 'wechat simulator, APIv2',
    settings: { ...v2.settings, ...request.account_settings },
    secrets: v2.secrets,
  });
  const stored = await gateway.store.configuration.accounts('', 1_000);
  const channelOf = new Map(stored.map((account) => [account.account_id, account.channel]));
  const routes = await gateway.store.configuration.routesOf(merchant_id);
  // A payment code is routed to both wallets, every other pay type to its one channel.
  const routed = new Set(routes.map((route) => `${route.pay_type} ${channelOf.get(route.account_id) ?? ''}`));
  for (const pay_type of [...PAY_TYPES.values()].flat()) {
    if (routed.has(`${pay_type.code} ${pay_type.channel}`)) continue;
    const account = accounts.get(pay_type.channel);
    if (account === undefined) throw new Error(`the sandbox has no simulator for the channel ${pay_type.channel}`);
    const { merchant_params } = account;
    await setRoute(gateway, {
      merchant_id,
      pay_type: pay_type.code,
      account_id: accountId(pay_type.channel),
      merchant_params,
    });
  }
}

/** The account at WeChat Pay's simulator that speaks APIv2, over TLS with the merchant's certificate. */
export const WECHAT_V2_ACCOUNT = 'sandbox-wechat-v2';

function wechatV2Account(wechat: SandboxFile['simulators']['wechat']): Omit<SandboxAccount, 'merchant_params'> {
  return {
    settings: {
      protocol: 'v2',
      mode: wechat.mode,
      base_url: wechat.tls_base_url,
      mchid: wechat.sp_mchid,
      appid: wechat.sp_appid,
      sign_type: 'MD5',
      ca_certificate: wechat.tls_ca_certificate,
    },
    secrets: {
      api_v2_key: wechat.api_v2_key,
      merchant_private_key: wechat.merchant_private_key,
      merchant_certificate: wechat.merchant_certificate,
    },
  };
}

function accountId(channel: string): string {
  return `sandbox-${channel}`;
}

function sandboxAccounts({ wechat, alipay, bank }: SandboxFile['simulators']): Map<string, SandboxAccount> {
  return new Map([
    [
      'wechat',
      {
        settings: {
          mode: wechat.mode,
          base_url: wechat.base_url,
          mchid: wechat.sp_mchid,
          appid: wechat.sp_appid,
          oauth_authorize_url: `${wechat.base_url}/connect/oauth2/authorize`,
          oauth_api_url: wechat.base_url,
          merchant_serial: wechat.merchant_serial,
          platform_keys: { [wechat.platform_serial]: wechat.platform_public_key },
        },
        secrets: {
          merchant_private_key: wechat.merchant_private_key,
          api_v3_key: wechat.api_v3_key,
          app_secret: wechat.sp_app_secret,
        },
        merchant_params: { sub_mchid: wechat.sub_mchid, sub_appid: wechat.sub_appid },
      },
    ],
    [
      'alipay',
      {
        settings: {
          mode: 'key',
          gateway_url: alipay.gateway_url,
          oauth_authorize_url: new URL('/oauth2/publicAppAuthorize.htm', alipay.gateway_url).href,
          app_id: alipay.app_id,
          seller_id: alipay.seller_id,
          alipay_public_key: alipay.alipay_public_key,
        },
        secrets: { app_private_key: alipay.app_private_key },
        merchant_params: {},
      },
    ],
    ['bank', bankAccount(bank)],
  ]);
}

/** The simulated bank gives a number for each order, and is told by signed pushes of what comes to it. */
function bankAccount(bank: SandboxFile['simulators']['bank']): SandboxAccount {
  return {
    settings: {
      fund_acc_name: bank.fund_acc_name,
      bank_branch: bank.bank_branch,
      settlement_account: bank.settlement_account,
      numbers: 'bank',
      base_url: bank.base_url,
      client_id: bank.client_id,
      bank_keys: { [bank.bank_key_id]: bank.bank_public_key },
    },
    secrets: { client_private_key: bank.client_private_key },
    merchant_params: {},
  };
}
