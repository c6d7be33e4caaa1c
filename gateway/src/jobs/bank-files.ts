/**
 * The folder in which a bank leaves its files: in/ is read, what was read goes to done/, what cannot be read to failed/. Any
 * number of nodes may look at it: taking a file twice is harmless, and the loser finds it moved.
 */
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { bankAccountIds } from '../operations/bank-upkeep.ts';
import type { Gateway } from '../operations/gateway.ts';
import { takeBankFile, type FileResult } from '../operations/take-bank-file.ts';
import { atMostEvery, type JobLoop } from './runner.ts';

const LOOK_EVERY_MS = 1_000;
const ACCOUNTS_EVERY_MS = 10_000;

/** A file that is written in place is whole when it has not changed for so long. */
const SETTLED_MS = 2_000;

/** What is still being written has another name (docs/bank-transfer.md, Files). */
const READABLE = /^[^.].*\.xml$/i;

interface Look {
  readonly size: number;
  readonly changed_ms: number;
  readonly since_ms: number;
}

/**
 * Watches the folders of the bank accounts.
 * @param root holds a folder for each account
 */
export function bankFiles(root: string): JobLoop {
  const looks = new Map<string, Look>();
  let accounts_at_ms = 0;
  let accounts: readonly string[] = [];
  return atMostEvery(LOOK_EVERY_MS, {
    kind: 'bank_file',
    max_running: 1,
    async runBatch(gateway, _limit, start) {
      const now_ms = gateway.ports.clock.now_ms();
      if (now_ms >= accounts_at_ms) {
        accounts_at_ms = now_ms + ACCOUNTS_EVERY_MS;
        accounts = await bankAccountIds(gateway);
        for (const account_id of accounts) await makeFolders(join(root, account_id));
      }
      const settled: { account_id: string; name: string }[] = [];
      for (const account_id of accounts) {
        for (const name of await settledFiles(join(root, account_id, 'in'), looks, now_ms))
          settled.push({ account_id, name });
      }
      if (settled.length > 0) start(() => takeAll(gateway, root, settled, looks));
      return 0;
    },
  });
}

async function makeFolders(folder: string): Promise<void> {
  for (const name of ['in', 'done', 'failed']) await mkdir(join(folder, name), { recursive: true });
}

/** Files that are whole: with a name that says so, and unchanged since an earlier look. */
async function settledFiles(folder: string, looks: Map<string, Look>, now_ms: number): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => READABLE.test(name)).toSorted();
  const settled: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => null);
    if (!found?.isFile()) continue;
    const known = looks.get(path);
    if (known?.size === found.size && known.changed_ms === found.mtimeMs) {
      if (now_ms - known.since_ms >= SETTLED_MS) settled.push(name);
    } else looks.set(path, { size: found.size, changed_ms: found.mtimeMs, since_ms: now_ms });
  }
  return settled;
}

async function takeAll(
  gateway: Gateway,
  root: string,
  files: readonly { readonly account_id: string; readonly name: string }[],
  looks: Map<string, Look>,
): Promise<void> {
  for (const { account_id, name } of files) {
    const path = join(root, account_id, 'in', name);
    try {
      const numbers = (await gateway.directory.account(account_id))?.client.virtual_accounts;
      if (!numbers) continue;
      const result = await takeBankFile(gateway, { account_id, numbers }, { path, name });
      await putAway(gateway, join(root, account_id), name, result);
      gateway.log.info({ account_id, file: name, ...summary(result) }, 'a file of the bank was read');
      looks.delete(path);
    } catch (error) {
      // Left where it is: what was away (the database, the disk) may be back at the next look.
      gateway.metrics.jobs_failed.inc({ kind: 'bank_file' });
      gateway.log.error(
        { account_id, file: name, error: error instanceof Error ? error.message : 'unknown' },
        'a file of the bank could not be taken',
      );
    }
  }
}

function summary(result: FileResult): Record<string, unknown> {
  return result.outcome === 'done' ? { outcome: 'done', entries: result.entries } : { ...result };
}

/** Moves a file out of the way; one of the same name that is there already is kept. */
async function putAway(gateway: Gateway, folder: string, name: string, result: FileResult): Promise<void> {
  const target = join(folder, result.outcome === 'failed' ? 'failed' : 'done');
  const taken = await stat(join(target, name)).then(
    () => true,
    () => false,
  );
  const kept_as = taken ? `${gateway.ports.clock.now_ms()}-${name}` : name;
  await rename(join(folder, 'in', name), join(target, kept_as)).catch((error: unknown) => {
    // Another node was faster.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  });
}
