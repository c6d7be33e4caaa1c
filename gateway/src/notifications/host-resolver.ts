/**
 * Resolves the host of a notify_url and checks every address it has. What comes back is remembered for a short time together
 * with the decision, so that thousands of notifications a second to one merchant cost one lookup.
 */
import { lookup } from 'node:dns/promises';
import { type Clock, NoAnswer } from '../ports.ts';
import { type AddressRules, refusedRange } from './address-guard.ts';

/** Every address of a host, as text. Rejects when the name has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** How long a resolution is used, refusals included. */
const RESOLUTION_TTL_MS = 30_000;
/** A name that does not resolve is asked for again after this time: a lookup occupies a thread that signatures need. */
const FAILURE_TTL_MS = 5_000;
/** Hosts to remember; the oldest is forgotten beyond it. */
const MAX_HOSTS = 10_000;

/** The system's resolver: /etc/hosts and DNS, both families. */
export const systemResolve: Resolve = async (host) => {
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
};

interface Resolution {
  readonly pending: Promise<readonly string[]>;
  /** What came back, so that a known host costs no turn of the event loop. */
  addresses: readonly string[] | null;
  readonly resolved_at_ms: number;
  ttl_ms: number;
}

export class HostResolver {
  readonly #clock: Clock;
  readonly #resolve: Resolve;
  readonly #rules: AddressRules;
  readonly #hosts = new Map<string, Resolution>();

  constructor(clock: Clock, resolve: Resolve, rules: AddressRules) {
    this.#clock = clock;
    this.#resolve = resolve;
    this.#rules = rules;
  }

  /**
   * The addresses of a host, sorted, each of them allowed.
   *
   * @param host a name as `URL` writes it, not an address.
   * @throws NoAnswer `not_sent`: `name_not_resolved`, or `blocked_address` when even one address is refused (a name with a
   *   public and a private address is how the check would be circumvented).
   */
  addresses(host: string): readonly string[] | Promise<readonly string[]> {
    const now_ms = this.#clock.now_ms();
    const known = this.#hosts.get(host);
    if (known !== undefined) {
      const age_ms = now_ms - known.resolved_at_ms;
      // A clock that was set back must not make an old resolution last.
      if (age_ms >= 0 && age_ms < known.ttl_ms) return known.addresses ?? known.pending;
    }
    return this.#begin(host, now_ms).pending;
  }

  #begin(host: string, now_ms: number): Resolution {
    const resolution: Resolution = {
      pending: this.#ask(host),
      addresses: null,
      resolved_at_ms: now_ms,
      ttl_ms: RESOLUTION_TTL_MS,
    };
    void settle(resolution);
    this.#hosts.delete(host);
    this.#hosts.set(host, resolution);
    this.#forgetOldest();
    return resolution;
  }

  async #ask(host: string): Promise<readonly string[]> {
    let addresses: readonly string[];
    try {
      addresses = await this.#resolve(host);
    } catch (error) {
      throw new NoAnswer('not_sent', 'name_not_resolved', { cause: error });
    }
    if (addresses.length === 0) throw new NoAnswer('not_sent', 'name_not_resolved');
    for (const address of addresses) {
      if (refusedRange(address, this.#rules) !== null) throw new NoAnswer('not_sent', 'blocked_address');
    }
    return [...new Set(addresses)].sort();
  }

  #forgetOldest(): void {
    if (this.#hosts.size <= MAX_HOSTS) return;
    for (const oldest of this.#hosts.keys()) {
      this.#hosts.delete(oldest);
      return;
    }
  }
}

/** Notes what a lookup came to; whoever waits for it hears of a failure from `pending` itself. */
async function settle(resolution: Resolution): Promise<void> {
  try {
    resolution.addresses = await resolution.pending;
  } catch (error) {
    const unresolved = error instanceof NoAnswer && error.reason === 'name_not_resolved';
    if (unresolved) resolution.ttl_ms = FAILURE_TTL_MS;
  }
}
