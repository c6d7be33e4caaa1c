/**
 * Token buckets in this process's memory: every node counts for itself, so that no request waits for a shared counter; a limit
 * holds per node (docs/operating.md). A bucket holds two seconds' worth, so that a burst after a pause passes.
 */
import type { Clock } from '../ports.ts';

const BURST_S = 2;

/** Beyond this many the longest unused are forgotten; a forgotten bucket is a full one, which is what it would have become. */
const MAX_BUCKETS = 20_000;

interface Bucket {
  tokens: number;
  filled_at_ms: number;
}

export class RateLimit {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes one request off a bucket.
   * @param key whose bucket
   * @param per_second how fast it fills
   * @returns 0 when the request may pass, else the whole seconds after which the next one may
   */
  take(key: string, per_second: number): number {
    const now_ms = this.#clock.now_ms();
    const most = per_second * BURST_S;
    const bucket = this.#buckets.get(key) ?? { tokens: most, filled_at_ms: now_ms };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MAX_BUCKETS) this.#forgetOldest();
    const passed_s = Math.max(0, now_ms - bucket.filled_at_ms) / 1000;
    bucket.tokens = Math.min(most, bucket.tokens + passed_s * per_second);
    bucket.filled_at_ms = now_ms;
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / per_second));
    bucket.tokens -= 1;
    return 0;
  }

  #forgetOldest(): void {
    const oldest = this.#buckets.keys().next();
    if (!oldest.done) this.#buckets.delete(oldest.value);
  }
}
