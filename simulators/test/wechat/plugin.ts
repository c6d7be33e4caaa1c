import { Agent } from 'node:https';
import { Rsa, Wechatpay } from 'wechatpay-axios-plugin';
import type { WechatMerchant } from '../../src/wechat/config.ts';
import type { Running } from './support.ts';

type Client = Wechatpay['client'];

/** Fields of an APIv2 message. */
export type Xml = Record<string, string>;

/** What the plugin throws for `return_code` or `result_code` FAIL, and for anything but 2xx. */
export interface PluginError {
  readonly code: string;
  readonly response: { readonly status: number; readonly data: Xml };
}

/**
 * The client of others (wechatpay-axios-plugin), over TLS with the merchant's certificate unless told otherwise. It refuses
 * successful answers whose signature does not verify.
 */
export function pluginClient(
  running: Running,
  merchant: WechatMerchant,
  over: { base_url?: string; certificate?: false | WechatMerchant; api_v2_key?: string; timeout_ms?: number } = {},
): Client {
  const presented = over.certificate ?? merchant;
  return new Wechatpay({
    mchid: merchant.mchid,
    serial: merchant.certificate_serial,
    privateKey: merchant.private_key,
    certs: Object.fromEntries(
      running.simulator.platformKeys().map((key) => [key.serial, Rsa.from(key.public_key, Rsa.KEY_TYPE_PUBLIC)]),
    ),
    secret: over.api_v2_key ?? merchant.api_v2_key,
    baseURL: `${over.base_url ?? running.tls_base_url}/`,
    timeout: over.timeout_ms ?? 10_000,
    httpsAgent: new Agent({
      ca: running.config.authority?.ca_certificate,
      ...(presented ? { cert: presented.certificate, key: presented.private_key } : {}),
    }),
  }).client;
}

/** Calls an APIv2 operation. @throws PluginError */
export async function callV2(client: Client, path: string, fields: Xml): Promise<Xml> {
  return (await client.v2.post(path, fields)).data as Xml;
}

/** What an APIv2 operation answers when it refuses. */
export async function refusalV2(client: Client, path: string, fields: Xml): Promise<Xml> {
  try {
    return await callV2(client, path, fields);
  } catch (error) {
    return (error as PluginError).response.data;
  }
}

/** Who asks, in APIv2's words: the direct merchant, or the provider for its sub-merchant. */
export function v2Owner(merchant: WechatMerchant): Xml {
  const [sub] = merchant.sub_merchants;
  return {
    appid: merchant.appids[0] ?? '',
    mch_id: merchant.mchid,
    ...(sub ? { sub_mch_id: sub.mchid, sub_appid: sub.appids[0] ?? '' } : {}),
  };
}
