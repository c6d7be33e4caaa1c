/** A gateway for commands that change orders: the same operations as the server's, without its jobs and its HTTP. */
import { createMetrics } from '../metrics.ts';
import { createLog } from '../main.ts';
import { CircuitBreakers } from '../operations/circuit-breaker.ts';
import { CONFIGURATION_POLL_MS, createDirectory } from '../operations/directory.ts';
import type { Gateway } from '../operations/gateway.ts';
import { inWorkplace } from './workplace.ts';

/** Runs `work` with a gateway on the database of the configuration. Jobs it writes are run by the nodes that serve. */
export async function inGateway<Result>(work: (gateway: Gateway) => Promise<Result>): Promise<Result> {
  return inWorkplace(async ({ config, ports, store }) => {
    const metrics = createMetrics();
    try {
      return await work({
        ports,
        store,
        directory: createDirectory(store.configuration, ports, CONFIGURATION_POLL_MS, () => undefined),
        breakers: new CircuitBreakers(ports.clock, () => undefined),
        metrics,
        log: createLog('silent'),
        public_url: config.public_url,
        // Payment pages are opened by the nodes that serve: no link is made or read here.
        link_key: ports.random.bytes(32),
        wakeJobs: () => undefined,
      });
    } finally {
      metrics.close();
    }
  });
}
