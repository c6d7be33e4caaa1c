import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './binaries.ts';
import { chooseServerUser, serverOwner } from './server-user.ts';
import type { ServerUser } from './server-user.ts';
import { StartupProblem, systemErrorCode } from './startup-problem.ts';
import { explainFailure } from './explain-failure.ts';

/** The superuser of the embedded server, and the name of its database. */
export const DATABASE_NAME = 'heliu';

/**
 * Whether the folder holds a database already.
 *
 * @throws StartupProblem when it holds something else, or the data of another major version of PostgreSQL
 */
export async function hasDatabase(data_directory: string, binaries: PostgresBinaries): Promise<boolean> {
  const entries = await readdir(data_directory).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw folderProblem(data_directory, error);
  });
  if (entries.length === 0) return false;
  const found = (await readFile(join(data_directory, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (found === '') {
    throw new StartupProblem(
      `${data_directory} is damaged or no PostgreSQL data folder: it has no PG_VERSION. ` +
        'Restore it from a backup, or move it away to begin with an empty database.',
    );
  }
  if (found !== binaries.major_version) {
    throw new StartupProblem(
      `${data_directory} was written by PostgreSQL ${found}, and this is PostgreSQL ${binaries.major_version}. ` +
        `Carry the data over by pg_dump of version ${found}, or move the folder away to begin with an empty database.`,
    );
  }
  return true;
}

/** Stands between the folder's name and what follows while initdb fills it. */
const UNFINISHED = '.new-';

/**
 * Makes the folder by initdb: beside its place first, renamed when it is whole, so that a start that is killed half way
 * leaves nothing that looks like a database.
 */
export async function createDatabaseFolder(
  data_directory: string,
  password: string,
  binaries: PostgresBinaries,
  fsync: boolean,
): Promise<void> {
  // A name of its own: the initdb of a start that was killed may still be writing to the last one's.
  const unfinished = `${data_directory}${UNFINISHED}${randomBytes(4).toString('hex')}`;
  const password_file = `${unfinished}.password`;
  try {
    await removeUnfinished(data_directory);
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(password_file, `${password}\n`, { mode: 0o600, flag: 'wx' });
    const owner = await serverOwner(data_directory);
    if (owner !== null) {
      await chown(unfinished, owner.uid, owner.gid);
      await chown(password_file, owner.uid, owner.gid);
    }
    const user = await chooseServerUser([dirname(binaries.initdb), dirname(data_directory)], unfinished);
    const flags = [`--pgdata=${unfinished}`, `--pwfile=${password_file}`, ...(fsync ? [] : ['--no-sync'])];
    await runInitdb(data_directory, [...user.prefix, binaries.initdb, ...flags], user);
    // An empty folder made by hand may stand in the place.
    await rm(data_directory, { recursive: true, force: true });
    await rename(unfinished, data_directory);
    await syncFolder(dirname(data_directory));
  } catch (error) {
    throw error instanceof StartupProblem ? error : folderProblem(data_directory, error);
  } finally {
    await removeUnfinished(data_directory);
  }
}

/** Removes what starts that came to nothing have left beside the folder. */
async function removeUnfinished(data_directory: string): Promise<void> {
  const parent = dirname(data_directory);
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(`${basename(data_directory)}${UNFINISHED}`))) {
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

async function runInitdb(data_directory: string, command: readonly string[], user: ServerUser): Promise<void> {
  const [program = '', ...flags] = command;
  const rest = [
    ...flags,
    `--username=${DATABASE_NAME}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // PostgreSQL's own collation: the same order on every machine, whatever locales it has.
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
  ];
  const options = { ...user.ids, cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } };
  await promisify(execFile)(program, rest, options).catch((error: unknown) => {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw explainFailure(data_directory, output === '' ? String(error) : output);
  });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync();
  await folder.close();
}

/** A file-system error on the way to the data folder, as a sentence. */
export function folderProblem(data_directory: string, cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  return explainFailure(data_directory, text, cause);
}
