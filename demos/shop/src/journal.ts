/** Makes of what the SDK saw what a developer wants to see. */
import type { Exchange, NotificationAnswer } from '../../../sdk/typescript/src/index.ts';
import type { JournalEntry, JournalPart } from './orders.ts';

/** What anybody sent to the notify_url is kept up to here. */
const SHOWN_CHARACTERS = 6_000;

/** An attempt of a call. */
export function callEntry(exchange: Exchange): JournalEntry {
  const { error, answer, path, attempt } = exchange;
  const unknown = error?.code === 'ERR_HELIU_OUTCOME_UNKNOWN';
  const parts: [JournalPart, string | null][] = [
    ['request', pretty(exchange.claims)],
    ['request_token', exchange.request_body],
    ['answer', answer === null ? exchange.answer_body : pretty(answer)],
    ['answer_token', answer === null ? null : exchange.answer_body],
  ];
  return {
    at_ms: exchange.started_at_ms,
    kind: 'call',
    title: attempt === 1 ? `POST ${path}` : `POST ${path} (${attempt})`,
    outcome: error === null ? 'good' : unknown ? 'unknown' : 'bad',
    result: error === null ? 'success' : error.message.slice(0, 120),
    elapsed_ms: exchange.elapsed_ms,
    parts: shown(parts),
  };
}

/** Something that was posted to the notify_url, and what it was answered. Only an answer 200 means that it was genuine. */
export function notificationEntry(body: string, answer: NotificationAnswer, at_ms: number): JournalEntry {
  return {
    at_ms,
    kind: 'notification',
    title: 'POST /notify',
    outcome: answer.status === 200 ? 'good' : 'bad',
    result: `${answer.status} ${answer.body}`,
    elapsed_ms: null,
    parts: shown([
      ['notification', decodeUnverified(body)],
      ['notification_token', body],
    ]),
  };
}

/** The number that a notification names, genuine or not: enough to find the page to show it on, and for nothing else. */
export function claimedNumber(body: string): string {
  try {
    const { data } = JSON.parse(decodeUnverified(body) ?? '') as { data?: { mch_trade_id?: unknown } };
    return typeof data?.mch_trade_id === 'string' ? data.mch_trade_id : '';
  } catch {
    return '';
  }
}

function decodeUnverified(token: string): string | null {
  try {
    return pretty(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()));
  } catch {
    return null;
  }
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function shown(parts: readonly [JournalPart, string | null][]): JournalEntry['parts'] {
  return parts.flatMap(([name, text]) => (text === null ? [] : [{ name, text: text.slice(0, SHOWN_CHARACTERS) }]));
}
