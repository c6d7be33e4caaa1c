import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ensureDatabase } from '../storage/ensure-database.ts';
import { findPostgresBinaries } from './binaries.ts';
import type { PostgresBinaries } from './binaries.ts';
import { DATABASE_NAME, createDatabaseFolder, folderProblem, hasDatabase } from './data-folder.ts';
import { explainFailure } from './explain-failure.ts';
import { endLeftoverServer } from './leftover-server.ts';
import { takeProcessLock } from './process-lock.ts';
import type { ProcessLock } from './process-lock.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import { chooseServerUser } from './server-user.ts';
import { serverArguments } from './settings.ts';
import { StartupProblem } from './startup-problem.ts';

export interface EmbeddedPostgresOptions {
  /** Made when it does not exist. The password and the lock lie beside it. */
  readonly data_directory: string;
  /** TCP port on 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  /** Gets each line the server writes. */
  readonly log: (line: string) => void;
  /** Default true. False gives up durability for speed: only for tests that do not test durability. */
  readonly fsync?: boolean;
}

export interface EmbeddedPostgres {
  /** Connection URL of the database `heliu`, password included: a secret. */
  readonly url: string;
  readonly port: number;
  /** Ends the server by a fast shutdown and waits for its end. */
  stop(): Promise<void>;
  /** Resolves when the server has ended, asked for or not. */
  readonly ended: Promise<void>;
}

/** Orphaned backends of a killed server hold its shared memory for a moment: how long to try again. */
const SHARED_MEMORY_PATIENCE_ms = 15_000;

/** How many free ports to try when another program was faster at taking the one we found. */
const PORT_ATTEMPTS = 5;

/**
 * Starts the real PostgreSQL server that npm brought, on 127.0.0.1 only, with fsync and a random password. It never
 * outlives this process, SIGKILL included, and takes over what a killed predecessor left.
 *
 * @throws StartupProblem with one sentence and its remedy: folder in use, damaged, of another version, not ours, disk full …
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const data_directory = resolve(options.data_directory);
  const binaries = await findPostgresBinaries();
  const lock = await lockFolder(data_directory);
  try {
    const is_there = await hasDatabase(data_directory, binaries);
    const password = await readOrMakePassword(data_directory, is_there);
    if (is_there) await endLeftoverServer(data_directory, options.log);
    else await createDatabaseFolder(data_directory, password, binaries, options.fsync ?? true);

    const { server, port } = await startOnPort(options, data_directory, binaries);
    const url = `postgres://${DATABASE_NAME}:${password}@127.0.0.1:${port}/${DATABASE_NAME}`;
    await ensureDatabase(url).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    return {
      url,
      port,
      ended: server.ended,
      async stop() {
        await server.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function lockFolder(data_directory: string): Promise<ProcessLock> {
  try {
    // The server's user must be able to pass through; what is secret in there is 0600.
    await mkdir(dirname(data_directory), { recursive: true, mode: 0o711 });
    const lock = await takeProcessLock(`${data_directory}.lock`);
    if ('release' in lock) return lock;
    throw new StartupProblem(
      `${data_directory} is in use by process ${lock.held_by}. Stop that one first, or set HELIU_HOME to another folder.`,
    );
  } catch (error) {
    throw error instanceof StartupProblem ? error : folderProblem(data_directory, error);
  }
}

async function readOrMakePassword(data_directory: string, must_exist: boolean): Promise<string> {
  const file = `${data_directory}.password`;
  const found = await readFile(file, 'utf8').catch(() => null);
  if (found !== null && found.trim() !== '') return found.trim();
  if (must_exist) {
    throw new StartupProblem(
      `${file}, the password of the database in ${data_directory}, is missing or unreadable. ` +
        'Restore it from a backup, or move the data folder away to begin with an empty database.',
    );
  }
  const password = randomBytes(24).toString('base64url');
  await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return password;
}

async function startOnPort(
  options: EmbeddedPostgresOptions,
  data_directory: string,
  binaries: PostgresBinaries,
): Promise<{ server: ServerProcess; port: number }> {
  const user = await chooseServerUser([dirname(binaries.postgres), dirname(data_directory)], data_directory);
  const give_up_ms = performance.now() + SHARED_MEMORY_PATIENCE_ms;
  let ports_tried = 0;
  for (;;) {
    const port = options.port === 0 ? await freePort() : options.port;
    const settings = serverArguments(data_directory, { port, fsync: options.fsync ?? true });
    const started = await startServerProcess([binaries.postgres, ...settings], user, options.log);
    if (!('failure' in started)) return { server: started, port };

    if (/pre-existing shared memory block/.test(started.failure) && performance.now() < give_up_ms) {
      await wait(100);
    } else if (/could not bind|could not create any TCP\/IP sockets/.test(started.failure)) {
      ports_tried += 1;
      if (options.port === 0 && ports_tried < PORT_ATTEMPTS) continue;
      throw new StartupProblem(
        `Port ${port} of 127.0.0.1, where the embedded PostgreSQL is to listen, is in use. Free it, or choose another.`,
      );
    } else {
      throw explainFailure(data_directory, started.failure);
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((listening, failed) => {
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', listening);
  });
  const address = probe.address();
  await new Promise((closed) => probe.close(closed));
  if (address === null || typeof address === 'string') throw new Error('the probe has no port');
  return address.port;
}
