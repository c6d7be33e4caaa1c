/** One signed call: request, answer, verification; sent again where that is safe. */
import type { Clock } from './clock.ts';
import {
  ChannelRefused,
  HeliuError,
  InvalidToken,
  OutcomeUnknown,
  Refused,
  isRefused,
  wasTurnedAway,
} from './errors.ts';
import { openToken, signToken, type Json } from './json-web-token.ts';
import type { LazyKey } from './keys.ts';
import { tellObserver } from './tell-observer.ts';
import type { Answer } from './types.ts';
import { randomHex } from './web-crypto.ts';

/** One attempt of a call, for logs and for people who want to look. It holds no key and no payment code. */
export interface Exchange {
  readonly path: string;
  readonly url: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** What was signed, with `auth_code` blotted out. */
  readonly claims: Json;
  /** The JWT that was sent; null when it holds a payment code. */
  readonly request_body: string | null;
  readonly http_status: number | null;
  /** What came back, as it came; null when nothing did. */
  readonly answer_body: string | null;
  /** What came back, once verified. */
  readonly answer: Answer<Json> | null;
  readonly error: HeliuError | null;
  readonly started_at_ms: number;
  readonly elapsed_ms: number;
}

export interface CallOptions {
  /** Ends the call. What was sent may still have been done: the error is OutcomeUnknown. */
  readonly signal?: AbortSignal;
  /** How often the call is sent again when its outcome is unknown, instead of what the client was made with. */
  readonly max_retries?: number;
}

export interface CallSettings {
  readonly gateway_url: string;
  readonly merchant_id: string;
  readonly private_key: LazyKey;
  readonly platform_public_key: LazyKey;
  readonly timeout_ms: number;
  readonly max_retries: number;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly observe: ((exchange: Exchange) => void) | undefined;
}

/** Before the second attempt, before the third, and before every later one. */
const RETRY_AFTER_MS = [500, 2_000, 5_000] as const;

/** What identifies an order or a refund: an answer that names another one is not the answer to our question. */
const NUMBERS = ['merchant_id', 'mch_trade_id', 'mch_pre_id'] as const;

/**
 * Calls an endpoint. A call whose outcome is unknown is sent again, with the same fields and a new nonce: the gateway knows an
 * order and a refund by its number, and never does one twice.
 *
 * @throws Refused, OutcomeUnknown
 */
export async function call(
  settings: CallSettings,
  path: string,
  fields: Json,
  options: CallOptions = {},
): Promise<Answer<Json>> {
  const max_retries = options.max_retries ?? settings.max_retries;
  let unknown: OutcomeUnknown | null = null;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(settings, path, fields, attempt, options.signal);
    } catch (caught) {
      if (attempt > 1 && isRefused(caught, 'number_repeated')) throw decidedMeanwhile(caught);
      // Nobody looked at the order this time: what an earlier attempt has done is as unknown as before.
      const error: unknown = unknown !== null && wasTurnedAway(caught) ? unknown : caught;
      if (error instanceof OutcomeUnknown) unknown = error;
      if (attempt > max_retries || !isSafeToRepeat(error) || options.signal?.aborted) throw error;
      const asked_ms = error instanceof OutcomeUnknown ? error.retry_after_ms : null;
      const wait_ms = asked_ms ?? RETRY_AFTER_MS[attempt - 1] ?? RETRY_AFTER_MS[2];
      await settings.clock.sleep(wait_ms, options.signal);
      if (options.signal?.aborted) throw error;
    }
  }
}

/** Every refusal would be the same again, but for the one that says that nothing has left the gateway. */
function isSafeToRepeat(error: unknown): boolean {
  return error instanceof OutcomeUnknown || (error instanceof ChannelRefused && error.not_sent);
}

function decidedMeanwhile(cause: Refused): OutcomeUnknown {
  return new OutcomeUnknown(
    'decided_meanwhile',
    'an earlier attempt arrived although its answer was lost, and the order is decided by now: query it',
    { cause },
  );
}

async function send(
  settings: CallSettings,
  path: string,
  fields: Json,
  attempt: number,
  signal: AbortSignal | undefined,
): Promise<Answer<Json>> {
  const claims = { ...fields, nonce_str: await randomHex(16) };
  const body = await signToken(claims, settings.private_key);
  const url = `${settings.gateway_url}${path}?merchant_id=${settings.merchant_id}`;
  const started_at_ms = settings.clock.now_ms();
  const seen: { http_status: number | null; answer_body: string | null } = { http_status: null, answer_body: null };
  const tell = (answer: Answer<Json> | null, error: HeliuError | null): void =>
    tellObserver(settings.observe, {
      path,
      url,
      attempt,
      claims: 'auth_code' in claims ? { ...claims, auth_code: '…' } : claims,
      request_body: 'auth_code' in claims ? null : body,
      ...seen,
      answer,
      error,
      started_at_ms,
      elapsed_ms: settings.clock.now_ms() - started_at_ms,
    });
  try {
    const response = await exchange(settings, url, body, signal);
    seen.http_status = response.status;
    seen.answer_body = response.body;
    const answer = await read(settings, response, fields);
    tell(answer, null);
    return answer;
  } catch (error) {
    if (error instanceof HeliuError) tell(null, error);
    throw error;
  }
}

