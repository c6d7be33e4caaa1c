import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../gateway/src/embedded/postgres.ts';
import { ensureDatabase } from '../gateway/src/storage/ensure-database.ts';
import { migrate } from '../gateway/src/storage/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection URL of the migrated database that `createTestDatabase` clones. */
    template_url: string;
  }
}

/**
 * One real PostgreSQL server for a whole test run, with one migrated template database. It runs without fsync: no test
 * on it is about surviving a crash. Tests that are start a server of their own, with fsync.
 */
export default async function startDatabaseServer(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'heliu-test-'));
  // Root runs the server as another user, who must be able to pass through.
  await chmod(folder, 0o711);
  const complaints: string[] = [];
  const server = await startEmbeddedPostgres({
    data_directory: join(folder, 'data'),
    port: 0,
    log: (line) => complaints.push(line),
    fsync: false,
  });
  const template = new URL(server.url);
  template.pathname = '/heliu_template';
  await ensureDatabase(template.href);
  await migrate(template.href);
  project.provide('template_url', template.href);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
