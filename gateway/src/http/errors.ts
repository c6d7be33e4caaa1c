import type { FastifyReply } from 'fastify';
import { ChannelMisconfigured } from '../channels/channel.ts';
import { ApiError, CODES } from '../domain/codes.ts';
import { DatabaseUnavailable } from '../domain/unavailable.ts';

export interface ErrorBody {
  readonly code: number;
  readonly msg: string;
}

/**
 * Answers an error in the documented shape. Only an `ApiError` speaks in its own words; everything else is 500 系统错误 with no
 * detail, and goes to `unexpected` for the log.
 */
export function sendError(reply: FastifyReply, error: unknown, unexpected: (error: unknown) => void): ErrorBody {
  const known = asApiError(error);
  if (!known) unexpected(error);
  const shown =
    known ?? new ApiError('system_error', '系统错误 (system error): the outcome is unknown, query the order');
  if (shown.http_status === 503 || shown.http_status === 429)
    void reply.header('retry-after', String(shown.retry_after_s));
  const body: ErrorBody = { code: shown.code, msg: shown.message };
  void reply
    .code(shown.http_status)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(body));
  return body;
}

function asApiError(error: unknown): ApiError | null {
  if (error instanceof ApiError) return error;
  if (error instanceof ChannelMisconfigured)
    return new ApiError('channel_misconfigured', 'a channel account is misconfigured: ask the operator');
  if (error instanceof DatabaseUnavailable)
    return new ApiError(
      'overloaded',
      'the gateway cannot reach its database: the outcome is unknown; query it, or send it again with a new nonce_str',
    );
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new ApiError('too_large', 'the body is too large');
  // Nobody is there any more to read this.
  if (code === 'ECONNRESET') return new ApiError('not_a_token', 'the body did not come to its end');
  if (typeof code === 'string' && code.startsWith('FST_ERR_CTP'))
    return new ApiError('not_a_token', 'the body cannot be read');
  return null;
}

/** Every code with its name and meaning, for the generated documents. */
export function codeTable(): { name: string; code: number; http: number; meaning: string; remedy: string }[] {
  return Object.entries(CODES)
    .map(([name, entry]) => ({ name, ...entry }))
    .toSorted((a, b) => a.code - b.code);
}