interface Response {
  readonly status: number;
  readonly body: string;
  readonly retry_after_ms: number | null;
}

/** Sends and reads to the end, within the time limit. Whatever fails on the way leaves the outcome unknown. */
async function exchange(
  settings: CallSettings,
  url: string,
  body: string,
  signal: AbortSignal | undefined,
): Promise<Response> {
  const ending = new AbortController();
  const stop = (): void => ending.abort();
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  const timer = setTimeout(stop, settings.timeout_ms);
  try {
    const headers = { 'content-type': 'text/plain' };
    // A redirect would take a signed order to somebody else.
    const options: RequestInit = { method: 'POST', headers, body, redirect: 'error', signal: ending.signal };
    const response = await settings.fetch(url, options);
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      status: response.status,
      body: await response.text(),
      retry_after_ms: Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 60) * 1_000 : null,
    };
  } catch (cause) {
    if (signal?.aborted) throw new OutcomeUnknown('aborted', 'the call was ended before its answer came', { cause });
    if (ending.signal.aborted) {
      throw new OutcomeUnknown('timeout', `no answer within ${settings.timeout_ms} ms`, { cause });
    }
    throw new OutcomeUnknown('network', 'the gateway could not be reached, or the line broke', { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

async function read(settings: CallSettings, response: Response, fields: Json): Promise<Answer<Json>> {
  const text = response.body.trim();
  if (text.startsWith('{')) throw refusal(text, response);
  const opened = await openToken(text, settings.platform_public_key).catch((cause: unknown) => {
    if (!(cause instanceof InvalidToken)) throw cause;
    throw badAnswer(`HTTP ${response.status} with a body that is no answer of the gateway: ${cause.message}`, cause);
  });
  const { code, msg = '', data = {}, nonce_str = '', time_elapsed = 0 } = opened as Partial<Answer<Json>>;
  if (response.status !== 200 || code !== 0 || typeof data !== 'object') {
    throw badAnswer(`HTTP ${response.status} with a signed answer that is no success`);
  }
  requireAnswerTo(fields, { merchant_id: settings.merchant_id }, data);
  return { code, msg, data, nonce_str, time_elapsed };
}

/** An old answer is genuine too: whoever can put himself on the line could send one about another order. */
function requireAnswerTo(fields: Json, ours: Json, data: Json): void {
  for (const name of NUMBERS) {
    const asked = fields[name] ?? ours[name];
    const answered = data[name];
    if (asked !== undefined && answered !== undefined && answered !== asked) {
      throw badAnswer(`the answer is about another ${name} than the request`);
    }
  }
  const refund = data['refunds'];
  const answered: unknown =
    typeof refund === 'object' && refund !== null ? Reflect.get(refund, 'mch_refund_id') : undefined;
  if (fields['mch_refund_id'] !== undefined && answered !== undefined && answered !== fields['mch_refund_id']) {
    throw badAnswer('the answer is about another mch_refund_id than the request');
  }
}

function refusal(text: string, { status, retry_after_ms }: Response): HeliuError {
  const { code, msg } = parse(text);
  if (typeof code !== 'number' || code === 0) return badAnswer(`HTTP ${status} with JSON that is no refusal`);
  const words = typeof msg === 'string' ? msg : '';
  switch (code) {
    case 500:
      return new OutcomeUnknown('system_error', `code 500: ${words}`);
    case 503:
      return new OutcomeUnknown('overloaded', `code 503: ${words}`, { retry_after_ms });
    case 601:
      return new OutcomeUnknown('channel_timeout', `code 601: ${words}`);
    case 600:
      return new ChannelRefused(code, words);
    default:
      return new Refused(code, words);
  }
}

function parse(text: string): { readonly code?: unknown; readonly msg?: unknown } {
  try {
    return JSON.parse(text) as { readonly code?: unknown; readonly msg?: unknown };
  } catch {
    return {};
  }
}

function badAnswer(message: string, cause?: unknown): OutcomeUnknown {
  return new OutcomeUnknown('bad_answer', message, { cause });
}
