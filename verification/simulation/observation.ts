/** What can be seen of a world while it runs: by invariants, which judge it, and by the coverage, which counts it. */
import type { ActiveFault } from '../../simulators/src/faults/registry.ts';
import type { LedgerEntry } from '../../simulators/src/kernel/ledger.ts';
import type { Json } from '../merchant.ts';
import type { Change } from './changes.ts';
import type { CallResult } from './merchant.ts';

export type Observation =
  /** A statement has been committed. */
  | {
      readonly kind: 'commit';
      readonly owner: string;
      readonly statement: string;
      readonly changes: readonly Change[];
    }
  /** A channel has done something with money. */
  | { readonly kind: 'ledger'; readonly entry: LedgerEntry }
  /** A merchant has heard an answer, or knows that it will hear none. */
  | {
      readonly kind: 'answered';
      readonly merchant_id: string;
      readonly path: string;
      readonly fields: Json;
      readonly asked_at_ms: number;
      readonly result: CallResult;
    }
  /** A merchant has heard a notification. */
  | {
      readonly kind: 'heard';
      readonly merchant_id: string;
      readonly path: string;
      readonly token: string;
      readonly nonce_str: string;
      readonly data: Json;
    }
  /** A node has written a line into its log, exactly so. */
  | { readonly kind: 'log'; readonly owner: string; readonly line: string }
  /** Something bad has befallen somebody. */
  | { readonly kind: 'blow'; readonly what: string }
  /** A channel has shown one of its faults. */
  | {
      readonly kind: 'fault';
      readonly channel: string;
      readonly operation: string;
      readonly fault: ActiveFault['fault'];
    }
  /** A request has been answered, by whomever. */
  | {
      readonly kind: 'exchanged';
      readonly from: string;
      readonly to: string;
      readonly method: string;
      readonly target: string;
      readonly status: number;
    }
  /** A channel has called back and been answered, or not. */
  | {
      readonly kind: 'called_back';
      readonly channel: string;
      readonly out_trade_no: string;
      readonly event: string;
      readonly accepted: boolean;
    }
  /** A node is being stopped, while it waits for so many answers of channels. */
  | { readonly kind: 'stops'; readonly node: string; readonly waits_for_channels: number }
  /** A stranger has heard an answer. */
  | { readonly kind: 'stranger'; readonly what: string; readonly status: number; readonly code: number | null };

export type Observer = (observation: Observation) => void;
