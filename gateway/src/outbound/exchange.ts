/**
 * One request and its answer, as an undici dispatch handler.
 *
 * undici calls `onRequestStart` immediately before it writes the first byte to a connected (and for https: verified) socket,
 * and at no other time. That is the line between `not_sent` and `lost`: an error before it is proof that the peer saw
 * nothing of this request, an error after it is proof of nothing.
 */
import type { Dispatcher } from 'undici';
import { type HttpAnswer, type HttpRequest, NoAnswer } from '../ports.ts';
import { lost, notSent } from './no-answer.ts';

/** Limits of one exchange, in milliseconds. */
export interface TimeLimits {
  /** Until the first byte is sent: waiting for a free connection, resolving the name, connecting, TLS. */
  readonly wait_ms: number;
  /** From the first byte sent to the last byte read; null when `wait_ms` limits the whole exchange. */
  readonly answer_ms: number | null;
}

/** Who hands the exchange to undici and wants to know when its connection is free again. */
export interface ExchangeOwner {
  /** The exchange gave up while it still waited in the owner's line. */
  abandoned(exchange: Exchange): void;
  /** undici is done with the exchange. Called once, only after it was dispatched. */
  finished(): void;
}

/** How an exchange ends: exactly one of the two is called, once. */
export interface Settle {
  resolve(answer: HttpAnswer): void;
  reject(reason: NoAnswer): void;
}

export class Exchange implements Dispatcher.DispatchHandler {
  readonly options: Dispatcher.DispatchOptions;
  readonly #secure: boolean;
  readonly #max_bytes: number;
  readonly #answer_ms: number | null;
  readonly #owner: ExchangeOwner;
  readonly #settle: Settle;
  #timer: NodeJS.Timeout;
  #phase: 'waiting' | 'sent' | 'settled' = 'waiting';
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;

  /**
   * @param url the request's URL, parsed.
   * @param limits the clock of `wait_ms` starts here.
   */
  constructor(request: HttpRequest, url: URL, limits: TimeLimits, owner: ExchangeOwner, settle: Settle) {
    this.options = {
      method: request.method,
      path: url.pathname + url.search,
      headers: headersOf(request),
      body: request.body,
    };
    this.#secure = url.protocol === 'https:';
    this.#max_bytes = request.max_bytes;
    this.#answer_ms = limits.answer_ms;
    this.#owner = owner;
    this.#settle = settle;
    this.#timer = setTimeout(() => this.#expire(), limits.wait_ms);
  }

  /** Ends an exchange that was never dispatched. */
  refuse(reason: string): void {
    this.#fail(new NoAnswer('not_sent', reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#phase !== 'waiting') {
      // Given up while it waited for the connection; or undici is about to write it a second time after a reset, which
      // must not happen to a payment. Nothing of this attempt has been written.
      this.#fail(new NoAnswer('lost', 'connection_lost'));
      controller.abort(new Error('the request is no longer wanted'));
      return;
    }
    this.#phase = 'sent';
    this.#controller = controller;
    if (this.#answer_ms === null) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#expire(), this.#answer_ms);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHeaders): void {
    if (status < 200) return; // 103 Early Hints and the like: the answer is still to come.
    this.#status = status;
    this.#headers = joined(headers);
    if (Number(headers['content-length'] ?? 0) > this.#max_bytes) this.#tooLarge(controller);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase === 'settled') return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#max_bytes) this.#tooLarge(controller);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#phase !== 'settled') {
      this.#end();
      const [first] = this.#chunks;
      const body = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#bytes);
      this.#settle.resolve({ status: this.#status, headers: this.#headers, body });
    }
    this.#owner.finished();
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#fail(this.#phase === 'waiting' ? notSent(error, this.#secure) : lost(error));
    this.#owner.finished();
  }

  #expire(): void {
    const controller = this.#controller;
    if (controller === null) {
      this.#fail(new NoAnswer('not_sent', 'connect_timeout'));
      this.#owner.abandoned(this);
      return;
    }
    this.#fail(new NoAnswer('lost', 'timeout'));
    controller.abort(new Error('the answer took too long'));
  }

  #tooLarge(controller: Dispatcher.DispatchController): void {
    this.#fail(new NoAnswer('lost', 'too_large'));
    controller.abort(new Error('the answer is too large'));
  }

  #fail(reason: NoAnswer): void {
    if (this.#phase === 'settled') return;
    this.#end();
    this.#chunks = [];
    this.#settle.reject(reason);
  }

  #end(): void {
    this.#phase = 'settled';
    clearTimeout(this.#timer);
  }
}

type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The request's headers in undici's flat form. Answers are never compressed: signatures are over the bytes as they arrive. */
function headersOf(request: HttpRequest): string[] {
  const flat = ['accept-encoding', 'identity'];
  let has_user_agent = false;
  for (const name in request.headers) {
    const value = request.headers[name];
    const lower_name = name.toLowerCase();
    if (value === undefined || lower_name === 'accept-encoding') continue;
    if (lower_name === 'user-agent') has_user_agent = true;
    flat.push(name, value);
  }
  // A peer's operators can then tell in their logs what program a request came from.
  if (!has_user_agent) flat.push('user-agent', 'heliu');
  return flat;
}

function joined(headers: IncomingHeaders): HttpAnswer['headers'] {
  const answer: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) answer[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return answer;
}
