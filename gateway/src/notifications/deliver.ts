/** One attempt to deliver one notification, and what it came to. What happens next is for the job and the retry schedule. */
import { NOTIFY_TIMEOUT_MS } from '../domain/retry-schedule.ts';
import { type Clock, type HttpAnswer, type HttpClient, NoAnswer } from '../ports.ts';
import { NOTIFY_ANSWER_MAX_BYTES } from './guarded-client.ts';

/** How much of a merchant's answer is kept for the operator to read. */
const ANSWER_EXCERPT_LENGTH = 200;
/** Bytes that are decoded for the excerpt: UTF-8 takes up to four for a character. */
const EXCERPT_BYTES = ANSWER_EXCERPT_LENGTH * 4;
const SUCCESS = 'success';

export interface DeliveryPorts {
  /** The guarded client: the URL is the merchant's choice. */
  readonly http: HttpClient;
  readonly clock: Clock;
}

export interface Notification {
  readonly url: string;
  /** The JWT as signed, the whole body of the request. */
  readonly token: string;
}

export type DeliveryReport =
  | { readonly delivered: true; readonly status: number; readonly duration_ms: number }
  | {
      readonly delivered: false;
      /** A stable word: `http_500`, `redirect`, `answer_not_success`, or the `NoAnswer` reason (`timeout`, `blocked_address` …). */
      readonly reason: string;
      /** Absent when there was no answer. */
      readonly status?: number;
      /** The first 200 characters of the answer, control characters as spaces. Absent when there was no answer. */
      readonly answer?: string;
      readonly duration_ms: number;
    };

/**
 * Sends a notification once: POST, `Content-Type: text/plain`, the token as the body. Delivered when the answer is 2xx and its
 * body, trimmed, is `success` in any case (响应字符串"success"，大小写皆可). Never rejects for what the network or the
 * merchant's server does.
 */
export async function deliverOnce(ports: DeliveryPorts, notification: Notification): Promise<DeliveryReport> {
  const started_at_ms = ports.clock.now_ms();
  const duration = (): number => Math.max(0, ports.clock.now_ms() - started_at_ms);
  try {
    const answer = await ports.http.send({
      method: 'POST',
      url: notification.url,
      headers: { 'content-type': 'text/plain' },
      body: notification.token,
      timeout_ms: NOTIFY_TIMEOUT_MS,
      max_bytes: NOTIFY_ANSWER_MAX_BYTES,
    });
    const reason = failure(answer);
    if (reason === null) return { delivered: true, status: answer.status, duration_ms: duration() };
    return { delivered: false, reason, status: answer.status, answer: excerpt(answer.body), duration_ms: duration() };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return { delivered: false, reason: error.reason, duration_ms: duration() };
  }
}

/** Why an answer does not count as delivery; null when it does. */
function failure({ status, body }: HttpAnswer): string | null {
  if (status >= 300 && status < 400) return 'redirect';
  if (status < 200 || status >= 300) return `http_${status}`;
  // `trim` takes a byte order mark away as well, which some frameworks put before every answer.
  return body.toString('utf8').trim().toLowerCase() === SUCCESS ? null : 'answer_not_success';
}

/** What a person may read of an answer. NUL and unpaired surrogates, which PostgreSQL text refuses, cannot be in it. */
function excerpt(body: Buffer): string {
  const text = body.subarray(0, EXCERPT_BYTES).toString('utf8');
  const printable = text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, ' ').trim();
  return Array.from(printable).slice(0, ANSWER_EXCERPT_LENGTH).join('');
}
