import { ControlError } from '../kernel/control-error.ts';
import type { Answer } from '../kernel/ports.ts';

/** A request to the control API or the wallet page after access was granted. */
export interface ControlRequest {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly answer: (request: ControlRequest) => Answer | Promise<Answer>;
}

/** What each refusal is called in the `code` of an error body. */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'not_possible',
  410: 'gone',
};

/** @returns a JSON answer that no cache keeps: every answer is the state of this moment */
export function jsonAnswer(status: number, body: object, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** @returns `{code, msg}` with the status and sentence of the error; any other error is rethrown as the defect it is */
export function errorAnswer(error: unknown, headers: Record<string, string> = {}): Answer {
  if (!(error instanceof ControlError)) throw error;
  const code = CODE_OF_STATUS[error.status] ?? 'refused';
  return jsonAnswer(error.status, { code, msg: error.reason }, headers);
}
