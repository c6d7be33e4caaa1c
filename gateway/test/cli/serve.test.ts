import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { FaultProxy } from '../../../verification/chaos/fault-proxy.ts';
import { cliBench, finish, makeHome, start } from './support.ts';

const bench = cliBench();
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

async function freePort(): Promise<number> {
  const server = await listen(0);
  const port = portOf(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

function listen(port: number): Promise<Server> {
  return new Promise((listening, failed) => {
    const server = createServer().once('error', failed);
    server.listen(port, '127.0.0.1', () => listening(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function serve(words: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = start(['serve', ...words], env);
  started.push(child);
  return child;
}

/** The line that says ready. */
async function readyLine(child: ChildProcess): Promise<string> {
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  if (child.stdout === null) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`serve ended before it was ready: ${errors}`);
}

async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tZ');
  return !/^State:\s*Z/m.test(status);
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(child.exitCode)));

const GONE = { timeout: 15_000, interval: 20 };

describe('on the database of DATABASE_URL', () => {
  test('serves, says so in one JSON line, and ends with 0 on SIGTERM with all its processes', async () => {
    const PORT = String(await freePort());
    const child = serve(['--role', 'api', '--json'], { ...bench.env, PORT });
    const ready = JSON.parse(await readyLine(child));
    expect(ready).toEqual({
      ready: true,
      url: `http://127.0.0.1:${PORT}`,
      role: 'api',
      database: 'of DATABASE_URL',
      pid: expect.any(Number),
    });
    expect((await fetch(`${ready.url}/readyz`)).status).toBe(200);
    expect(ready.pid).toBe(child.pid);
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    expect(await isRunning(ready.pid)).toBe(false);
  });

  test('gives its work an environment that is set before the start', async () => {
    const child = serve(['--json'], { ...bench.env, PORT: String(await freePort()) });
    const { pid } = JSON.parse(await readyLine(child));
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
    expect(environment).toContainEqual(expect.stringMatching(/^UV_THREADPOOL_SIZE=\d+$/));
    expect(environment).toContainEqual(expect.stringMatching(/^NODE_COMPILE_CACHE=/));
    child.kill('SIGINT');
    expect(await ended(child)).toBe(0);
  });

  test('needs no second process when the environment is set already', async () => {
    const first = serve(['--json'], { ...bench.env, PORT: String(await freePort()) });
    const { pid } = JSON.parse(await readyLine(first));
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').map((one) => one.split('='));
    const wanted = environment.filter(([name]) => name === 'UV_THREADPOOL_SIZE' || name === 'OPENSSL_ia32cap');
    const signing = Object.fromEntries(wanted) as Record<string, string>;
    const second = serve(['--json'], { ...bench.env, ...signing, PORT: String(await freePort()) });
    expect(JSON.parse(await readyLine(second)).pid).toBe(second.pid);
  });

  test('is the very process that was started, so that killing it leaves nothing behind', async () => {
    const child = serve(['--json'], { ...bench.env, PORT: String(await freePort()) });
    const { pid, url } = JSON.parse(await readyLine(child));
    expect(pid).toBe(child.pid);
    child.kill('SIGKILL');
    await vi.waitFor(async () => expect(await isRunning(pid)).toBe(false), GONE);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  test('goes on serving for HELIU_DRAIN_MS when it is told to end, says that it is not ready, and keeps no connection', async () => {
    const env = { ...bench.env, PORT: String(await freePort()), HELIU_DRAIN_MS: '2000' };
    const child = serve(['--json'], env);
    const { url } = JSON.parse(await readyLine(child));
    child.kill('SIGTERM');
    const leaving = await vi.waitFor(async () => {
      const answer = await fetch(`${url}/readyz`);
      expect(answer.status).toBe(503);
      return answer;
    }, GONE);
    expect(await leaving.json()).toEqual({ status: 'not ready', reason: 'the gateway is about to end' });
    const served = await fetch(`${url}/platform_public_key`);
    expect([served.status, served.headers.get('connection')]).toEqual([200, 'close']);
    expect(await ended(child)).toBe(0);
  });

  test('is not ready while its database is silent, and says so within seconds', async () => {
    const database = new URL(bench.env['DATABASE_URL'] ?? '');
    const server_port = Number(database.port);
    const way = await FaultProxy.listen(() => [server_port]);
    database.port = String(way.port);
    const child = serve(['--json'], { ...bench.env, PORT: String(await freePort()), DATABASE_URL: database.href });
    const { url } = JSON.parse(await readyLine(child));
    way.set({ kind: 'blackhole' });
    const silent = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) });
    expect([silent.status, await silent.json()]).toEqual([
      503,
      { status: 'not ready', reason: 'the database does not answer' },
    ]);
    way.set(null);
    await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), GONE);
    child.kill('SIGKILL');
    await ended(child);
    await way.close();
  });

  test('does not wait for connections on which nothing was ever asked when it is told to end', async () => {
    const child = serve(['--json'], { ...bench.env, PORT: String(await freePort()) });
    const { url } = JSON.parse(await readyLine(child));
    const silent = connect(Number(new URL(url).port), '127.0.0.1');
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    // Taken in by now: connections are accepted in their order.
    await fetch(`${url}/healthz`);
    child.kill('SIGTERM');
    const told_ms = performance.now();
    expect(await ended(child)).toBe(0);
    expect(performance.now() - told_ms).toBeLessThan(5_000);
    silent.destroy();
  });

  test('does not log it as an error that a caller hangs up in the middle of a body', async () => {
    const child = serve(['--json'], { ...bench.env, PORT: String(await freePort()) });
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const { url } = JSON.parse(await readyLine(child));
    const caller = connect(Number(new URL(url).port), '127.0.0.1');
    caller.write('POST /v2/pay?merchant_id=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc');
    await once(caller, 'connect');
    // Answered only after the beginning of the other request has been read.
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    caller.resetAndDestroy();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    expect(log).not.toContain('request failed');
  });

  test('names the port that is in use and the variable to change', async () => {
    const other = await listen(0);
    const port = portOf(other);
    const refused = await finish(serve([], { ...bench.env, PORT: String(port) }));
    other.close();
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe(
      `heliu: Port ${port} of 127.0.0.1 is in use. Stop the program that uses it, or set PORT to another.\n`,
    );
  });

  test('refuses a master key that opens nothing', async () => {
    const HELIU_MASTER_KEY = '11'.repeat(32);
    const refused = await finish(serve(['--json'], { ...bench.env, HELIU_MASTER_KEY, PORT: String(await freePort()) }));
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stderr.trimEnd().split('\n').at(-1) ?? '').error.code).toBe('wrong_master_key');
  });
});

