/**
 * The gateway's HTTP client towards the channels: one bounded pool of kept-alive connections per origin, and one of its own for
 * each TLS profile there, so that no request travels under another account's certificate.
 */
import { createSecureContext, getCACertificates } from 'node:tls';
import {
  CONNECT_TIMEOUT_MS,
  type HttpAnswer,
  type HttpClient,
  type HttpRequest,
  NoAnswer,
  type TlsProfile,
} from '../ports.ts';
import { type ConnectOptions, ConnectionPools, type Peer } from './connection-pools.ts';
import { Exchange } from './exchange.ts';

export interface HttpClientOptions {
  /** For having a connection: waiting for a free one, name, TCP, TLS. A request's own `timeout_ms` starts after it. */
  readonly connect_timeout_ms?: number;
  /**
   * Idle connections are closed after this time unless the peer announces another. Short, because a request written at the
   * moment the peer closes an idle connection is lost, and a lost payment has to be asked about.
   */
  readonly keep_alive_ms?: number;
  readonly max_origins?: number;
  readonly connections_per_origin?: number;
  readonly max_waiting_per_origin?: number;
  /** Certificates (PEM) trusted beside those that Node trusts: a company's own authority. */
  readonly trusted_certificates?: readonly string[];
}

export interface ClosableHttpClient extends HttpClient {
  /** Lets running requests end within their own limits, refuses new ones as `not_sent`, closes every connection. */
  close(): Promise<void>;
}

/**
 * Makes the client. `send` rejects with `NoAnswer` and nothing else:
 *
 * | kind | reason |
 * |---|---|
 * | `not_sent` | `connection_refused`, `name_not_resolved`, `unreachable`, `connect_timeout`, `connect_failed`, `tls_failed`, `too_many_waiting`, `client_closed`, `invalid_request`, `tls_unusable` |
 * | `lost` | `timeout`, `too_large`, `bad_answer`, `connection_lost` |
 */
export function createHttpClient(options: HttpClientOptions = {}): ClosableHttpClient {
  const connect_timeout_ms = options.connect_timeout_ms ?? CONNECT_TIMEOUT_MS;
  const pools = new ConnectionPools({
    max_peers: options.max_origins ?? 100,
    connections_per_peer: options.connections_per_origin ?? 256,
    max_waiting_per_peer: options.max_waiting_per_origin ?? 2_000,
    keep_alive_ms: options.keep_alive_ms ?? 4_000,
    connect_timeout_ms,
  });
  const connect = connectOptions(options.trusted_certificates);
  const usual = (): ConnectOptions => connect;

  /** The peer of a profile; null when OpenSSL cannot use its certificates, and then nothing has been sent. */
  function profiled(url: URL, tls: TlsProfile, reject: (reason: NoAnswer) => void): Peer | null {
    const make = (): ConnectOptions => profileOptions(tls, options.trusted_certificates ?? []);
    try {
      return pools.peer(`${url.origin} ${tls.id}`, url.origin, make);
    } catch (cause) {
      reject(new NoAnswer('not_sent', 'tls_unusable', { cause }));
      return null;
    }
  }

  return {
    send(request: HttpRequest): Promise<HttpAnswer> {
      return new Promise((resolve, reject) => {
        const url = URL.parse(request.url);
        if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
          reject(new NoAnswer('not_sent', 'invalid_request'));
          return;
        }
        const { tls } = request;
        const peer = tls ? profiled(url, tls, reject) : pools.peer(url.origin, url.origin, usual);
        if (peer === null) return;
        const limits = { wait_ms: connect_timeout_ms, answer_ms: request.timeout_ms };
        peer.submit(new Exchange(request, url, limits, peer, { resolve, reject }));
      });
    },
    close: () => pools.close(),
  };
}

/** Certificates given are trusted beside Node's own, not instead of them. */
export function connectOptions(trusted_certificates: readonly string[] | undefined): ConnectOptions {
  if (trusted_certificates === undefined || trusted_certificates.length === 0) return {};
  return { ca: [...getCACertificates('default'), ...trusted_certificates] };
}

/** Read once for a pool: with `ca` and `cert` each new connection would read some 150 certificates anew. */
function profileOptions(tls: TlsProfile, trusted_certificates: readonly string[]): ConnectOptions {
  const { identity } = tls;
  const { ca } = connectOptions([...trusted_certificates, ...tls.trusted_certificates]);
  return {
    secureContext: createSecureContext({
      ...(ca && { ca }),
      ...(identity && { cert: identity.certificate_pem, key: identity.private_key_pem }),
    }),
  };
}
