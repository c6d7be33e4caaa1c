/**
 * What the simulators need from the outside world. Nothing in this folder reads a clock, a random source or a socket
 * directly, so that a test can run the very same code under a virtual clock, a seed and an in-process network.
 */

/** A cancellable timer. */
export interface Timer {
  cancel(): void;
}

/** An HTTP request that a simulator makes (a payment or refund callback to the gateway). */
export interface OutgoingRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly timeout_ms: number;
}

/** The answer to an outgoing request. */
export interface OutgoingAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SimulatorPorts {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs a task after a delay in milliseconds. */
  schedule(delay_ms: number, task: () => void | Promise<void>): Timer;
  randomBytes(length: number): Buffer;
  /** Resolves with whatever was answered; rejects when there was no answer (refused, reset, timed out). */
  send(request: OutgoingRequest): Promise<OutgoingAnswer>;
}

/** A request as it reached a simulator; `target` is path and query exactly as received (signatures cover it). */
export interface IncomingRequest {
  readonly method: string;
  readonly target: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The address of the other end of the connection; absent when the request came over no socket. */
  readonly peer_address?: string | undefined;
  /** The certificate whose key the other end has proven over TLS: SHA-256 of its DER form, lower-case hexadecimal. */
  readonly client_certificate?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What becomes of a connection: an answer after an optional delay, a reset, or silence until the client gives up. */
export type Reply =
  | { readonly kind: 'answer'; readonly answer: Answer; readonly delay_ms: number }
  | { readonly kind: 'reset'; readonly delay_ms: number }
  | { readonly kind: 'silence' };

export type Handler = (request: IncomingRequest) => Promise<Reply>;