describe('on an embedded database', () => {
  let home: string;

  beforeAll(async () => {
    home = await makeHome();
  });

  afterAll(() => rm(home, { recursive: true, force: true }));

  test('runs it, lets the other commands use it, and ends it; a killed start leaves nothing running', async () => {
    const env = { HELIU_HOME: home, PORT: String(await freePort()) };
    const child = serve([], env);
    expect(await readyLine(child)).toBe(
      `Heliu is ready at http://127.0.0.1:${env.PORT} (role all, database embedded in ${home})`,
    );
    const postmaster = Number((await readFile(`${home}/postgres/postmaster.pid`, 'utf8')).split('\n')[0]);
    const created = await finish(start(['user', 'create', 'li.na', '--json'], env));
    expect(JSON.parse(created.stdout)).toMatchObject({ login_name: 'li.na' });
    const doctor = await finish(start(['doctor'], env));
    expect(doctor.stdout).toMatch(/^ok    platform key/m);
    const second = await finish(serve([], { ...env, PORT: String(await freePort()) }));
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(
      /postgres is in use by process \d+\. Stop that one first, or set HELIU_HOME to another folder\.\n$/,
    );
    child.kill('SIGTERM');
    expect(await ended(child)).toBe(0);
    expect(await isRunning(postmaster)).toBe(false);
  }, 60_000);
});
