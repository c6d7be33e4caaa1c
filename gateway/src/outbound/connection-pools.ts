/**
 * Kept-alive connections: one undici pool per peer, a bounded number of peers, a bounded number of connections to each and
 * a bounded line of requests that wait for one.
 *
 * The line is ours and not undici's, because a request that gives up can be taken out of it; undici would open a connection
 * for it and then destroy that connection, again and again, just when a peer is in trouble.
 */
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Pool } from 'undici';
import type { Exchange, ExchangeOwner } from './exchange.ts';

export interface ConnectionPoolsOptions {
  /** Peers to keep connections to; beyond it the least recently used idle one is closed. */
  readonly max_peers: number;
  /** Connections to one peer at a time. */
  readonly connections_per_peer: number;
  /** Requests that may wait for a connection to one peer; the next one is turned away. */
  readonly max_waiting_per_peer: number;
  /** Idle connections are closed after this time unless the peer announces another (`Keep-Alive: timeout=`). */
  readonly keep_alive_ms: number;
  /** For connecting, TLS included. */
  readonly connect_timeout_ms: number;
}

/** What may be said about the connections to one peer. TLS verification is not among it: it is always on. */
export interface ConnectOptions {
  /** Answers with addresses that are pinned; the system's resolver when absent. */
  readonly lookup?: LookupFunction;
  /** Every trusted certificate (PEM); those Node trusts when absent. */
  readonly ca?: string[];
  /** Trusted certificates and our own, read once for all connections of the pool; then `ca` is not looked at. */
  readonly secureContext?: SecureContext;
}

export class ConnectionPools {
  readonly #options: ConnectionPoolsOptions;
  /** In the order of their last use, oldest first. */
  readonly #peers = new Map<string, Peer>();
  #closed = false;

  constructor(options: ConnectionPoolsOptions) {
    this.#options = options;
  }

  /** Peers with a pool, for metrics and tests. */
  get size(): number {
    return this.#peers.size;
  }

  /**
   * The peer under this key, made when there is none.
   *
   * @param key what tells peers apart: the origin, and the addresses or the certificates where these are pinned.
   * @param origin scheme, host and port.
   * @param connect called when the pool has to be made.
   */
  peer(key: string, origin: string, connect: () => ConnectOptions): Peer {
    let peer = this.#peers.get(key);
    if (peer === undefined) {
      peer = new Peer(origin, connect(), this.#options);
      if (this.#closed) void peer.close();
      else this.#peers.set(key, peer);
      if (this.#peers.size > this.#options.max_peers) this.#closeIdlest(peer);
    } else {
      this.#peers.delete(key);
      this.#peers.set(key, peer);
    }
    return peer;
  }

  /** Lets running exchanges end, refuses new ones, closes every connection. */
  async close(): Promise<void> {
    this.#closed = true;
    const closing = [...this.#peers.values()].map((peer) => peer.close());
    this.#peers.clear();
    await Promise.all(closing);
  }

  /** Peers in use are kept, even beyond the bound: their number is bounded by the requests under way. */
  #closeIdlest(newest: Peer): void {
    for (const [key, peer] of this.#peers) {
      if (peer === newest || peer.busy) continue;
      this.#peers.delete(key);
      void peer.close();
      if (this.#peers.size <= this.#options.max_peers) return;
    }
  }
}

/** The connections to one peer. */
export class Peer implements ExchangeOwner {
  readonly #pool: Pool;
  readonly #max_running: number;
  readonly #max_waiting: number;
  /** First in, first out; a Set so that one that gives up leaves the middle of the line at once. */
  readonly #waiting = new Set<Exchange>();
  #running = 0;
  /** Finished exchanges, counted in `#running` still, whose connections undici frees at the end of this turn of the event loop. */
  #finished = 0;

  constructor(origin: string, connect: ConnectOptions, options: ConnectionPoolsOptions) {
    this.#max_running = options.connections_per_peer;
    this.#max_waiting = options.max_waiting_per_peer;
    this.#pool = new Pool(origin, {
      connections: options.connections_per_peer,
      pipelining: 1,
      // Over HTTP/2 one lost connection would lose every request on it at once.
      allowH2: false,
      // An exchange has one time limit for everything, its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.keep_alive_ms,
      connect: {
        ...connect,
        timeout: options.connect_timeout_ms,
        // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment does not switch it off.
        rejectUnauthorized: true,
      },
    });
  }

  /** Whether an exchange is running or waiting. */
  get busy(): boolean {
    return this.#running > 0 || this.#waiting.size > 0;
  }

  /** Sends an exchange now or when a connection is free. */
  submit(exchange: Exchange): void {
    const may_go = this.#running < this.#max_running && this.#finished === 0 && this.#waiting.size === 0;
    if (may_go) this.#dispatch(exchange);
    else if (this.#waiting.size < this.#max_waiting) this.#waiting.add(exchange);
    else exchange.refuse('too_many_waiting');
  }

  abandoned(exchange: Exchange): void {
    this.#waiting.delete(exchange);
  }

  /**
   * undici takes a connection back by `setImmediate` after the answer's end. A request sent before that would not find it and
   * open another one, so that a steady load would hold three times the connections it needs; it waits for that moment instead.
   */
  finished(): void {
    this.#finished += 1;
    // By way of a microtask, so that our `setImmediate` comes after undici's own, which follows this call.
    queueMicrotask(() => setImmediate(() => this.#advance()));
  }

  async close(): Promise<void> {
    for (const exchange of this.#waiting) exchange.refuse('client_closed');
    this.#waiting.clear();
    await this.#pool.close();
  }

  /** One connection is free now: one exchange from the line, or all that may go when no other connection is on its way back. */
  #advance(): void {
    this.#finished -= 1;
    this.#running -= 1;
    for (const next of this.#waiting) {
      if (this.#running >= this.#max_running) return;
      this.#waiting.delete(next);
      this.#dispatch(next);
      if (this.#finished > 0) return;
    }
  }

  #dispatch(exchange: Exchange): void {
    this.#running += 1;
    this.#pool.dispatch(exchange.options, exchange);
  }
}
