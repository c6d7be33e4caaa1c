/** One node: `heliu serve` as operators run it, on a port that it keeps, with a database connection that can be spoilt. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { RunningProcess } from './running-process.ts';
import { until } from './until.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'gateway', 'bin', 'heliu.js');
const SHIFTED_CLOCK = pathToFileURL(join(import.meta.dirname, 'shifted-clock.ts')).href;

/** Given from outside, these let `heliu serve` be the process that we started, and no replacement of it. */
const ONE_PROCESS = { UV_THREADPOOL_SIZE: '4', OPENSSL_ia32cap: ':~0x80000' } as const;

/** A probe that takes longer counts as "not ready", as with any balancer. */
const PROBE_TIMEOUT_MS = 1_000;

export interface NodeOptions {
  readonly name: string;
  readonly port: number;
  readonly log_file: string;
  readonly clock_file: string;
  readonly env: Readonly<Record<string, string>>;
}

export class GatewayNode {
  readonly name: string;
  readonly port: number;
  readonly log_file: string;
  readonly #options: NodeOptions;
  #process: RunningProcess;
  #is_closed = false;

  constructor(options: NodeOptions) {
    this.name = options.name;
    this.port = options.port;
    this.log_file = options.log_file;
    this.#options = options;
    this.#process = this.#spawn();
  }

  get process(): RunningProcess {
    return this.#process;
  }

  /** What its /readyz says: an HTTP status, or 0 when it says nothing in time. */
  readyStatus(limit_ms = PROBE_TIMEOUT_MS): Promise<number> {
    return fetch(`http://127.0.0.1:${this.port}/readyz`, { signal: AbortSignal.timeout(limit_ms) }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => 0,
    );
  }

  /** Waits until it serves; throws when its process ends. */
  async ready(): Promise<void> {
    await until(`${this.name} is ready`, 60_000, async () => {
      if (!this.#process.is_running) throw new Error(`${this.name} ended before it was ready: see ${this.log_file}`);
      return (await this.readyStatus()) === 200;
    });
  }

  /** Another process in the place of one that has ended. */
  async startAgain(): Promise<void> {
    if (this.#is_closed) throw new Error(`${this.name} is not started any more: the run is over`);
    if (!this.#process.is_running) this.#process = this.#spawn();
    await this.ready();
  }

  /** Ends it for good, also for a scenario that was interrupted and would start it again. */
  async close(): Promise<void> {
    this.#is_closed = true;
    this.#process.send('SIGCONT');
    await this.#process.end('SIGKILL');
  }

  /** Its wall clock jumps to so many milliseconds from the true time. */
  async setClock(offset_ms: number): Promise<void> {
    await writeFile(this.#options.clock_file, String(offset_ms));
    this.#process.send('SIGUSR2');
  }

  /** How many files and connections it may have open; null: as many as it had. */
  async limitHandles(count: number | null): Promise<void> {
    const { pid } = this.#process;
    const [, hard = ''] = /^Max open files +\d+ +(\d+)/m.exec(await readFile(`/proc/${pid}/limits`, 'utf8')) ?? [];
    await promisify(execFile)('prlimit', ['--pid', String(pid), `--nofile=${count ?? hard}:`]);
  }

  #spawn(): RunningProcess {
    const { name, log_file, clock_file, port, env } = this.#options;
    return new RunningProcess({
      name,
      script: [`--import=${SHIFTED_CLOCK}`, PROGRAM, 'serve', '--json'],
      log_file,
      env: { ...ONE_PROCESS, ...env, PORT: String(port), CHAOS_CLOCK_FILE: clock_file },
    });
  }
}
