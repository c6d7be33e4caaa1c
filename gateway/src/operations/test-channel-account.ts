import { ChannelMisconfigured } from '../channels/channel.ts';
import { channelByCode } from '../channels/registry.ts';
import { ApiError } from '../domain/codes.ts';
import type { Gateway } from './gateway.ts';

export interface AccountTest {
  readonly ok: boolean;
  /** What the channel answered, or why it could not be asked. Never holds a key. */
  readonly message: string;
}

/**
 * Opens a stored account and asks its channel something harmless. Throws 404; `SealBroken` when its secrets were sealed
 * under another master key.
 */
export async function testChannelAccount(
  gateway: Pick<Gateway, 'ports' | 'store'>,
  account_id: string,
): Promise<AccountTest> {
  const account = await gateway.store.configuration.account(account_id);
  if (!account) throw new ApiError('not_found', `channel account ${account_id} does not exist`);
  const channel = channelByCode(account.channel);
  if (!channel) return { ok: false, message: `this version has no channel ${account.channel}` };
  try {
    return await channel.open(account, gateway.ports).test();
  } catch (error) {
    if (error instanceof ChannelMisconfigured) return { ok: false, message: error.message };
    throw error;
  }
}
