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

/** The same for what is told again although nothing new happened: a matter that a person has closed stays closed. */
export async function raiseExceptionOnce(
  gateway: Gateway,
  exception: Omit<NewException, 'exception_id'>,
): Promise<void> {
  const now_ms = gateway.ports.clock.now_ms();
  const exception_id = makeId(now_ms, gateway.ports.random.bytes(8));
  if (!(await gateway.store.exceptions.raiseOnce({ ...exception, exception_id }, now_ms))) return;
  gateway.metrics.exceptions.inc({ kind: exception.kind });
  gateway.log.warn(
    { kind: exception.kind, trade_id: exception.trade_id, account_id: exception.account_id },
    'exception raised',
  );
}
