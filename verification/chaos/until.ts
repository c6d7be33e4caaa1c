import { setTimeout as wait } from 'node:timers/promises';

/** Between two looks: the cores are for the processes that are looked at. */
const POLL_MS = 50;

/** What was waited for has not come. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

/**
 * Looks until there is something to see.
 * @param what is waited for, in words
 * @throws TooLate after `limit_ms`, with the last error of a look, if there was one
 */
export async function until<Value>(
  what: string,
  limit_ms: number,
  look: () => Promise<Value | null | undefined | false> | Value | null | undefined | false,
): Promise<Value> {
  const give_up_ms = performance.now() + limit_ms;
  for (;;) {
    const value = await look();
    if (value !== null && value !== undefined && value !== false) return value;
    if (performance.now() > give_up_ms) throw new TooLate(`not within ${limit_ms / 1000} s: ${what}`);
    await wait(POLL_MS);
  }
}
