/** The real command line as a child process, on a database of the test file's own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { createTestDatabase } from '../../../verification/database.ts';
import { systemPorts } from '../../src/outbound/system-ports.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createSealer } from '../../src/storage/seal.ts';
import { createStore, type Store } from '../../src/storage/store.ts';

export const HELIU = join(import.meta.dirname, '..', '..', 'bin', 'heliu.js');

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as the one JSON document that it must be. */
  json(): ReturnType<typeof JSON.parse>;
  /** The error document on standard error. */
  error(): { readonly code: string; readonly message: string };
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Secrets that this very command is meant to print. */
  readonly prints_secret?: boolean;
}

export interface Bench {
  readonly home: string;
  readonly store: Store;
  readonly env: Readonly<Record<string, string>>;
  /** Texts that no command may ever print. */
  readonly secrets: string[];
  /** The command lines that were run. */
  readonly lines: string[];
  run(line: string | readonly string[], options?: RunOptions): Promise<Finished>;
}

/** Shared by all starts of a test run: a start takes half as long. */
const COMPILE_CACHE = join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'heliu-cli');

/** What a child's environment has of ours; times are shown as in Beijing. */
export const BASE_ENV = { PATH: process.env['PATH'] ?? '', TZ: 'Asia/Shanghai', NODE_COMPILE_CACHE: COMPILE_CACHE };

/** Makes a folder for HELIU_HOME. */
export function makeHome(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'heliu-cli-'));
}

/** Starts the command line. */
export function start(words: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, [HELIU, ...words], { env: { ...BASE_ENV, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Waits for a started command's end. */
export async function finish(child: ChildProcess, input = ''): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin?.on('error', () => undefined).end(input);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr, json: () => JSON.parse(stdout), error: () => JSON.parse(stderr).error };
}

/** A database, a store on it to prepare what commands will find, and a way to run them. Call it at the top of a file. */
export function cliBench(): Bench {
  const master_key = randomBytes(32);
  const lines: string[] = [];
  const secrets = [master_key.toString('base64')];
  const made = { home: '', url: '', store: null as Store | null };
  const closing: (() => Promise<unknown>)[] = [];
  const env = () => ({
    HELIU_HOME: made.home,
    DATABASE_URL: made.url,
    HELIU_MASTER_KEY: master_key.toString('base64'),
  });
  beforeAll(async () => {
    const database = await createTestDatabase();
    const connection = openDatabase({ url: database.url, max_connections: 2 });
    const ports = systemPorts();
    made.url = database.url;
    made.home = await makeHome();
    made.store = createStore(connection, connection, createSealer(master_key, ports.random.bytes));
    secrets.push(new URL(database.url).password);
    closing.push(
      () => connection.close(),
      () => ports.close(),
      () => database.drop(),
      () => rm(made.home, { recursive: true, force: true }),
    );
  });
  afterAll(async () => {
    for (const close of closing) await close();
  });
  return {
    get home() {
      return made.home;
    },
    get store() {
      if (!made.store) throw new Error('the bench is not set up yet');
      return made.store;
    },
    get env() {
      return env();
    },
    secrets,
    lines,
    async run(line, options = {}) {
      const words = typeof line === 'string' ? line.split(' ') : line;
      lines.push(words.join(' '));
      const finished = await finish(start(words, { ...env(), ...options.env }), options.input);
      const printed = finished.stdout + finished.stderr;
      if (!options.prints_secret) for (const secret of secrets) expect(printed).not.toContain(secret);
      expect(printed).not.toMatch(/\n\s+at .+:\d+:\d+|\bSELECT\b|\bINSERT INTO\b/);
      return finished;
    },
  };
}
