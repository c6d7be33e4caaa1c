import type { Child } from './child.ts';
import { startChild } from './child.ts';
import type { BenchKeys } from './keys.ts';
import type { QueryReferenceSettings } from './query-reference.ts';
import type { ReferenceSettings } from './reference.ts';

/** A program under test, running. */
export interface Program {
  readonly name: 'reference' | 'gateway';
  readonly url: string;
  /** Verifies its answers. */
  readonly platform_public_key: string;
  readonly database_url: string;
  /** Roots of its process trees, the database server not among them. */
  readonly pids: readonly number[];
  /** The longest that its event loop has been blocked since the last time this was asked, where it tells. */
  eventLoopDelay_ms(): Promise<number | null>;
  stop(): Promise<void>;
}

export interface ReferenceOptions {
  readonly keys: BenchKeys;
  readonly merchant_id: string;
  readonly database_url: string;
  readonly channel_url: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** The program that answers queries about the orders of a database that has been filled for it. */
export async function startQueryReference(options: Omit<ReferenceOptions, 'channel_url'>): Promise<Program> {
  const { keys } = options;
  const child = await startChild(new URL('./query-reference.ts', import.meta.url), options.environment);
  const { url } = await child.call<{ readonly url: string }>('start', {
    database_url: options.database_url,
    merchant_id: options.merchant_id,
    merchant_public_key: keys.merchant.public_key,
    platform_private_key: keys.platform.private_key,
  } satisfies QueryReferenceSettings);
  return programOf(child, url, options);
}

export async function startReference(options: ReferenceOptions): Promise<Program> {
  const { keys } = options;
  const child: Child = await startChild(new URL('./reference.ts', import.meta.url), options.environment);
  const { url } = await child.call<{ readonly url: string }>('start', {
    database_url: options.database_url,
    channel_url: options.channel_url,
    merchant_id: options.merchant_id,
    merchant_public_key: keys.merchant.public_key,
    platform_private_key: keys.platform.private_key,
    channel_private_key: keys.channel_merchant.private_key,
    wechat_public_key: keys.wechat.public_key,
    wechat_serial: keys.wechat_serial,
  } satisfies ReferenceSettings);
  return programOf(child, url, options);
}

function programOf(child: Child, url: string, options: Pick<ReferenceOptions, 'keys' | 'database_url'>): Program {
  return {
    name: 'reference',
    url,
    platform_public_key: options.keys.platform.public_key,
    database_url: options.database_url,
    pids: [child.pid],
    eventLoopDelay_ms: () => Promise.resolve(null),
    stop: () => child.stop(),
  };
}
