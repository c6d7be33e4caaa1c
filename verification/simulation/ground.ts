/** Where worlds stand: a PostgreSQL server of their own, without fsync, and a prepared database for each process that runs them. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../gateway/src/embedded/postgres.ts';
import { ensureDatabase } from '../../gateway/src/storage/ensure-database.ts';
import { migrate } from '../../gateway/src/storage/migrate.ts';
import type { WorldKeys } from './keys.ts';
import { Sessions } from './sessions.ts';
import { prepareDatabase } from './trial/prepare-database.ts';

export interface Ground {
  /** Address of the server's first database. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the server. It ends with this process, however that ends. */
export async function startGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'heliu-simulate-'));
  // Root runs the server as another user, who must be able to pass through.
  await chmod(folder, 0o711);
  const server = await startEmbeddedPostgres({
    data_directory: join(folder, 'data'),
    port: 0,
    log: () => undefined,
    fsync: false,
  });
  return {
    url: server.url,
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Makes a database on the server ready for worlds. @param name of its own for each process */
export async function openGround(server_url: string, name: string, keys: WorldKeys): Promise<Sessions> {
  const url = new URL(server_url);
  url.pathname = `/${name}`;
  await ensureDatabase(url.href);
  await migrate(url.href);
  const sessions = new Sessions(url.href);
  await prepareDatabase(sessions, keys);
  return sessions;
}
