import type { LedgerEntry } from '../../../simulators/src/kernel/ledger.ts';
import type { Mirror } from '../mirror.ts';
import type { Observation } from '../observation.ts';
import type { SimulatedMerchant } from '../merchant.ts';

/** What an invariant may look at. */
export interface View {
  /** The gateway's books as they stand. */
  readonly books: Mirror;
  /** What the channels did with money so far. */
  ledger(): readonly LedgerEntry[];
  readonly merchants: readonly SimulatedMerchant[];
  /** Texts that must appear in no log. */
  readonly secrets: readonly string[];
  now_ms(): number;
}

/** A sentence about what is wrong, and the order concerned, where there is one. */
export interface Broken {
  readonly sentence: string;
  readonly trade_id?: string | undefined;
}

/** One judge in one world. What it remembers is its own. */
export interface Judge {
  /** At each step: what has just been seen. */
  watch?(observation: Observation): readonly Broken[];
  /** Once the world has come to rest. */
  atRest?(): readonly Broken[];
}

export interface Invariant {
  readonly name: string;
  /** What always holds, in a sentence. */
  readonly promise: string;
  judge(view: View): Judge;
}
