import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../gateway/src/embedded/postgres.ts';
import { ensureDatabase } from '../gateway/src/storage/ensure-database.ts';
import { migrate } from '../gateway/src/storage/migrate.ts';

/** A PostgreSQL server with one migrated, empty database that tests clone. */
export interface TemplateServer {
  /** Connection URL of the database to clone, password included. */
  readonly template_url: string;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts a server for tests. It runs without fsync: no test on it is about surviving a crash. Tests that are start a server
 * of their own, with fsync.
 * @param log gets each line that the server writes
 */
export async function startTemplateServer(log: (line: string) => void): Promise<TemplateServer> {
  const folder = await mkdtemp(join(tmpdir(), 'heliu-test-'));
  // Root runs the server as another user, who must be able to pass through.
  await chmod(folder, 0o711);
  const server = await startEmbeddedPostgres({
    data_directory: join(folder, 'data'),
    port: 0,
    log,
    fsync: false,
  });
  const template = new URL(server.url);
  template.pathname = '/heliu_template';
  await ensureDatabase(template.href);
  await migrate(template.href);
  return {
    template_url: template.href,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
