import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemErrorCode } from './startup-problem.ts';

/** A lock held by this process until `release`, or until the process is gone however it went. */
export interface ProcessLock {
  release(): Promise<void>;
}

const CLAIM_POLL_ms = 5;

/**
 * Takes the lock file `path`. The file names its holder by process number and start time, so that a holder that was
 * killed, or whose number another program has now, does not block.
 *
 * @returns the lock, or the process number of the living holder
 */
export async function takeProcessLock(path: string): Promise<ProcessLock | { readonly held_by: number }> {
  const ours = `${process.pid} ${await processIdentity(process.pid)}\n`;
  const candidate = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(candidate, ours, { mode: 0o600 });
  try {
    for (;;) {
      if (await linkUnlessThere(candidate, path)) return { release: () => releaseLock(path, ours) };
      const holder = await readFile(path, 'utf8').catch(() => null);
      if (holder === null) continue;
      const held_by = await livingHolder(holder);
      if (held_by !== null) return { held_by };
      await removeStaleLock(path, holder, candidate);
    }
  } finally {
    await rm(candidate, { force: true });
  }
}

async function releaseLock(path: string, ours: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === ours) await rm(path, { force: true });
}

async function livingHolder(text: string): Promise<number | null> {
  const match = /^(\d+) (.+)\n$/.exec(text);
  if (!match) return null;
  const pid = Number(match[1]);
  return (await processIdentity(pid)) === match[2] ? pid : null;
}

/**
 * Removes the lock of a holder that is gone. Of several that saw it, the one that also links a claim named after what it
 * saw may do so, after another look: a slower one never removes the lock that came next.
 */
async function removeStaleLock(path: string, stale: string, candidate: string): Promise<void> {
  const claim = `${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 12)}`;
  if (await linkUnlessThere(candidate, claim)) {
    if ((await readFile(path, 'utf8').catch(() => null)) === stale) await rm(path, { force: true });
    await rm(claim, { force: true });
    return;
  }
  const claimer = await readFile(claim, 'utf8').catch(() => null);
  if (claimer !== null && (await livingHolder(claimer)) === null) await removeStaleLock(claim, claimer, candidate);
  else await wait(CLAIM_POLL_ms);
}

/** link(2) is the atomic "create unless it exists" that has the content in place at once. */
async function linkUnlessThere(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Something that two processes with the same number never share: boot and start time. Null when no such process lives. */
async function processIdentity(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') {
    const answer = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => null);
    return answer?.stdout.trim().replaceAll(/\s+/g, '_') || null;
  }
  const [boot, status] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null),
  ]);
  if (status === null) return null;
  // proc(5): the name in parentheses may hold anything; after it, state is field 3 and start time field 22.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : `${boot.trim()}/${fields[19]}`;
}
