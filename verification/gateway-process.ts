/** The gateway as operators run it: a process of its own, started by `heliu serve`, that can be killed at any moment. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '..', 'gateway', 'bin', 'heliu.js');

/** Given from outside, these keep `heliu serve` from running itself once more as a child, which would outlive a kill. */
const ONE_PROCESS = { UV_THREADPOOL_SIZE: '4', OPENSSL_ia32cap: ':~0x80000' } as const;

export class GatewayProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #output = '';

  private constructor(environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [PROGRAM, 'serve', '--json'], {
      env: { PATH: process.env['PATH'] ?? '', ...ONE_PROCESS, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'exit').then(([code]) => code as number | null);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** Starts a gateway and waits until it says that it is ready; throws what it wrote when it ends before. */
  static async start(environment: Readonly<Record<string, string>>): Promise<GatewayProcess> {
    const gateway = new GatewayProcess(environment);
    const ready = new Promise<void>((resolve) => {
      gateway.#child.stdout?.on('data', () => {
        if (gateway.#output.includes('"ready":true')) resolve();
      });
    });
    const ended = gateway.#ended.then(() => {
      throw new Error(`the gateway ended before it was ready:\n${gateway.#output}`);
    });
    ended.catch(() => undefined);
    await Promise.race([ready, ended]);
    return gateway;
  }

  /** Everything it has written. */
  get output(): string {
    return this.#output;
  }

  /** SIGKILL: nothing of it runs any more when this resolves. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** SIGTERM: it finishes what it has begun. Resolves with its exit code when it has ended. */
  stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.#ended;
  }
}
