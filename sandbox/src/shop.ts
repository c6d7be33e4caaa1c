import { localUrl } from '../../gateway/src/config.ts';
import type { Config } from '../../gateway/src/config.ts';
import type { Child } from './child.ts';
import { PORT_OFFSETS } from './free-ports.ts';
import type { SandboxFile } from './sandbox-file.ts';

/** Environment of the shop's process: where it listens. What it needs to know it is told when that is known. */
export function shopEnvironment(
  { host, port }: Pick<Config, 'host' | 'port'>,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  // Set by a person for the other demos, it would send the shop to another gateway.
  const { HELIU_URL: _url, ...others } = environment;
  return { ...others, HOST: host, PORT: String(port + PORT_OFFSETS.shop) };
}

/** Where people and the gateway reach the shop. */
export function shopUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  return localUrl(host, port + PORT_OFFSETS.shop);
}

/** Tells the shop's process what a merchant knows: its keys, the gateway, and which pay types it has routed. */
export function openShop(shop: Child, file: SandboxFile, pay_types: readonly string[]): void {
  shop.send({
    gateway_url: file.gateway.url,
    merchant_id: file.merchant.merchant_id,
    private_key: file.merchant.private_key,
    platform_public_key: file.gateway.platform_public_key,
    pay_types,
    shop_url: file.shop.url,
    wallet_url: file.simulators.url,
    bank_url: file.simulators.bank.base_url,
  });
}
