/**
 * Which notifications have been handled to the end. In production give one of your own, backed by a column with a unique
 * key: memory is lost with the process, and other processes do not share it.
 */
export interface SeenNotifications {
  /** Whether a notification was handled to the end before. */
  has(nonce_str: string): Promise<boolean> | boolean;
  /** Remembers that it has been. */
  add(nonce_str: string): Promise<void> | void;
}

/** Remembers the last ones in memory. */
export class RecentNotifications implements SeenNotifications {
  readonly #limit: number;
  readonly #seen = new Set<string>();

  /** @param limit how many are remembered; the oldest are forgotten first */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  has(nonce_str: string): boolean {
    return this.#seen.has(nonce_str);
  }

  add(nonce_str: string): void {
    this.#seen.add(nonce_str);
    if (this.#seen.size <= this.#limit) return;
    // A Set keeps the order of insertion.
    for (const oldest of this.#seen) {
      this.#seen.delete(oldest);
      return;
    }
  }
}
