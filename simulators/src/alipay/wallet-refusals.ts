import { ControlError } from '../kernel/control-error.ts';
import { BusinessRefusal } from './business-refusal.ts';
import type { BusinessSubCode } from './business-refusal.ts';
import { verifyClientOrder } from './client-orders.ts';
import type { ClientOrderMethod } from './client-orders.ts';
import type { MethodCall, MethodContext } from './methods/method.ts';
import type { Parameters } from './signing.ts';

/** Refusals that are not about the form of what was handed over, by the control API's status; any other is 400. */
const STATUS: Partial<Record<BusinessSubCode, number>> = {
  'ACQ.TRADE_HAS_SUCCESS': 409,
  'ACQ.TRADE_HAS_CLOSE': 409,
  'ACQ.CONTEXT_INCONSISTENT': 409,
  'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR': 410,
};

/** Runs what the wallet does with an order; its refusals become the control API's. */
export function seen<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof BusinessRefusal)) throw error;
    throw new ControlError(STATUS[error.sub_code] ?? 400, `the wallet refuses it: ${error.message}`);
  }
}

/** @throws ControlError 400 when the wallet would not take what the client has handed over */
export function verifiedOrder(parameters: Parameters, method: ClientOrderMethod, context: MethodContext): MethodCall {
  const verified = verifyClientOrder(parameters, method, context);
  if ('reason' in verified) throw new ControlError(400, `the wallet refuses it: ${verified.code} ${verified.reason}`);
  return verified;
}
