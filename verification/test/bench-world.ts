import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench } from '../bench/bench.ts';
import { startChild } from '../bench/child.ts';
import { prepareGateway } from '../bench/gateway-program.ts';
import type { BenchGateway } from '../bench/gateway-program.ts';

/** What scenarios stand on, for tests that run them tiny. */
export interface BenchWorld {
  readonly bench: Bench;
  readonly gateway: BenchGateway;
  close(): Promise<void>;
}

export async function openBenchWorld(): Promise<BenchWorld> {
  const home = await mkdtemp(join(tmpdir(), 'heliu-bench-test-'));
  const bench = await Bench.open();
  const receiver = await startChild(new URL('../bench/merchant-server.ts', import.meta.url));
  const { url: notify_url } = await receiver.call<{ readonly url: string }>('start');
  return {
    bench,
    gateway: await prepareGateway(bench, { home, notify_url, profile: null }),
    async close() {
      await receiver.stop();
      await bench.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** The smallest figures that a scenario takes. */
export const TINY = {
  in_flight: [4],
  seconds: 0.3,
  warm_up_seconds: 0.3,
  rounds: 1,
  progress: () => undefined,
} as const;
