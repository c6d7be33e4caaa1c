/**
 * A file of a bank. It is read twice: first to its end, to know that it can be read, then to book it; so that a file that breaks
 * off in the middle changes nothing. Both readings are streams.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readItems, type ReadItem, type StatementHead } from '../channels/bank/camt/read-stream.ts';
import { UnreadableMessage } from '../channels/bank/camt/reader.ts';
import { StatementComparison, type ComparedStatement } from './compare-statement.ts';
import type { Gateway } from './gateway.ts';
import { raiseExceptionOnce } from './raise-exception.ts';
import { raiseUnreadableEntry } from './take-bank-push.ts';
import { takeEntry, type HearingAccount } from './take-bank-entry.ts';

export interface FileToTake {
  readonly path: string;
  readonly name: string;
}

export type FileResult =
  | { readonly outcome: 'done'; readonly entries: number; readonly statements: readonly ComparedStatement[] }
  | { readonly outcome: 'known' }
  | { readonly outcome: 'failed'; readonly problem: string };

const CHUNK_BYTES = 65_536;

/** Two GiB: more is no day of one account. */
const MAX_FILE_BYTES = 2_147_483_648;

interface Seen {
  readonly sha256: string;
  readonly message_id: string;
  readonly entries: number;
}

/** Takes a file. Everything it does is harmless when it is done again. */
export async function takeBankFile(gateway: Gateway, account: HearingAccount, file: FileToTake): Promise<FileResult> {
  const { account_id } = account;
  const first = await lookThrough(file.path, account.numbers.settlement_account);
  const { sha256 } = first;
  const known = await gateway.store.bank_files.find(account_id, sha256);
  if (known) return known.state === 'done' ? { outcome: 'known' } : { outcome: 'failed', problem: known.message };
  if ('problem' in first) {
    await raiseUnreadableFile(gateway, account_id, file.name, sha256, first.problem);
    await record(gateway, account_id, file.name, { sha256, message_id: '', entries: 0 }, first.problem);
    return { outcome: 'failed', problem: first.problem };
  }
  const statements = await book(gateway, account, file);
  for (const statement of statements) await raiseDifferences(gateway, account_id, file.name, statement);
  await record(gateway, account_id, file.name, first, null);
  return { outcome: 'done', entries: first.entries, statements };
}

async function record(
  gateway: Gateway,
  account_id: string,
  name: string,
  seen: Seen,
  problem: string | null,
): Promise<void> {
  await gateway.store.bank_files.record({
    account_id,
    sha256: seen.sha256,
    name,
    state: problem === null ? 'done' : 'failed',
    message_id: seen.message_id,
    entries: seen.entries,
    message: problem ?? '',
    at_ms: gateway.ports.clock.now_ms(),
  });
}

type Digest = ReturnType<typeof createHash>;

/** The bytes of a file, each chunk also given to `digest`. */
async function* bytesOf(path: string, digest: Digest | null): AsyncGenerator<Buffer, void, void> {
  let length = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    digest?.update(chunk);
    length += chunk.length;
    if (length > MAX_FILE_BYTES) throw new UnreadableMessage('it is larger than 2 GiB');
    yield chunk;
  }
}

/** Whether the whole file can be read. */
async function lookThrough(
  path: string,
  settlement_account: string,
): Promise<Seen | { readonly sha256: string; readonly problem: string }> {
  let entries = 0;
  let message_id = '';
  let problem: string | null = null;
  const digest = createHash('sha256');
  try {
    for await (const items of readItems(bytesOf(path, digest), true)) {
      for (const item of items) {
        if (item.kind === 'entry' || item.kind === 'unreadable') entries += 1;
        if (item.kind !== 'head') continue;
        ({ message_id } = item.head);
        problem ??= wrongAccount(item.head, settlement_account);
      }
    }
  } catch (error) {
    if (!(error instanceof UnreadableMessage)) throw error;
    return { sha256: await digestOf(path), problem: error.message };
  }
  const sha256 = digest.digest('hex');
  return problem === null ? { sha256, entries, message_id } : { sha256, problem };
}

