import { makeId } from '../domain/identifiers.ts';
import type { NewException } from '../storage/exceptions.ts';
import type { Gateway } from './gateway.ts';

/** Puts a matter before a person: stored once however often it is repeated, counted, and logged without its bytes. */
export async function raiseException(gateway: Gateway, exception: Omit<NewException, 'exception_id'>): Promise<void> {
  const now_ms = gateway.ports.clock.now_ms();
  await gateway.store.exceptions.raise(
    { ...exception, exception_id: makeId(now_ms, gateway.ports.random.bytes(8)) },
    now_ms,
  );
  gateway.metrics.exceptions.inc({ kind: exception.kind });
  gateway.log.warn(
    { kind: exception.kind, trade_id: exception.trade_id, account_id: exception.account_id },
    'exception raised',
  );
}
