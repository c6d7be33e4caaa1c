/** The real outside world: what the composition root gives to everything else. */
import { randomBytes } from 'node:crypto';
import type { Ports } from '../ports.ts';
import { createHttpClient, type HttpClientOptions } from './http-client.ts';
import { createSystemClock } from './system-clock.ts';
import { createThreadPoolSigner, type ThreadPoolSigner } from './thread-pool-signer.ts';

export interface SystemPorts extends Ports {
  readonly signer: ThreadPoolSigner;
  /** Ends outgoing connections (running requests first end within their limits) and lets no timer hold the process. */
  close(): Promise<void>;
}

export interface SystemPortsOptions {
  readonly http?: HttpClientOptions;
}

export function systemPorts(options: SystemPortsOptions = {}): SystemPorts {
  const clock = createSystemClock();
  const http = createHttpClient(options.http);
  return {
    clock,
    random: { bytes: (length) => randomBytes(length) },
    http,
    signer: createThreadPoolSigner(),
    async close() {
      clock.release();
      await http.close();
    },
  };
}
