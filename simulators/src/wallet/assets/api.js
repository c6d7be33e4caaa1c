import { text } from './page-data.js';

/** A call that was refused (`status`) or got no answer (no `status`). */
export class CallError extends Error {
  constructor(message, status) {
    super(message);
    this.name = 'CallError';
    this.status = status;
  }
}

/**
 * Calls the control API of our own origin.
 * @throws CallError with a sentence to show
 */
export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  } catch {
    throw new CallError(text('offlineMessage'));
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new CallError(answer.msg ?? `HTTP ${response.status}`, response.status);
  return answer;
}
