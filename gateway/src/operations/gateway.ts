import type { Logger } from 'pino';
import type { Metrics } from '../metrics.ts';
import type { Ports } from '../ports.ts';
import type { JobKind } from '../storage/jobs.ts';
import type { Store } from '../storage/store.ts';
import type { CircuitBreakers } from './circuit-breaker.ts';
import type { Directory } from './directory.ts';

/** What is done beside what anybody asks for, each in a loop of its own (jobs/runner.ts). */
export type Work = JobKind | 'bank_return' | 'bank_upkeep' | 'bank_file';

/** What every operation works with. Built once by main.ts, or by a test with other ports. */
export interface Gateway {
  readonly ports: Ports;
  readonly store: Store;
  readonly directory: Directory;
  /** Which channel accounts are worth asking just now, as this node sees it. */
  readonly breakers: CircuitBreakers;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Where channels reach us, without a trailing slash. */
  readonly public_url: string;
  /** Makes links to the payment page, and the states of its authorizations (payment-links.ts). */
  readonly link_key: Buffer;
  /** Tells the job runner of this process that such work has just been written, so that it need not wait for its poll. */
  wakeJobs(...work: readonly Work[]): void;
}

/** Where a channel account sends callbacks about this merchant's orders. The path says where to look, the signature what to believe. */
export function callbackUrl(gateway: Gateway, account_id: string, merchant_id: string): string {
  return `${gateway.public_url}/notify/${account_id}/${merchant_id}`;
}
