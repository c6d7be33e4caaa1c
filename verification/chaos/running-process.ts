/** A process of the world: its log is a file, and its end is known as wanted or not. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

export interface ProcessOptions {
  readonly name: string;
  /** The program for this Node, and its arguments. */
  readonly script: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it writes is added to this file. */
  readonly log_file: string;
  /** Gives it a channel for messages, by which it also notices our end. */
  readonly ipc?: boolean;
}

export class RunningProcess {
  readonly name: string;
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #end: string | null = null;
  #is_wanted = false;

  constructor(options: ProcessOptions) {
    this.name = options.name;
    const log = openSync(options.log_file, 'a', 0o600);
    this.#child = spawn(process.execPath, options.script, {
      env: { PATH: process.env['PATH'] ?? '', ...options.env },
      stdio: options.ipc === true ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      ...(options.ipc === true ? { serialization: 'json' as const } : {}),
    });
    closeSync(log);
    this.ended = this.#watch();
  }

  async #watch(): Promise<void> {
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, string | null];
    this.#end = signal === null ? `code ${code}` : `signal ${signal}`;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get is_running(): boolean {
    return this.#end === null;
  }

  /** How it ended, when nobody wanted it to; else null. */
  get unwanted_end(): string | null {
    return this.#is_wanted ? null : this.#end;
  }

  /** The first message that it sends; throws when it ends before. */
  async firstMessage(): Promise<unknown> {
    const ended = this.ended.then(() => {
      throw new Error(`${this.name} ended (${this.#end}) before it was ready`);
    });
    const [message] = (await Promise.race([once(this.#child, 'message'), ended])) as [unknown];
    ended.catch(() => undefined);
    return message;
  }

  /** A signal that it survives. */
  send(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void {
    this.#child.kill(signal);
  }

  /** Ends it and waits until nothing of it runs any more. Answers how it ended. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
    this.#is_wanted = true;
    if (this.is_running) this.#child.kill(signal);
    await this.ended;
    return this.#end ?? '';
  }
}
