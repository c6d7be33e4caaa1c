/**
 * What costs seconds of CPU and is the same in every run: keys, certificates and the numbers that belong to them. Made once,
 * outside of what a seed decides, and shared by all runs that are to be compared.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createAlipayConfig, type AlipayConfig } from '../../simulators/src/alipay/config.ts';
import { createBankConfig, type BankConfig } from '../../simulators/src/bank/config.ts';
import { createWechatConfig, type WechatConfig } from '../../simulators/src/wechat/config.ts';
import { SeededRandom } from './random.ts';

export interface MerchantKeys {
  readonly private_key: KeyObject;
  readonly public_key: string;
}

export interface WorldKeys {
  readonly wechat: WechatConfig;
  readonly alipay: AlipayConfig;
  readonly bank: BankConfig;
  /** A certificate by which WeChat Pay can sign, and which no account here knows. */
  readonly spare_wechat_serial: string;
  /** Seals what is stored. */
  readonly master_key: Buffer;
  /** The platform's own key pair, PEM. */
  readonly platform: { readonly private_key: string; readonly public_key: string };
  /** One key pair serves every merchant: who has signed is not what is simulated. */
  readonly merchant: MerchantKeys;
  /** Another one, for a merchant that changes its key. */
  readonly next_merchant: MerchantKeys;
}

/** The moment at which every world begins: a Monday morning in China. */
export const WORLD_START_MS = Date.parse('2026-03-02T09:00:00+08:00');

/** Makes the keys (about a second). */
export async function createWorldKeys(): Promise<WorldKeys> {
  const random = new SeededRandom('numbers of the channel accounts');
  const ports = { now: () => WORLD_START_MS, randomBytes: (length: number) => random.bytes(length) };
  const platform = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const wechat = await createWechatConfig(ports);
  const spare = wechat.platform_keys.find((one) => one.kind === 'certificate' && one.serial !== wechat.current_serial);
  if (!spare) throw new Error('WeChat Pay has one certificate only');
  return {
    wechat,
    master_key: random.bytes(32),
    spare_wechat_serial: spare.serial,
    alipay: await createAlipayConfig(ports),
    bank: createBankConfig(ports),
    platform: {
      private_key: platform.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      public_key: platform.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
    merchant: merchantKeys(),
    next_merchant: merchantKeys(),
  };
}

function merchantKeys(): MerchantKeys {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { private_key: privateKey, public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}
