import type { Answer, OutgoingRequest, Reply } from '../kernel/ports.ts';

export type FaultOperation = 'pay' | 'query' | 'close' | 'reverse' | 'refund' | 'callback';

/** What a channel supplies so that faults speak its own protocol. */
export interface FaultHooks {
  /** The channel's own signed "system error" for an operation. */
  systemErrorAnswer(operation: string): Answer;
  /** The same answer with a signature that does not verify. */
  breakSignature(answer: Answer): Answer;
}

/** A request to the channel that a fault is about to befall. */
export interface AnswerContext {
  /** Does what the request asks for and returns the answer the channel would give. */
  run(): Promise<Answer>;
  readonly operation: string;
  readonly delay_ms: number;
  readonly hooks: FaultHooks;
  randomBytes(length: number): Buffer;
}

/** `abandoned`: the channel gives this callback up; it is sent again only on demand. */
export type CallbackVerdict = 'accepted' | 'refused' | 'abandoned';

/** A callback attempt that a fault is about to befall. */
export interface CallbackContext {
  /** Makes one attempt, freshly signed; `change` alters what is sent. */
  send(change?: (request: OutgoingRequest) => OutgoingRequest): Promise<'accepted' | 'refused'>;
  breakSignature(request: OutgoingRequest): OutgoingRequest;
  wait(delay_ms: number): Promise<void>;
  /** Resolves once another callback of this channel has been sent, or after the given time. */
  waitForAnother(at_most_ms: number): Promise<void>;
  readonly delay_ms: number;
  randomBytes(length: number): Buffer;
}

/** A kind of fault. One that lacks `answer` cannot befall requests; one that lacks `callback` cannot befall callbacks. */
export interface Fault {
  readonly name: string;
  /** One sentence for `GET /control/faults`: what is seen, and whether the effect happened. */
  readonly effect: string;
  /** Used when an injected fault names no `delay_ms`. */
  readonly default_delay_ms: number;
  readonly answer?: (context: AnswerContext) => Promise<Reply>;
  readonly callback?: (context: CallbackContext) => Promise<CallbackVerdict>;
}
