import { execFile } from 'node:child_process';
import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StartupProblem, systemErrorCode } from './startup-problem.ts';

const POLL_ms = 20;

/** How long each signal may take: fast shutdown, immediate shutdown, kill. */
const SIGNALS: readonly (readonly [NodeJS.Signals, number])[] = [
  ['SIGINT', 20_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
];

/**
 * Ends the server that a killed process of ours may have left on this data folder, and removes a postmaster.pid whose
 * number belongs to another program by now: PostgreSQL itself takes any living number for a running server and refuses.
 * The caller holds the folder's lock, so that this server has no living owner.
 *
 * @throws StartupProblem when the server cannot be ended
 */
export async function endLeftoverServer(data_directory: string, log: (line: string) => void): Promise<void> {
  const pid_file = join(data_directory, 'postmaster.pid');
  const pid = Number((await readFile(pid_file, 'utf8').catch(() => '')).split('\n', 1)[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1 || !isAlive(pid)) return;
  if (!(await servesFolder(pid, data_directory))) {
    log(`process ${pid} of ${pid_file} is no PostgreSQL server of this folder: removing the file`);
    await rm(pid_file, { force: true });
    return;
  }
  log(`ending PostgreSQL server ${pid}, left over on ${data_directory}`);
  for (const [signal, patience_ms] of SIGNALS) {
    sendSignal(pid, signal);
    const deadline_ms = performance.now() + patience_ms;
    while (performance.now() < deadline_ms) {
      if (!isAlive(pid) || !(await servesFolder(pid, data_directory))) return;
      await wait(POLL_ms);
    }
  }
  throw new StartupProblem(
    `A PostgreSQL server, process ${pid}, does not let go of ${data_directory}. End it by kill -9 ${pid}.`,
  );
}

/** Whether a process of that number lives, ours or another user's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}

/** Whether the process is the server of that data folder: a postmaster's working directory is its data folder. */
export async function servesFolder(pid: number, data_directory: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const [folder, own] = await Promise.all([
      readlink(`/proc/${pid}/cwd`).catch(() => null),
      realpath(data_directory).catch(() => data_directory),
    ]);
    return folder === own;
  }
  const answer = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => null);
  return answer?.stdout.includes(`-D ${data_directory} `) ?? false;
}
