import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../gateway/src/embedded/postgres.ts';

/** The one PostgreSQL server of a bench run, with fsync and synchronous commit; each program has a database on it. */
export interface BenchServer {
  /** The postmaster: the root of every server process. */
  readonly pid: number;
  readonly version: string;
  /** Makes an empty database in the place of the one of that name, and answers its URL. */
  freshDatabase(name: string): Promise<string>;
  /** Writes everything out, so that each measured run begins with a clean log. */
  checkpoint(): Promise<void>;
  stop(): Promise<void>;
}

export async function startBenchServer(): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'heliu-bench-'));
  // Root runs the server as another user, who must be able to pass through.
  await chmod(folder, 0o711);
  const data_directory = join(folder, 'data');
  const server = await startEmbeddedPostgres({ data_directory, port: 0, log: () => undefined });
  const pid = Number((await readFile(join(data_directory, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const [row] = await run(server.url, 'SHOW server_version');
  return {
    pid,
    version: String(row?.['server_version']),
    async freshDatabase(name) {
      await run(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await run(server.url, `CREATE DATABASE ${name}`);
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    async checkpoint() {
      await run(server.url, 'CHECKPOINT');
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function run(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}
