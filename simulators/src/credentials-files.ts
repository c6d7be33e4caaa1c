import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAlipayConfig, parseAlipayConfig, serialiseAlipayConfig } from './alipay/config.ts';
import type { AlipayConfig } from './alipay/config.ts';
import { createBankConfig, parseBankConfig, serialiseBankConfig } from './bank/config.ts';
import type { BankConfig } from './bank/config.ts';
import type { SimulatorPorts } from './kernel/ports.ts';
import { completeWechatConfig, createWechatConfig, parseWechatConfig, serializeWechatConfig } from './wechat/config.ts';
import type { WechatConfig } from './wechat/config.ts';

export interface ChannelConfigs {
  readonly wechat: WechatConfig;
  readonly alipay: AlipayConfig;
  readonly bank: BankConfig;
}

/**
 * The credentials of every channel: read when they are there, else made up and kept, so that a second start has the
 * same ones. Only the owner can read them: they hold private keys, even if of no real merchant.
 *
 * @param folder is created when absent
 * @throws when a file is there but cannot be read as credentials, naming the file
 */
export async function keepCredentials(
  folder: string,
  ports: Pick<SimulatorPorts, 'now' | 'randomBytes'>,
): Promise<ChannelConfigs> {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
  return {
    wechat: await keep(join(folder, 'wechat.json'), {
      parse: parseWechatConfig,
      serialise: serializeWechatConfig,
      create: () => createWechatConfig(ports),
      complete: (config) => completeWechatConfig(config, ports),
    }),
    alipay: await keep(join(folder, 'alipay.json'), {
      parse: parseAlipayConfig,
      serialise: serialiseAlipayConfig,
      create: () => createAlipayConfig(ports),
      complete: async (config) => config,
    }),
    bank: await keep(join(folder, 'bank.json'), {
      parse: parseBankConfig,
      serialise: serialiseBankConfig,
      complete: async (config) => config,
      create: async () => createBankConfig(ports),
    }),
  };
}

interface Kept<Config> {
  parse(text: string): Config;
  serialise(config: Config): string;
  create(): Promise<Config>;
  /** Adds what a file of an earlier version lacks; the same object when it lacks nothing. */
  complete(config: Config): Promise<Config>;
}

async function keep<Config>(path: string, kept: Kept<Config>): Promise<Config> {
  if (existsSync(path)) {
    let read: Config;
    try {
      read = kept.parse(readFileSync(path, 'utf8'));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${path} cannot be read as credentials (${why}): restore it, or remove it to have new ones made`,
        {
          cause: error,
        },
      );
    }
    const whole = await kept.complete(read);
    if (whole !== read) write(path, kept.serialise(whole));
    return whole;
  }
  const config = await kept.create();
  write(path, kept.serialise(config));
  return config;
}

function write(path: string, text: string): void {
  // Under its own name only when it is whole: a kill in between leaves no half file to trip over.
  const temporary = `${path}.writing`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, path);
}
