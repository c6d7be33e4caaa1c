/** What a merchant was told, and what failed on the way: the first must be true for ever. */

/** A request that was not answered as it should be. */
export interface Failure {
  /** `ECONNRESET`, `timeout`, `http 503`, `code 601` and the like. */
  readonly kind: string;
  readonly path: string;
  readonly number: string;
  readonly at_ms: number;
}

/** An answer with code 0. */
export interface Success {
  readonly path: string;
  readonly mch_trade_id: string;
  readonly trade_id: string;
  readonly trade_state: number | null;
  readonly total_fee: number | null;
  /** Of refunds. */
  readonly refund?: { readonly mch_refund_id: string; readonly refund_fee: number; readonly refund_status: number };
}

export class Tally {
  requests = 0;
  readonly successes: Success[] = [];
  readonly failures: Failure[] = [];
  /** Answers that no request of ours may get, in words. */
  readonly unexpected: string[] = [];

  /** How often each kind of failure was met, most frequent first. */
  failuresByKind(): (readonly [string, number])[] {
    const counts = new Map<string, number>();
    for (const { kind } of this.failures) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return [...counts].toSorted(([, one], [, other]) => other - one);
  }
}
