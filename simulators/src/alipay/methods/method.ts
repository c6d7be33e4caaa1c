import type { FaultOperation } from '../../faults/fault.ts';
import type { SimulatorPorts } from '../../kernel/ports.ts';
import type { NodeFields, NodeHead } from '../answers.ts';
import type { AuthCodes } from '../auth-codes.ts';
import type { Authorizations } from '../authorizations.ts';
import type { BizContent } from '../biz-content.ts';
import type { AlipayApp, AlipayConfig } from '../config.ts';
import type { Parameters } from '../signing.ts';
import type { TradeBook } from '../trade-book.ts';
import type { TradeStore } from '../trade-store.ts';

/** What a method works with. */
export interface MethodContext {
  readonly ports: SimulatorPorts;
  readonly config: AlipayConfig;
  readonly apps: ReadonlyMap<string, AlipayApp>;
  readonly store: TradeStore;
  readonly book: TradeBook;
  readonly auth_codes: AuthCodes;
  readonly authorizations: Authorizations;
}

/** What a method has to say once it is done. */
export interface MethodOutcome {
  /** What the node begins with: 10000 when absent; null: neither code nor msg. */
  readonly head?: NodeHead | null;
  readonly fields: NodeFields;
  /** The payer's code asked for it: the answer never arrives. */
  readonly silent?: true;
}

/** One verified request. */
export interface MethodCall {
  readonly app: AlipayApp;
  /** The common parameters: notify_url stands here, not in biz_content. */
  readonly parameters: Parameters;
  readonly biz: BizContent;
}

/** One method of the gateway; a new one is one file and one line in registry.ts. */
export interface AlipayMethod {
  /** For example `alipay.trade.query`. */
  readonly name: string;
  /** Which faults befall it. */
  readonly operation: Exclude<FaultOperation, 'callback'>;
  readonly takesBizContent: boolean;
  /**
   * Does it, and gives the answer.
   * @throws BusinessRefusal before any trade or money has changed
   */
  run(call: MethodCall, context: MethodContext): MethodOutcome;
  /** Members that this method's business refusals carry too. */
  refusalFields?(call: MethodCall): NodeFields;
  /** Members of its "system error". */
  readonly systemErrorFields?: NodeFields;
  /** The node of its own refusals, when that is not the one of its answers. */
  readonly refusal_node?: string;
}

/** @returns the out_trade_no of a request for the answer of its refusal, when there is a usable one */
export function echoedOutTradeNo(call: MethodCall): NodeFields {
  const value = call.biz['out_trade_no'];
  return { out_trade_no: typeof value === 'string' && value !== '' ? value : undefined };
}
