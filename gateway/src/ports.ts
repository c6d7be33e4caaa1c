/**
 * The outside world as the gateway sees it. Time, randomness, the network and the thread-pool signature enter as
 * arguments, so that the whole-system simulation runs this very code under a virtual clock, a seed and its own network.
 */
import type { KeyObject } from 'node:crypto';

/** A timer that can be taken back. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now_ms(): number;
  /** Runs `task` once after `delay_ms` milliseconds. */
  setTimer(delay_ms: number, task: () => void): Timer;
}

export interface Random {
  bytes(length: number): Buffer;
}

/**
 * What a connection has beside the usual: a certificate of ours to show (mutual TLS), an authority of the peer's own to trust.
 * Made once per account, since connections are kept apart by it. It never takes away: the peer's certificate is always verified.
 */
export interface TlsProfile {
  /** Tells profiles apart: equal only for the same certificates. Holds nothing secret. */
  readonly id: string;
  /** Shown to a peer that asks who we are; PEM, the certificate with its chain. Null: none. */
  readonly identity: { readonly certificate_pem: string; readonly private_key_pem: string } | null;
  /** Certificates (PEM) trusted beside those that everybody trusts. */
  readonly trusted_certificates: readonly string[];
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** From the first byte sent to the last byte read. */
  readonly timeout_ms: number;
  /** A longer answer is cut off and counts as no answer. */
  readonly max_bytes: number;
  /** For https alone; absent: the usual. */
  readonly tls?: TlsProfile | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names; repeated headers joined with ', '. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Why there is no answer. `not_sent`: certain that the peer saw nothing. `lost`: it may have acted on the request. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly kind: 'not_sent' | 'lost';
  /** A stable word for metrics and timelines: `timeout`, `connection_refused`, `connection_lost`, `too_large`, `blocked_address` … */
  readonly reason: string;

  constructor(kind: 'not_sent' | 'lost', reason: string, options?: ErrorOptions) {
    super(`${kind}: ${reason}`, options);
    this.kind = kind;
    this.reason = reason;
  }
}

/** For having a connection, milliseconds: a request's own time limit starts after it. */
export const CONNECT_TIMEOUT_MS = 5_000;

export interface HttpClient {
  /** Sends one request. Redirects are never followed. Rejects with `NoAnswer` and nothing else. */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

export interface Signer {
  /** RSASSA-PKCS1-v1_5 with SHA-256 on the thread pool: about a millisecond of CPU for RSA-2048, off the event loop. */
  signSha256(key: KeyObject, data: string): Promise<Buffer>;
}

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: HttpClient;
  readonly signer: Signer;
}
