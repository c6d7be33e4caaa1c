/**
 * The HTTP client for URLs that merchants choose. It resolves the host itself, checks every address (address-guard.ts) and
 * connects to the checked addresses and to nothing else, so that a name that answers differently the second time (DNS
 * rebinding) changes nothing. Host header and TLS server name stay those of the URL.
 */
import { isIP, type LookupFunction } from 'node:net';
import { checkTarget } from '../domain/notify-url.ts';
import { NOTIFY_TIMEOUT_MS } from '../domain/retry-schedule.ts';
import { type ConnectOptions, ConnectionPools, type Peer } from '../outbound/connection-pools.ts';
import { Exchange } from '../outbound/exchange.ts';
import { type ClosableHttpClient, connectOptions } from '../outbound/http-client.ts';
import { type Clock, type HttpAnswer, type HttpRequest, NoAnswer } from '../ports.ts';
import { type AddressRules, refusedRange } from './address-guard.ts';
import { HostResolver, type Resolve, systemResolve } from './host-resolver.ts';

/** A longer answer to a notification is cut off: `success` has seven bytes. */
export const NOTIFY_ANSWER_MAX_BYTES = 64 * 1024;

export interface GuardedClientOptions extends AddressRules {
  readonly clock: Clock;
  /** Every address of a host; the system's resolver when absent. */
  readonly resolve?: Resolve;
  /** Certificates (PEM) trusted beside those that Node trusts. */
  readonly trusted_certificates?: readonly string[];
  /** Merchants' servers to keep connections to. */
  readonly max_targets?: number;
  readonly connections_per_target?: number;
}

/**
 * Makes the client. A request's `timeout_ms` is its whole time, name resolution included, and at most 5 s; `max_bytes` is at
 * most 64 KiB. Redirects are answers like any other and are not followed.
 *
 * Beside the reasons of `createHttpClient`, `send` rejects with `not_sent` and `blocked_address` (an address that is not
 * public), `blocked_url` (scheme, user name, host or port that a notify_url must not have) or `name_not_resolved`.
 */
export function createGuardedClient(options: GuardedClientOptions): ClosableHttpClient {
  const { clock } = options;
  const resolver = new HostResolver(clock, options.resolve ?? systemResolve, options);
  const pools = new ConnectionPools({
    max_peers: options.max_targets ?? 500,
    connections_per_peer: options.connections_per_target ?? 64,
    max_waiting_per_peer: 2_000,
    keep_alive_ms: 4_000,
    connect_timeout_ms: NOTIFY_TIMEOUT_MS,
  });
  const trust = connectOptions(options.trusted_certificates);

  return {
    async send(request: HttpRequest): Promise<HttpAnswer> {
      const url = URL.parse(request.url);
      if (url === null || checkTarget(url) !== null) throw new NoAnswer('not_sent', 'blocked_url');
      const limit_ms = Math.min(request.timeout_ms, NOTIFY_TIMEOUT_MS);
      const started_at_ms = clock.now_ms();
      const found = checkedAddresses(url, resolver, options);
      const addresses = found instanceof Promise ? await withinLimit(clock, limit_ms, found) : found;
      const wait_ms = Math.max(1, limit_ms - Math.max(0, clock.now_ms() - started_at_ms));
      const peer = pools.peer(`${url.origin} ${addresses.join()}`, url.origin, () => pinned(url, addresses, trust));
      return exchange(request, url, wait_ms, peer);
    },
    close: () => pools.close(),
  };
}

function checkedAddresses(
  url: URL,
  resolver: HostResolver,
  rules: AddressRules,
): readonly string[] | Promise<readonly string[]> {
  const literal = literalAddress(url.hostname);
  if (literal === null) return resolver.addresses(url.hostname);
  if (refusedRange(literal, rules) !== null) throw new NoAnswer('not_sent', 'blocked_address');
  return [literal];
}

function exchange(request: HttpRequest, url: URL, wait_ms: number, peer: Peer): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const bounded = { ...request, max_bytes: Math.min(request.max_bytes, NOTIFY_ANSWER_MAX_BYTES) };
    peer.submit(new Exchange(bounded, url, { wait_ms, answer_ms: null }, peer, { resolve, reject }));
  });
}

/**
 * The address when the host is one. `URL` has brought every odd form of IPv4 (decimal, octal, hexadecimal, shortened,
 * full-width digits) to four decimal numbers by then.
 */
function literalAddress(hostname: string): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? null : bare;
}

/** Connection options whose lookup asks nobody: it answers with the addresses that were checked. */
function pinned(url: URL, addresses: readonly string[], trust: ConnectOptions): ConnectOptions {
  const answers = addresses.map((address) => ({ address, family: isIP(address) }));
  const lookup: LookupFunction = (hostname, { all }, callback) => {
    const [first] = answers;
    if (hostname !== url.hostname || first === undefined) {
      callback(new Error('asked for a host that was not checked'), []);
    } else if (all === true) {
      callback(null, answers);
    } else {
      callback(null, first.address, first.family);
    }
  };
  return { ...trust, lookup };
}

/** The lookup goes on when the time is over: its result serves the next notification. */
function withinLimit<Result>(clock: Clock, limit_ms: number, lookup: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(limit_ms, () => reject(new NoAnswer('not_sent', 'name_not_resolved')));
    lookup.then(resolve, reject).finally(() => timer.cancel());
  });
}
