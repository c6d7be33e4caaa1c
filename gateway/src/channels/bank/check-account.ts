import type { BankClient } from './client.ts';
import type { BankAccount } from './config.ts';

/** Asks the bank something harmless, or says that there is nobody to ask. */
export async function testAccount(
  client: BankClient,
  account: BankAccount,
): Promise<{ readonly ok: boolean; readonly message: string }> {
  const keys = `${account.bank_keys.size} key${account.bank_keys.size === 1 ? '' : 's'} of the bank`;
  if (!client.has_interface) return { ok: true, message: `opened, ${keys}; it has no interface to ask` };
  const result = await client.call('GET', '/v1/ping', null);
  switch (result.outcome) {
    case 'answered':
      return { ok: true, message: `the bank answers, signed by one of ${keys}` };
    case 'refused':
      return { ok: false, message: `the bank refuses: ${result.code} ${result.message}` };
    case 'not_sent':
    case 'unknown':
      return { ok: false, message: `no answer that counts: ${result.reason}` };
  }
}
