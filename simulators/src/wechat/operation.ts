import type { CallbackSender } from '../kernel/callbacks.ts';
import type { Journal } from '../kernel/journal.ts';
import type { Ledger } from '../kernel/ledger.ts';
import type { SimulatorPorts } from '../kernel/ports.ts';
import type { WechatConfig, WechatMerchant } from './config.ts';
import type { FieldRules } from './field-rules.ts';
import type { Keyring } from './keyring.ts';
import type { WechatState } from './state.ts';

/** Everything an operation acts on. */
export interface WechatWorld {
  readonly ports: SimulatorPorts;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly config: WechatConfig;
  readonly keyring: Keyring;
  readonly state: WechatState;
  readonly callbacks: CallbackSender;
  /** Where browsers reach the page of H5 orders: an origin without a slash at the end. */
  web_origin(): string;
}

/** A request that has been authenticated and whose fields have passed the operation's rules. */
export interface WechatCall {
  readonly merchant: WechatMerchant;
  /** Parts of the path, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A successful outcome; without a body it is answered 204 (doc 4012081709). */
export interface WechatOutcome {
  readonly body?: object;
}

/** One of upstream's operations. A new one is one file that exports it and one line in operations.ts. */
export interface WechatOperation {
  /** Which injected faults befall it; `certificates` is reached by `*` only. */
  readonly fault_operation: 'pay' | 'query' | 'close' | 'reverse' | 'refund' | 'certificates';
  readonly method: 'GET' | 'POST';
  /** Upstream's path with `{name}` for its variable parts. */
  readonly path: string;
  readonly path_fields?: FieldRules;
  readonly query_fields?: FieldRules;
  readonly body_fields?: FieldRules;
  /** Decides in one synchronous step. @throws WechatError a refusal */
  run(world: WechatWorld, call: WechatCall): WechatOutcome;
}
