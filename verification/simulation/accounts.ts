/** The gateway's accounts at the simulated channels, and a merchant's routes through them. */
import { PAY_TYPES } from '../../gateway/src/channels/registry.ts';
import { saveChannelAccount, setRoute } from '../../gateway/src/operations/channel-accounts.ts';
import type { Gateway } from '../../gateway/src/operations/gateway.ts';
import { alipaySandboxEntry } from '../../simulators/src/alipay/config.ts';
import { wechatSandboxFields } from '../../simulators/src/wechat/config.ts';
import type { WorldKeys } from './keys.ts';

export const WECHAT_ORIGIN = 'https://api.mch.weixin.qq.com';
export const ALIPAY_ORIGIN = 'https://openapi.alipay.com';

type Managed = Pick<Gateway, 'ports' | 'store'>;

/** Stores one account per channel. */
export async function provideAccounts(managed: Managed, keys: WorldKeys): Promise<void> {
  const wechat = wechatSandboxFields(keys.wechat, WECHAT_ORIGIN);
  await saveChannelAccount(managed, {
    account_id: 'wechat',
    channel: 'wechat',
    name: 'WeChat Pay',
    settings: {
      mode: wechat.mode,
      base_url: wechat.base_url,
      mchid: wechat.sp_mchid,
      appid: wechat.sp_appid,
      merchant_serial: wechat.merchant_serial,
      platform_keys: { [wechat.platform_serial]: wechat.platform_public_key },
    },
    secrets: { merchant_private_key: wechat.merchant_private_key, api_v3_key: wechat.api_v3_key },
  });
  const alipay = alipaySandboxEntry(keys.alipay, `${ALIPAY_ORIGIN}/gateway.do`);
  await saveChannelAccount(managed, {
    account_id: 'alipay',
    channel: 'alipay',
    name: 'Alipay',
    settings: {
      mode: 'key',
      gateway_url: alipay.gateway_url,
      app_id: alipay.app_id,
      seller_id: alipay.seller_id,
      alipay_public_key: alipay.alipay_public_key,
    },
    secrets: { app_private_key: alipay.app_private_key },
  });
}

/** The channels that have an account here: no bank keeps virtual accounts in this world. */
const CHANNELS: ReadonlySet<string> = new Set(['wechat', 'alipay']);

/** Lets a merchant trade every pay type of both wallets. */
export async function provideRoutes(managed: Managed, merchant_id: string, keys: WorldKeys): Promise<void> {
  const { sub_mchid, sub_appid } = wechatSandboxFields(keys.wechat, WECHAT_ORIGIN);
  for (const { code, channel } of [...PAY_TYPES.values()].flat()) {
    if (!CHANNELS.has(channel)) continue;
    const merchant_params = channel === 'wechat' ? { sub_mchid, sub_appid } : {};
    await setRoute(managed, { merchant_id, pay_type: code, account_id: channel, merchant_params });
  }
}
