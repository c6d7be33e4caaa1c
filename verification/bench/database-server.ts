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
  /** Everything it keeps; gone after `stop`. */
  readonly folder: string;
  /** The URL of the database of that name. */
  url(name: string): string;
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
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  let stopping: Promise<void> | null = null;
  const urlOf = (name: string): string => {
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    return url.href;
  };
  const [row] = await runSql(server.url, 'SHOW server_version');
  return {
    pid,
    folder,
    version: String(row?.['server_version']),
    url: urlOf,
    async freshDatabase(name) {
      await runSql(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await runSql(server.url, `CREATE DATABASE ${name}`);
      return urlOf(name);
    },
    async checkpoint() {
      await runSql(server.url, 'CHECKPOINT');
    },
    stop: () => (stopping ??= stop()),
  };
}

/** Runs one statement on a connection of its own. */
export async function runSql(
  url: string,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement, [...values])).rows;
  } finally {
    await client.end();
  }
}
