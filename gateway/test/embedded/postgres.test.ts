import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../src/embedded/postgres.ts';

// Every server here runs with fsync: what these tests are about is surviving.

let root: string;
let data_directory: string;
const running: EmbeddedPostgres[] = [];

beforeAll(async () => {
  // mkdtemp makes the folder 0700: when root runs the tests, the way to it is closed to the server's user.
  root = await mkdtemp(join(tmpdir(), 'heliu-postgres-'));
  const server = await start(join(root, 'pristine', 'data'));
  await ask(server.url, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here')");
  await stopAll();
});

beforeEach(async (context) => {
  const home = join(root, context.task.id);
  // cp -a keeps the owner of each file.
  await promisify(execFile)('cp', ['-a', join(root, 'pristine'), home]);
  data_directory = join(home, 'data');
});

afterEach(stopAll);

afterAll(() => rm(root, { recursive: true }));

async function start(folder = data_directory, port = 0): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ data_directory: folder, port, log: () => undefined });
  running.push(server);
  return server;
}

async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((server) => server.stop()));
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A server held by a process of its own. */
async function startHolder(): Promise<{ holder: ChildProcess; postmaster: number; guardian: number }> {
  const program = join(import.meta.dirname, 'hold-server.ts');
  const holder = spawn(process.execPath, [program, data_directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout ?? holder, 'data');
  const postmaster = Number((await readFile(join(data_directory, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const status = await readFile(`/proc/${postmaster}/status`, 'utf8');
  return { holder, postmaster, guardian: Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]) };
}

async function killAndWait(holder: ChildProcess): Promise<void> {
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
}

/** Whether the process runs; a zombie that nobody has waited for does not. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tZ');
  return !/^State:\s*Z/m.test(status);
}

const GONE = { timeout: 10_000, interval: 20 };

describe('a server that runs', () => {
  test('listens on loopback only, asks for its password, and gives up nothing of durability', async () => {
    const server = await start();
    expect(await ask(server.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await ask(server.url, 'SHOW unix_socket_directories')).toEqual([{ unix_socket_directories: '' }]);
    expect(
      await ask(
        server.url,
        "SELECT string_agg(setting, ' ') AS settings FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')",
      ),
    ).toEqual([{ settings: 'on on on' }]);

    const wrong = new URL(server.url);
    wrong.password = 'guess';
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  test('keeps its password where only its owner reads it', async () => {
    const server = await start();
    const { mode } = await stat(`${data_directory}.password`);
    expect((mode & 0o777).toString(8)).toBe('600');
    expect((await readFile(`${data_directory}.password`, 'utf8')).trim()).toBe(new URL(server.url).password);
  });

  test('finds its data again after stop and start', async () => {
    const first = await start();
    await ask(first.url, "INSERT INTO kept VALUES ('and this')");
    await first.stop();
    const second = await start();
    expect(await ask(second.url, 'SELECT word FROM kept ORDER BY word DESC')).toEqual([
      { word: 'still here' },
      { word: 'and this' },
    ]);
  });

  test('is not started twice on one folder', async () => {
    await start();
    await expect(start()).rejects.toThrow(
      `${data_directory} is in use by process ${process.pid}. Stop that one first, or set HELIU_HOME to another folder.`,
    );
  });
});

describe('a process that was killed', () => {
  test('takes its server with it, and loses nothing that was committed', async () => {
    const { holder, postmaster } = await startHolder();
    await killAndWait(holder);
    await vi.waitFor(async () => expect(await isRunning(postmaster)).toBe(false), GONE);
    const next = await start();
    expect(await ask(next.url, 'SELECT word FROM kept')).toEqual([{ word: 'still here' }]);
  });

  test('can be followed at once, while its server is still ending', async () => {
    const { holder } = await startHolder();
    await killAndWait(holder);
    const next = await start();
    expect(await ask(next.url, 'SELECT word FROM kept')).toEqual([{ word: 'still here' }]);
  });

  test('whose guardian was killed too leaves a server that the next start ends', async () => {
    const { holder, postmaster, guardian } = await startHolder();
    // Stopped, the guardian's two shells cannot end the server when the holder is gone.
    process.kill(-guardian, 'SIGSTOP');
    process.kill(postmaster, 'SIGCONT');
    process.kill(guardian, 'SIGKILL');
    await killAndWait(holder);
    const next = await start();
    process.kill(-guardian, 'SIGKILL');
    expect(await isRunning(postmaster)).toBe(false);
    expect(await ask(next.url, 'SELECT word FROM kept')).toEqual([{ word: 'still here' }]);
  });

  test('whose server was killed too leaves a stale postmaster.pid that does not matter', async () => {
    const { holder, postmaster, guardian } = await startHolder();
    process.kill(-guardian, 'SIGKILL');
    await killAndWait(holder);
    await vi.waitFor(async () => expect(await isRunning(postmaster)).toBe(false), GONE);
    expect(await readdir(data_directory)).toContain('postmaster.pid');
    const next = await start();
    expect(await ask(next.url, 'SELECT word FROM kept')).toEqual([{ word: 'still here' }]);
  });

  test('whose process number another program has by now does not matter', async () => {
    // A program of the server's own user: PostgreSQL itself would take it for a running server.
    const { uid, gid } = await stat(data_directory);
    const other = spawn('sleep', ['60'], { stdio: 'ignore', ...(process.getuid?.() === 0 ? { uid, gid } : {}) });
    const pid_file = `${other.pid}\n${data_directory}\n1700000000\n5432\n\n127.0.0.1\n`;
    await writeFile(join(data_directory, 'postmaster.pid'), pid_file);
    await chown(join(data_directory, 'postmaster.pid'), uid, gid);
    const next = await start();
    expect(await ask(next.url, 'SELECT word FROM kept')).toEqual([{ word: 'still here' }]);
    expect(other.exitCode).toBe(null);
    other.kill();
  });

  test('in the middle of making the folder leaves nothing that stops the next start', async () => {
    await rm(data_directory, { recursive: true });
    await mkdir(join(`${data_directory}.new-0a1b`, 'base'), { recursive: true });
    const server = await start();
    expect(await ask(server.url, 'SELECT current_database()')).toEqual([{ current_database: 'heliu' }]);
    expect((await readdir(join(data_directory, '..'))).toSorted()).toEqual(['data', 'data.lock', 'data.password']);
  });
});

describe('a start that cannot be', () => {
  test('says which folder is damaged when the server gives up on it', async () => {
    await truncate(join(data_directory, 'global', 'pg_control'), 100);
    await expect(start()).rejects.toThrow(
      new RegExp(
        `^PostgreSQL cannot start on ${data_directory}: .*pg_control.*\\. Restore the folder from a backup, or move it away`,
      ),
    );
  });

  test('says which folder is damaged when it does not look like one', async () => {
    await rm(join(data_directory, 'PG_VERSION'));
    await expect(start()).rejects.toThrow(
      `${data_directory} is damaged or no PostgreSQL data folder: it has no PG_VERSION.`,
    );
  });

  test('says which version wrote the folder', async () => {
    await writeFile(join(data_directory, 'PG_VERSION'), '15\n');
    await expect(start()).rejects.toThrow(`${data_directory} was written by PostgreSQL 15, and this is PostgreSQL 18.`);
  });

  test('names the missing password file', async () => {
    await rm(`${data_directory}.password`);
    await expect(start()).rejects.toThrow(`${data_directory}.password, the password of the database in`);
  });

  test('names the port that is in use, and lets go of the folder', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(start(data_directory, port)).rejects.toThrow(
      `Port ${port} of 127.0.0.1, where the embedded PostgreSQL`,
    );
    other.close();
    expect((await start()).port).toBeGreaterThan(0);
  });
});
