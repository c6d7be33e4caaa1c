import type { FaultOperation } from '../../faults/fault.ts';
import type { SimulatorPorts } from '../../kernel/ports.ts';
import type { NodeFields } from '../answers.ts';
import type { BizContent } from '../biz-content.ts';
import type { AlipayApp, AlipayConfig } from '../config.ts';
import type { Parameters } from '../signing.ts';
import type { TradeBook } from '../trade-book.ts';
import type { TradeStore } from '../trade-store.ts';

/** What a method works with. */
export interface MethodContext {
  readonly ports: SimulatorPorts;
  readonly config: AlipayConfig;
  readonly store: TradeStore;
  readonly book: TradeBook;
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
   * Does it, and gives the members of the answer beside code and msg.
   * @throws BusinessRefusal before anything has changed
   */
  run(call: MethodCall, context: MethodContext): NodeFields;
  /** Members that this method's business refusals carry too. */
  refusalFields?(call: MethodCall): NodeFields;
}

/** @returns the out_trade_no of a request for the answer of its refusal, when there is a usable one */
export function echoedOutTradeNo(call: MethodCall): NodeFields {
  const value = call.biz['out_trade_no'];
  return { out_trade_no: typeof value === 'string' && value !== '' ? value : undefined };
}