/** Of all bytes, however far they could be read. */
async function digestOf(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) digest.update(chunk);
  return digest.digest('hex');
}

/** A statement of somebody else's account must not be compared with ours. */
function wrongAccount({ type, account }: StatementHead, settlement_account: string): string | null {
  if (type !== 'statement' || account === settlement_account) return null;
  return `it is a statement of account ${account ?? '(none)'}, not of the settlement account`;
}

async function book(gateway: Gateway, account: HearingAccount, file: FileToTake): Promise<ComparedStatement[]> {
  const compared: ComparedStatement[] = [];
  let comparison: StatementComparison | null = null;
  const take = async (item: ReadItem): Promise<void> => {
    switch (item.kind) {
      case 'head':
        comparison = item.head.type === 'statement' ? compare(gateway, account, item.head) : null;
        return;
      case 'entry':
        if (comparison) await comparison.add(item.payments);
        for (const entry of item.payments) {
          // Credits of a statement are booked by the comparison, which knows in batches which of them are new.
          if (comparison && entry.kind === 'credit') continue;
          // A reversal may mean one that still waits in its batch.
          if (comparison && entry.kind === 'reversal') await comparison.catchUp();
          await takeEntry(gateway, account, entry, comparison ? 'statement' : 'file');
        }
        return;
      case 'unreadable':
        comparison?.unreadable(item.position, item.problem);
        await raiseUnreadableEntry(gateway, account.account_id, {
          message: `file ${file.name}`,
          position: item.position,
          problem: item.problem,
          raw: null,
        });
        return;
      case 'end':
        if (comparison) compared.push(await comparison.end());
        comparison = null;
    }
  };
  for await (const items of readItems(bytesOf(file.path, null))) {
    for (const item of items) await take(item);
  }
  return compared;
}

function compare(gateway: Gateway, account: HearingAccount, head: StatementHead): StatementComparison {
  return new StatementComparison(gateway, head, {
    account_id: account.account_id,
    mark: true,
    missing: (entry) => takeEntry(gateway, account, entry, 'statement'),
  });
}

async function raiseDifferences(
  gateway: Gateway,
  account_id: string,
  name: string,
  statement: ComparedStatement,
): Promise<void> {
  for (const [kind, count] of Object.entries(statement.counts)) {
    const some = statement.differences.filter((one) => one.kind === kind).slice(0, 10);
    await raiseExceptionOnce(gateway, {
      kind: 'bank_statement_difference',
      dedupe_key: `bank_statement_difference ${account_id} ${statement.id} ${kind}`,
      channel: 'bank',
      account_id,
      detail: {
        difference: kind,
        count,
        statement: statement.id,
        file: name,
        first: some.map(({ reference, detail }) => ({ reference, ...detail })),
      },
    });
  }
}

async function raiseUnreadableFile(
  gateway: Gateway,
  account_id: string,
  name: string,
  sha256: string,
  problem: string,
): Promise<void> {
  await raiseExceptionOnce(gateway, {
    kind: 'bank_file_unreadable',
    dedupe_key: `bank_file_unreadable ${account_id} ${sha256}`,
    channel: 'bank',
    account_id,
    detail: { file: name, problem },
  });
}

/** Compares a statement file with our books and changes nothing. Throws `UnreadableMessage`. */
export async function compareBankFile(
  gateway: Pick<Gateway, 'store'>,
  account_id: string,
  path: string,
): Promise<ComparedStatement[]> {
  const compared: ComparedStatement[] = [];
  let comparison: StatementComparison | null = null;
  for await (const items of readItems(bytesOf(path, null))) {
    for (const item of items) {
      if (item.kind === 'head') {
        if (item.head.type !== 'statement') throw new UnreadableMessage('it is no statement (camt.053)');
        comparison = new StatementComparison(gateway, item.head, { account_id, mark: false });
      } else if (item.kind === 'entry') await comparison?.add(item.payments);
      else if (item.kind === 'unreadable') comparison?.unreadable(item.position, item.problem);
      else if (comparison) compared.push(await comparison.end());
    }
  }
  return compared;
}
