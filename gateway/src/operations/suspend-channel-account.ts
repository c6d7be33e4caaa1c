import { ApiError } from '../domain/codes.ts';
import type { StoredAccount } from '../storage/configuration.ts';
import type { Gateway } from './gateway.ts';

/**
 * Takes an account out of use for new orders, or back into use; every node knows within a second. Queries, refunds and
 * callbacks of orders that were placed before go on. Needs no master key. Throws 404.
 */
export async function setAccountStatus(
  gateway: Pick<Gateway, 'ports' | 'store'>,
  account_id: string,
  status: StoredAccount['status'],
): Promise<StoredAccount> {
  const { configuration } = gateway.store;
  const account = await configuration.changeAccountStatus(account_id, status, gateway.ports.clock.now_ms());
  if (!account) throw new ApiError('not_found', `channel account ${account_id} does not exist`);
  return account;
}
