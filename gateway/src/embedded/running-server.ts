import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DATABASE_NAME } from './data-folder.ts';
import { isAlive, servesFolder } from './leftover-server.ts';
import { StartupProblem, systemErrorCode } from './startup-problem.ts';

/** Name of the embedded server's data folder under HELIU_HOME. */
export const DATA_FOLDER = 'postgres';

/**
 * The connection URL (a secret: it holds the password) of the embedded server that another process of ours runs on this
 * folder, or null when none runs. Starts nothing. The port stands in line 4 of postmaster.pid (PostgreSQL's miscadmin.h,
 * LOCK_FILE_LINE_PORT), the password beside the folder.
 *
 * @throws StartupProblem when this user may not read what is needed
 */
export async function findRunningServer(folder: string): Promise<string | null> {
  const data_directory = resolve(folder);
  const pid_file = await readIfThere(join(data_directory, 'postmaster.pid'));
  if (pid_file === null) return null;
  const lines = pid_file.split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isSafeInteger(pid) || pid <= 1 || !Number.isSafeInteger(port) || port < 1) return null;
  if (!isAlive(pid) || !(await servesFolder(pid, data_directory))) return null;
  const password = (await readIfThere(`${data_directory}.password`))?.trim();
  if (password === undefined || password === '') {
    throw new StartupProblem(
      `${data_directory}.password, the password of the running embedded PostgreSQL, is missing. Restore it from a backup.`,
    );
  }
  return `postgres://${DATABASE_NAME}:${encodeURIComponent(password)}@127.0.0.1:${port}/${DATABASE_NAME}`;
}

async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new StartupProblem(
      `${path} cannot be read (${code}). Run this as the user who runs the gateway, or set DATABASE_URL.`,
      { cause: error },
    );
  });
}
