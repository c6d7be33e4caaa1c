/** Gives back the account number of an order that has ended or is written off. */
import type { Order, Source } from '../domain/order.ts';
import type { Gateway } from './gateway.ts';

/**
 * Closes the number of an order that has ended without payment. One that nobody was ever shown may serve again at once. What
 * cannot be done now is done by the upkeep.
 */
export async function releaseNumber(gateway: Gateway, order: Order, source: Source): Promise<void> {
  try {
    await closeNumberOf(gateway, order, source, 'number_closed');
  } catch (error) {
    gateway.log.warn(
      { trade_id: order.trade_id, error: error instanceof Error ? error.message : 'unknown' },
      'the number of an order that has ended could not be closed yet',
    );
  }
}

/** Closes the number in our books. Answers it, or null when none was open. Throws when the account cannot be opened. */
export async function closeNumberOf(
  gateway: Gateway,
  order: Order,
  source: Source | 'writeoff',
  kind: 'number_closed' | 'written_off',
): Promise<string | null> {
  const account = await gateway.directory.account(order.account_id);
  const now_ms = gateway.ports.clock.now_ms();
  const was_shown = order.reply !== null;
  const rest_ms = was_shown ? (account?.client.virtual_accounts?.quarantine_ms ?? 0) : 0;
  return gateway.store.virtual_accounts.close(order, { now_ms, free_at_ms: now_ms + rest_ms }, { source, kind });
}
