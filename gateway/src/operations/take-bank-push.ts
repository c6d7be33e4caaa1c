/** A bank tells by itself. Acknowledged when everything is stored and decided; what is well signed but cannot be read is kept. */
import { createHash } from 'node:crypto';
import type { BankPush } from '../channels/virtual-accounts.ts';
import type { CallbackAnswer } from '../channels/channel.ts';
import type { Gateway } from './gateway.ts';
import { raiseExceptionOnce } from './raise-exception.ts';
import { takeEntry, type HearingAccount } from './take-bank-entry.ts';

const MAX_KEPT_CHARACTERS = 1_000_000;

/** Null when there is no such account at a bank: the path is not ours. */
export async function takeBankPush(
  gateway: Gateway,
  account_id: string,
  push: BankPush,
): Promise<CallbackAnswer | null> {
  const account = await gateway.directory.account(account_id);
  const numbers = account?.client.virtual_accounts;
  if (!account || !numbers) return null;
  const verdict = numbers.readPush(push);
  const count = (result: string): void => gateway.metrics.callbacks.inc({ channel: account.channel, result });
  if (verdict.kind === 'rejected') {
    count(verdict.reason);
    gateway.log.warn({ account_id, result: verdict.reason }, 'push of a bank refused');
    return account.client.acknowledge(false, verdict.reason);
  }
  if (verdict.kind === 'unreadable') {
    count('kept');
    await keepMessage(gateway, account_id, push, verdict.problem);
    return account.client.acknowledge(true, 'success');
  }
  const hearing: HearingAccount = { account_id, numbers };
  for (const entry of verdict.entries) await takeEntry(gateway, hearing, entry, 'push');
  for (const { position, problem } of verdict.unreadable)
    await raiseUnreadableEntry(gateway, account_id, {
      message: `push ${verdict.message_id}`,
      position,
      problem,
      raw: push.body.toString('utf8'),
    });
  count('applied');
  return account.client.acknowledge(true, 'success');
}

async function keepMessage(gateway: Gateway, account_id: string, push: BankPush, problem: string): Promise<void> {
  const digest = createHash('sha256').update(push.body).digest('hex');
  await raiseExceptionOnce(gateway, {
    kind: 'bank_message_unreadable',
    dedupe_key: `bank_message_unreadable ${account_id} ${digest}`,
    channel: 'bank',
    account_id,
    detail: { problem },
    raw_headers: { 'content-type': push.headers['content-type'] ?? '' },
    raw_body: push.body.toString('utf8').slice(0, MAX_KEPT_CHARACTERS),
  });
}

/** An entry that was left out, while the others of its message count. */
export async function raiseUnreadableEntry(
  gateway: Gateway,
  account_id: string,
  entry: { readonly message: string; readonly position: number; readonly problem: string; readonly raw: string | null },
): Promise<void> {
  const { message, position, problem, raw } = entry;
  await raiseExceptionOnce(gateway, {
    kind: 'bank_entry_unreadable',
    dedupe_key: `bank_entry_unreadable ${account_id} ${message} ${position}`,
    channel: 'bank',
    account_id,
    detail: { message, entry: position, problem },
    raw_body: raw === null ? null : raw.slice(0, MAX_KEPT_CHARACTERS),
  });
}
