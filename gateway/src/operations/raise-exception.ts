import { makeId } from '../domain/identifiers.ts';
import type { Order } from '../domain/order.ts';
import type { NewException } from '../storage/exceptions.ts';
import type { Gateway } from './gateway.ts';

/** What a person must look at. Whatever is absent is stored as null. */
export type Matter = Pick<NewException, 'kind' | 'dedupe_key' | 'detail'> & Partial<Omit<NewException, 'exception_id'>>;

/** Whose matter it is when it is about an order. */
export function aboutOrder(order: Order): Pick<Order, 'merchant_id' | 'trade_id' | 'channel' | 'account_id'> {
  const { merchant_id, trade_id, channel, account_id } = order;
  return { merchant_id, trade_id, channel, account_id };
}

/** Puts a matter before a person: stored once however often it is repeated, counted, and logged without its bytes. */
export async function raiseException(gateway: Gateway, matter: Matter): Promise<void> {
  const now_ms = gateway.ports.clock.now_ms();
  const exception = newException(gateway, matter, now_ms);
  await gateway.store.exceptions.raise(exception, now_ms);
  noteRaised(gateway, exception);
}

/** The same for what is told again although nothing new happened: a matter that a person has closed stays closed. */
export async function raiseExceptionOnce(gateway: Gateway, matter: Matter): Promise<void> {
  const now_ms = gateway.ports.clock.now_ms();
  const exception = newException(gateway, matter, now_ms);
  if (await gateway.store.exceptions.raiseOnce(exception, now_ms)) noteRaised(gateway, exception);
}

/** A matter that the save of what it is about carries along; `noteRaised` follows when that has been saved. */
export function newException(gateway: Gateway, matter: Matter, now_ms: number): NewException {
  return {
    merchant_id: null,
    trade_id: null,
    channel: null,
    account_id: null,
    raw_headers: null,
    raw_body: null,
    ...matter,
    exception_id: makeId(now_ms, gateway.ports.random.bytes(8)),
  };
}

/** Counts and logs a matter that is in the queue now. */
export function noteRaised(
  gateway: Pick<Gateway, 'metrics' | 'log'>,
  { kind, trade_id, account_id }: Pick<NewException, 'kind' | 'trade_id' | 'account_id'>,
): void {
  gateway.metrics.exceptions.inc({ kind });
  gateway.log.warn({ kind, trade_id, account_id }, 'exception raised');
}
