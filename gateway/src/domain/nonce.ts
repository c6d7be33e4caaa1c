/**
 * A request's random number. It is used once among all that one key signs: a platform may sign for its tenants, and what it
 * signed for one of them must not do for another.
 */
export interface Nonce {
  /** The merchant whose key signed the request. */
  readonly signer_id: string;
  readonly nonce_str: string;
}
