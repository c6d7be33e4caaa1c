/** nonce_str (protocol section 7): each is taken once from whoever signs. */
import { ApiError } from '../domain/codes.ts';
import type { Nonce } from '../domain/nonce.ts';
import type { Gateway } from './gateway.ts';

/** The error of a request whose nonce has been seen. */
export function nonceRepeated(): ApiError {
  return new ApiError('nonce_repeated', 'nonce_str has been used before: make a new one for every request');
}

/** Records the nonce of a request that reads by something else than mch_trade_id; null: the merchant sends none. Throws 104. */
export async function spendNonce(gateway: Gateway, nonce: Nonce | null): Promise<void> {
  if (nonce !== null && !(await gateway.store.orders.recordNonce(nonce))) throw nonceRepeated();
}
