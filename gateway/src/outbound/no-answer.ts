/**
 * The words for why a request has no answer, one for each kind of error that undici, node:net, node:tls and the resolver
 * raise. They are stable: metrics and timelines show them.
 */
import { errors } from 'undici';
import { NoAnswer } from '../ports.ts';

const NOT_SENT_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection_refused',
  ENOTFOUND: 'name_not_resolved',
  EAI_AGAIN: 'name_not_resolved',
  ENODATA: 'name_not_resolved',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_INVALID_ARG: 'invalid_request',
  UND_ERR_NOT_SUPPORTED: 'invalid_request',
  UND_ERR_CLOSED: 'client_closed',
  UND_ERR_DESTROYED: 'client_closed',
};

const LOST_REASONS: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_OVERFLOW: 'too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'bad_answer',
};

/**
 * An error raised before the first byte of the request was written: no connection could be had.
 *
 * @param secure whether the connection was to be TLS: then whatever is not a failure of TCP or of the name is one of the handshake.
 */
export function notSent(error: Error, secure: boolean): NoAnswer {
  const code = codeOf(error);
  const reason = NOT_SENT_REASONS[code] ?? (secure ? 'tls_failed' : 'connect_failed');
  return new NoAnswer('not_sent', reason, { cause: error });
}

/** An error raised when the request had been given to the connection: the peer may have acted on it. */
export function lost(error: Error): NoAnswer {
  // undici 8 leaves this one without a code.
  const unreadable = error instanceof errors.HTTPParserError;
  const reason = unreadable ? 'bad_answer' : (LOST_REASONS[codeOf(error)] ?? 'connection_lost');
  return new NoAnswer('lost', reason, { cause: error });
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
